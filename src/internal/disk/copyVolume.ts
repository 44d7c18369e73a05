/**
 * A copy of a disk with all that it knows, durable and not, so that one state can go on in several ways.
 */
import type { DirectoryNode, Node } from "./nodes.js"
import { Volume } from "./volume.js"

/** Handles stay behind, and with them the files that have no other hold. */
export const copyVolume = (volume: Volume): Volume => {
  const copies = new Map<Node, Node>()
  const directories = new Map<DirectoryNode, DirectoryNode>()

  const copyOf = (node: Node): Node => {
    const known = copies.get(node)
    if (known !== undefined) return known
    const copy = node.kind === "directory" ? copyDirectory(node) : copyLeaf(node)
    copies.set(node, copy)
    return copy
  }

  const copyDirectory = (directory: DirectoryNode): DirectoryNode => {
    const known = directories.get(directory)
    if (known !== undefined) return known
    const copy: DirectoryNode = { ...directory, ...fresh(directory), entries: new Map(), durable: new Map() }
    directories.set(directory, copy)
    for (const [name, node] of directory.entries) copy.entries.set(name, copyOf(node))
    for (const [name, node] of directory.durable) copy.durable.set(name, copyOf(node))
    if (directory.place !== undefined) {
      copy.place = { parent: copyDirectory(directory.place.parent), name: directory.place.name }
    }
    return copy
  }

  const copyLeaf = (node: Exclude<Node, DirectoryNode>): Node => {
    const copy = node.kind === "file"
      ? { ...node, ...fresh(node), content: node.content.clone() }
      : { ...node, ...fresh(node) }
    if (node.place !== undefined) {
      copy.place = { parent: copyDirectory(node.place.parent), name: node.place.name }
    }
    return copy
  }

  const copyOptional = (node: Node | undefined) => node === undefined ? undefined : copyOf(node)

  const root = copyDirectory(volume.root)
  const copy = new Volume({ capacity: volume.capacity, now: volume.now, root, lastId: volume.highestId })
  for (const step of volume.journal.pending) {
    copy.journal.record(step.map((change) => ({
      directory: copyDirectory(change.directory),
      name: change.name,
      before: copyOptional(change.before),
      after: copyOptional(change.after)
    })))
  }
  copy.used = usedBy(root, new Set())
  return copy
}

const fresh = (node: Node): Pick<Node, "attributes" | "links" | "handles" | "place"> => ({
  attributes: { ...node.attributes },
  links: node.links,
  handles: 0,
  place: undefined
})

const usedBy = (node: Node, seen: Set<Node>): number => {
  if (seen.has(node)) return 0
  seen.add(node)
  if (node.kind === "file") return node.content.size
  if (node.kind === "symlink") return 0
  return Array.from(node.entries.values()).reduce((total, child) => total + usedBy(child, seen), 0)
}
