/**
 * The changes of directories that no fsync has made durable yet, in their order.
 */
import type { DirectoryNode, Node } from "./nodes.js"

export interface Change {
  readonly directory: DirectoryNode
  readonly name: string
  readonly before: Node | undefined
  readonly after: Node | undefined
}

/** Changes that a crash keeps together or loses together: one entry, or the two of a rename. */
export type Step = ReadonlyArray<Change>

export type Decide = (index: number, count: number) => "kept" | "lost"

export class Journal {
  // Invariant: a directory's durable entries, then the steps in order, give its volatile entries.
  private steps: Array<Step> = []

  get pending(): ReadonlyArray<Step> {
    return this.steps
  }

  record(step: Step): void {
    this.steps.push(step)
  }

  /** A directory's fsync. */
  commit(directory: DirectoryNode): void {
    const dependencies = new Dependencies(directory)
    const committed: Array<Step> = []
    const remaining: Array<Step> = []
    for (const step of this.steps.toReversed()) {
      if (dependencies.include(step)) {
        dependencies.add(step)
        committed.push(step)
      } else {
        remaining.push(step)
      }
    }
    this.steps = remaining.toReversed()
    for (const step of committed.toReversed()) apply(step, (change) => change.directory.durable)
  }

  /** The entries of each directory when a crash keeps some steps and loses others. */
  survivors(root: DirectoryNode, decide: Decide): (directory: DirectoryNode) => ReadonlyMap<string, Node> {
    const views = new Map<DirectoryNode, Map<string, Node>>()
    const entriesOf = (directory: DirectoryNode): ReadonlyMap<string, Node> => views.get(directory) ?? directory.durable
    const viewOf = (change: Change) => {
      const view = views.get(change.directory) ?? new Map(change.directory.durable)
      views.set(change.directory, view)
      return view
    }
    this.steps.forEach((step, index) => {
      const fate = decide(index, this.steps.length)
      if (fate === "kept" && isPossible(step, root, entriesOf)) apply(step, viewOf)
    })
    return entriesOf
  }
}

const apply = (step: Step, entriesOf: (change: Change) => Map<string, Node>): void => {
  for (const change of step) {
    if (change.after === undefined) {
      entriesOf(change).delete(change.name)
    } else {
      entriesOf(change).set(change.name, change.after)
    }
  }
}

/**
 * What must be durable before a step can be, found from the last step to the first. Without it a rename could lose its file: under the old
 * name, because that is gone, and under the new one, because that depends on something lost.
 */
class Dependencies {
  private readonly directories = new Set<DirectoryNode>()
  private readonly names = new Map<DirectoryNode, Set<string>>()
  private readonly placed = new Set<Node>()

  constructor(directory: DirectoryNode) {
    this.directories.add(directory)
  }

  include(step: Step): boolean {
    return step.some((change) =>
      this.directories.has(change.directory)
      || this.names.get(change.directory)?.has(change.name) === true
      || change.after !== undefined && this.placed.has(change.after)
    )
  }

  add(step: Step): void {
    for (const change of step) {
      const names = this.names.get(change.directory) ?? new Set()
      this.names.set(change.directory, names.add(change.name))
      if (isRemovedDirectory(change, step)) this.directories.add(change.before)
      if (isAcrossDirectories(step) || change.after !== undefined && this.placed.has(change.after)) {
        this.placed.add(change.directory)
      }
    }
  }
}

const isPossible = (
  step: Step,
  root: DirectoryNode,
  entriesOf: (directory: DirectoryNode) => ReadonlyMap<string, Node>
): boolean =>
  step.every((change) =>
    entriesOf(change.directory).get(change.name) === change.before
    && !(isRemovedDirectory(change, step) && entriesOf(change.before).size > 0)
    && !(change.after !== undefined && isAcrossDirectories(step) && (
      !reaches(root, change.directory, entriesOf) || reaches(change.after, change.directory, entriesOf)
    ))
  )

const isAcrossDirectories = (step: Step): boolean => step.some((change) => change.directory !== step[0]?.directory)

const isRemovedDirectory = (change: Change, step: Step): change is Change & { readonly before: DirectoryNode } =>
  change.before?.kind === "directory" && !step.some((other) => other.after === change.before)

const reaches = (
  from: Node,
  to: DirectoryNode,
  entriesOf: (directory: DirectoryNode) => ReadonlyMap<string, Node>
): boolean =>
  from === to
  || from.kind === "directory" && Array.from(entriesOf(from).values()).some((child) => reaches(child, to, entriesOf))
