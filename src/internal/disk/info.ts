/**
 * What `stat` says about a node.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Option from "effect/Option"
import type { Node } from "./nodes.js"

const blockSize = 4096
// `stat` counts blocks of this size, whatever the file system's own.
const statBlockSize = 512

export const infoOf = (node: Node): FileSystem.File.Info => {
  const size = sizeOf(node)
  const { attributes } = node
  return {
    type: node.kind === "file" ? "File" : node.kind === "directory" ? "Directory" : "SymbolicLink",
    mtime: Option.some(new Date(attributes.modified)),
    atime: Option.some(new Date(attributes.accessed)),
    birthtime: Option.some(new Date(attributes.born)),
    dev: 1,
    rdev: Option.some(0),
    ino: Option.some(node.id),
    mode: attributes.mode,
    nlink: Option.some(linksOf(node)),
    uid: Option.some(attributes.uid),
    gid: Option.some(attributes.gid),
    size: FileSystem.Size(size),
    blksize: Option.some(FileSystem.Size(blockSize)),
    blocks: Option.some(Math.ceil(size / blockSize) * (blockSize / statBlockSize))
  }
}

const sizeOf = (node: Node): number => {
  switch (node.kind) {
    case "file":
      return node.content.size
    case "directory":
      return blockSize
    case "symlink":
      return node.target.length
  }
}

// A directory is named by its own entry, by its `.` and by the `..` of each directory in it.
const linksOf = (node: Node): number =>
  node.kind === "directory"
    ? 2 + Array.from(node.entries.values()).filter((child) => child.kind === "directory").length
    : node.links
