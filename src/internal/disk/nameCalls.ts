/**
 * The system calls on names: what a kernel does for one path, or two.
 */
import { Errno } from "./errno.js"
import type { DirectoryNode, Node } from "./nodes.js"
import type { LastLink, Place } from "./resolvePath.js"
import { asDirectory, resolvePath } from "./resolvePath.js"
import type { Volume } from "./volume.js"

export const find = (volume: Volume, path: string, lastLink: LastLink = "follow"): Node =>
  existing(resolvePath(volume.root, path, lastLink))

export const realPath = (volume: Volume, path: string): string => {
  const place = resolvePath(volume.root, path, "follow")
  existing(place)
  return place.path
}

export const readLink = (volume: Volume, path: string): string => {
  const node = find(volume, path, "keep")
  if (node.kind !== "symlink") throw new Errno("EINVAL")
  return node.target
}

export const list = (volume: Volume, path: string): ReadonlyArray<readonly [name: string, kind: Node["kind"]]> => {
  const directory = asDirectory(find(volume, path))
  return Array.from(directory.entries, ([name, node]) => [name, node.kind] as const)
    .sort(([left], [right]) => left < right ? -1 : 1)
}

export const makeDirectory = (volume: Volume, path: string, mode?: number): void => {
  const place = resolvePath(volume.root, path, "keep")
  if (place.node !== undefined) throw new Errno("EEXIST")
  enter(volume, place, volume.newDirectory(mode))
}

export const makeSymlink = (volume: Volume, target: string, path: string): void => {
  if (target === "") throw new Errno("ENOENT")
  const place = resolvePath(volume.root, path, "keep")
  if (place.node !== undefined) throw new Errno("EEXIST")
  if (place.ending === "slash") throw new Errno("ENOENT")
  enter(volume, place, volume.newLink(target))
}

export const makeLink = (volume: Volume, existingPath: string, path: string): void => {
  const node = find(volume, existingPath, "keep")
  const place = resolvePath(volume.root, path, "keep")
  if (place.node !== undefined) throw new Errno("EEXIST")
  if (node.kind === "directory") throw new Errno("EPERM")
  if (place.ending === "slash") throw new Errno("ENOENT")
  enter(volume, place, node)
}

export const unlink = (volume: Volume, path: string): void => {
  const place = resolvePath(volume.root, path, "keep")
  if (existing(place).kind === "directory") throw new Errno("EISDIR", "unlink")
  leave(volume, place)
}

export const removeDirectory = (volume: Volume, path: string): void => {
  const place = resolvePath(volume.root, path, "keep")
  const directory = asDirectory(existing(place))
  if (place.ending === "dot") throw new Errno(directory === volume.root ? "EBUSY" : "EINVAL", "rmdir")
  if (directory.entries.size > 0) throw new Errno("ENOTEMPTY", "rmdir")
  leave(volume, place)
}

export const rename = (volume: Volume, from: string, to: string): void => {
  const source = resolvePath(volume.root, from, "keep")
  const target = resolvePath(volume.root, to, "keep")
  if (source.ending === "dot" || target.ending === "dot") throw new Errno("EBUSY")
  const moved = existing(source)
  if (moved.kind !== "directory" && target.ending === "slash") throw new Errno("ENOTDIR")
  if (moved === target.node) return
  checkReplacement(moved, source, target)
  volume.change([
    { directory: source.parent, name: source.name, after: undefined },
    { directory: target.parent, name: target.name, after: moved }
  ])
}

export const setMode = (volume: Volume, path: string, mode: number): void => {
  const { attributes } = find(volume, path)
  attributes.mode = attributes.mode & ~0o7777 | mode & 0o7777
}

export const setOwner = (volume: Volume, path: string, uid: number, gid: number): void => {
  const { attributes } = find(volume, path)
  attributes.uid = uid
  attributes.gid = gid
}

export const setTimes = (volume: Volume, path: string, accessed: Date | number, modified: Date | number): void => {
  const { attributes } = find(volume, path)
  attributes.accessed = millisOf(accessed)
  attributes.modified = millisOf(modified)
}

export const enter = (volume: Volume, place: Place, node: Node): void =>
  volume.change([{ directory: place.parent, name: place.name, after: node }])

const leave = (volume: Volume, place: Place): void =>
  volume.change([{ directory: place.parent, name: place.name, after: undefined }])

const existing = (place: Place): Node => {
  if (place.node === undefined) throw new Errno("ENOENT")
  return place.node
}

const checkReplacement = (moved: Node, source: Place, target: Place): void => {
  if (moved.kind === "directory" && target.trail.includes(moved)) throw new Errno("EINVAL")
  if (isAncestor(target.node, source.trail)) throw new Errno("ENOTEMPTY")
  if (target.node === undefined) return
  if (moved.kind !== "directory") {
    if (target.node.kind === "directory") throw new Errno("EISDIR")
    return
  }
  if (asDirectory(target.node).entries.size > 0) throw new Errno("ENOTEMPTY")
}

const isAncestor = (node: Node | undefined, trail: ReadonlyArray<DirectoryNode>): boolean =>
  node?.kind === "directory" && trail.includes(node)

// Node takes a number for seconds.
const millisOf = (time: Date | number): number => typeof time === "number" ? time * 1000 : time.getTime()
