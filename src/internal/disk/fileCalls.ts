/**
 * The system calls on files: opening them, and what is done through a handle.
 */
import type { OpenFlag } from "@effect/platform/FileSystem"
import { Errno } from "./errno.js"
import type { CacheAfterFailedSync } from "./fileContent.js"
import { enter, find } from "./nameCalls.js"
import type { DirectoryNode, FileNode, Node } from "./nodes.js"
import type { Place } from "./resolvePath.js"
import { resolvePath } from "./resolvePath.js"
import type { Volume } from "./volume.js"

interface OpenMode {
  readonly access: "read" | "write" | "both"
  readonly missing: "fail" | "create"
  readonly existing: "keep" | "empty" | "fail"
  readonly writes: "positioned" | "appended"
}

const modes: Record<OpenFlag, OpenMode> = {
  "r": { access: "read", missing: "fail", existing: "keep", writes: "positioned" },
  "r+": { access: "both", missing: "fail", existing: "keep", writes: "positioned" },
  "w": { access: "write", missing: "create", existing: "empty", writes: "positioned" },
  "wx": { access: "write", missing: "create", existing: "fail", writes: "positioned" },
  "w+": { access: "both", missing: "create", existing: "empty", writes: "positioned" },
  "wx+": { access: "both", missing: "create", existing: "fail", writes: "positioned" },
  "a": { access: "write", missing: "create", existing: "keep", writes: "appended" },
  "ax": { access: "write", missing: "create", existing: "fail", writes: "appended" },
  "a+": { access: "both", missing: "create", existing: "keep", writes: "appended" },
  "ax+": { access: "both", missing: "create", existing: "fail", writes: "appended" }
}

/** An open file or directory, as one process holds it. */
export interface Handle {
  readonly fd: number
  readonly flag: OpenFlag
  readonly mode: OpenMode
  readonly node: FileNode | DirectoryNode
  state: "open" | "closed"
}

export const open = (volume: Volume, fd: number, path: string, flag: OpenFlag, permissions?: number): Handle => {
  const mode = modes[flag]
  const place = resolvePath(volume.root, path, mode.existing === "fail" ? "keep" : "follow")
  const node = place.node === undefined
    ? create(volume, place, mode, permissions)
    : openExisting(volume, place.node, mode)
  volume.opened(node)
  return { fd, flag, mode, node, state: "open" }
}

export const close = (volume: Volume, handle: Handle): void => {
  if (handle.state === "closed") return
  handle.state = "closed"
  volume.closed(handle.node)
}

export const statHandle = (handle: Handle): Node => {
  checkOpen(handle)
  return handle.node
}

export const read = (handle: Handle, into: Uint8Array, offset: number): number => {
  checkOpen(handle)
  if (handle.mode.access === "write") throw new Errno("EBADF")
  if (handle.node.kind === "directory") throw new Errno("EISDIR")
  if (offset < 0) throw new Errno("EINVAL")
  return handle.node.content.read(into, offset)
}

export const write = (volume: Volume, handle: Handle, bytes: Uint8Array, offset: number): number => {
  checkOpen(handle)
  const file = writable(handle, "EBADF")
  if (offset < 0) throw new Errno("EINVAL")
  return volume.write(file, bytes, handle.mode.writes === "appended" ? file.content.size : offset)
}

export const resize = (volume: Volume, handle: Handle, length: number): void => {
  checkOpen(handle)
  // Node asks for 0 instead of a negative length.
  volume.resize(writable(handle, "EINVAL"), Math.max(0, length))
}

export const resizePath = (volume: Volume, path: string, length: number): void => {
  const node = find(volume, path)
  if (node.kind !== "file") throw new Errno("EISDIR")
  volume.resize(node, Math.max(0, length))
}

export const sync = (volume: Volume, handle: Handle): void => {
  checkOpen(handle)
  if (handle.node.kind === "file") {
    handle.node.content.sync()
  } else {
    volume.journal.commit(handle.node)
  }
}

/** The fsync that fails. The names of a directory stay to be synced. */
export const failSync = (handle: Handle, cache: CacheAfterFailedSync): never => {
  checkOpen(handle)
  if (handle.node.kind === "file") handle.node.content.failSync(cache)
  throw new Errno("EIO")
}

export const copyFile = (volume: Volume, from: string, to: string): void => {
  const source = find(volume, from)
  if (source.kind !== "file") throw new Errno("EISDIR")
  const place = resolvePath(volume.root, to, "follow")
  if (place.node === source) return
  const copy = place.node === undefined
    ? create(volume, place, modes.w, source.attributes.mode)
    : openExisting(volume, place.node, modes.w)
  if (copy.kind === "file") writeWhole(volume, copy, source.content.view().slice())
}

const writeWhole = (volume: Volume, file: FileNode, bytes: Uint8Array): void => {
  const written = volume.write(file, bytes, 0)
  if (written < bytes.length) throw new Errno("ENOSPC")
}

const create = (volume: Volume, place: Place, mode: OpenMode, permissions?: number): FileNode => {
  if (place.ending !== "name") throw new Errno(mode.missing === "create" ? "EISDIR" : "ENOENT")
  if (mode.missing === "fail") throw new Errno("ENOENT")
  const file = volume.newFile(permissions)
  enter(volume, place, file)
  return file
}

const openExisting = (volume: Volume, node: Node, mode: OpenMode): FileNode | DirectoryNode => {
  if (mode.existing === "fail") throw new Errno("EEXIST")
  if (node.kind === "symlink") throw new Errno("ELOOP")
  if (node.kind === "directory") {
    if (mode.access !== "read") throw new Errno("EISDIR")
    return node
  }
  if (mode.existing === "empty") volume.resize(node, 0)
  return node
}

const checkOpen = (handle: Handle): void => {
  if (handle.state === "closed") throw new Errno("EBADF")
}

const writable = (handle: Handle, otherwise: "EBADF" | "EINVAL"): FileNode => {
  if (handle.mode.access === "read" || handle.node.kind !== "file") throw new Errno(otherwise)
  return handle.node
}
