/**
 * Finds what a path names, as a kernel does: component by component, through symbolic links.
 */
import { Errno } from "./errno.js"
import type { DirectoryNode, Node } from "./nodes.js"

/** Where a path leads. */
export interface Place {
  /** The directories on the way, the root first, the one that has (or would have) the entry last. */
  readonly trail: ReadonlyArray<DirectoryNode>
  readonly parent: DirectoryNode
  readonly name: string
  readonly node: Node | undefined
  /** `"slash"`: only a directory can be meant. `"dot"`: the path ends in `.`, in `..` or at the root. */
  readonly ending: "name" | "slash" | "dot"
  /** Without symbolic links. */
  readonly path: string
}

/** What becomes of a symbolic link at the end of a path. */
export type LastLink = "follow" | "keep"

const maxLinks = 40
const maxNameLength = 255

interface Step {
  readonly directory: DirectoryNode
  readonly name: string
}

export const resolvePath = (root: DirectoryNode, path: string, lastLink: LastLink): Place => {
  if (path === "") throw new Errno("ENOENT")
  const steps: Array<Step> = [{ directory: root, name: "" }]
  const ahead = componentsOf(path).toReversed()
  let slash = path.endsWith("/")
  let links = 0

  for (;;) {
    const here = steps.at(-1)?.directory ?? root
    const name = ahead.pop()
    if (name === undefined) return placeOfDirectory(steps, here)
    if (name === ".") continue
    if (name === "..") {
      if (steps.length > 1) steps.pop()
      continue
    }
    if (byteLength(name) > maxNameLength) throw new Errno("ENAMETOOLONG")
    const node = here.entries.get(name)
    const isLast = ahead.length === 0
    if (node?.kind === "symlink" && (!isLast || slash || lastLink === "follow")) {
      if (++links > maxLinks) throw new Errno("ELOOP")
      if (node.target.startsWith("/")) steps.length = 1
      ahead.push(...componentsOf(node.target).toReversed())
      slash ||= isLast && node.target.endsWith("/")
    } else if (isLast) {
      return placeOfEntry(steps, here, name, node, slash)
    } else {
      steps.push({ directory: asDirectory(node), name })
    }
  }
}

export const asDirectory = (node: Node | undefined): DirectoryNode => {
  if (node === undefined) throw new Errno("ENOENT")
  if (node.kind !== "directory") throw new Errno("ENOTDIR")
  return node
}

/** An absolute path without `.`, `..` and doubled slashes, by its text alone. */
export const normalize = (path: string): string => {
  const names: Array<string> = []
  for (const name of componentsOf(path)) {
    if (name === "..") {
      names.pop()
    } else if (name !== ".") {
      names.push(name)
    }
  }
  return `/${names.join("/")}`
}

/** Joins as `path.join` does. */
export const join = (directory: string, name: string): string => {
  const joined = normalize(`${directory}/${name}`)
  return directory.startsWith("/") ? joined : joined.slice(1)
}

const placeOfEntry = (
  steps: ReadonlyArray<Step>,
  parent: DirectoryNode,
  name: string,
  node: Node | undefined,
  slash: boolean
): Place => {
  if (slash && node !== undefined) asDirectory(node)
  const path = `${steps.map((step) => step.name).join("/")}/${name}`
  return { trail: trailOf(steps), parent, name, node, ending: slash ? "slash" : "name", path }
}

const placeOfDirectory = (steps: ReadonlyArray<Step>, directory: DirectoryNode): Place => {
  const parent = steps.at(-2)?.directory ?? directory
  const path = steps.length === 1 ? "/" : steps.map((step) => step.name).join("/")
  return { trail: trailOf(steps), parent, name: steps.at(-1)?.name ?? "", node: directory, ending: "dot", path }
}

const trailOf = (steps: ReadonlyArray<Step>) => steps.map((step) => step.directory)

const componentsOf = (path: string): Array<string> => path.split("/").filter((name) => name !== "")

const byteLength = (name: string): number =>
  name.length * 3 <= maxNameLength ? name.length : encoder.encode(name).length

const encoder = new TextEncoder()
