/**
 * What directory entries name: files, directories and symbolic links.
 */
import type { FileContent } from "./fileContent.js"

export interface Attributes {
  mode: number
  uid: number
  gid: number
  /** Milliseconds since the epoch. */
  accessed: number
  modified: number
  readonly born: number
}

interface NodeBase {
  readonly id: number
  readonly attributes: Attributes
  /** How many volatile entries name it. */
  links: number
  /** How many handles hold it open. */
  handles: number
  /** Where it was last seen, so that an open file knows its present name. The root is nowhere. */
  place: { readonly parent: DirectoryNode; readonly name: string } | undefined
}

export interface FileNode extends NodeBase {
  readonly kind: "file"
  readonly content: FileContent
}

export interface DirectoryNode extends NodeBase {
  readonly kind: "directory"
  readonly entries: Map<string, Node>
  /** The entries on disk. */
  readonly durable: Map<string, Node>
}

export interface LinkNode extends NodeBase {
  readonly kind: "symlink"
  readonly target: string
}

export type Node = FileNode | DirectoryNode | LinkNode

export const pathOf = (node: Node): string => {
  if (node.place === undefined) return "/"
  const parent = pathOf(node.place.parent)
  return parent === "/" ? `/${node.place.name}` : `${parent}/${node.place.name}`
}
