/**
 * `copy`, which works as `cp -r` does, one operation after another.
 */
import type { PlatformError } from "@effect/platform/Error"
import type { CopyOptions, FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { Errno } from "./errno.js"
import * as fileCalls from "./fileCalls.js"
import type { OnPath } from "./fileSystem.js"
import * as nameCalls from "./nameCalls.js"
import type { Node } from "./nodes.js"
import { join, normalize, resolvePath } from "./resolvePath.js"
import type { Volume } from "./volume.js"

export const copyWith = (onPath: OnPath, volume: Volume): FileSystem["copy"] => (from, to, options) => {
  const copyOne = (from: string, to: string) =>
    onPath("copyFile", "lstat", from, () => copyNode(volume, from, to, options), { method: "copy", to })

  const copyTree = (from: string, to: string): Effect.Effect<void, PlatformError> =>
    Effect.flatMap(
      copyOne(from, to),
      (children) => Effect.forEach(children, (name) => copyTree(join(from, name), join(to, name)), { discard: true })
    )

  const prepare = Effect.suspend(() => {
    const parent = join(to, "..")
    return isThere(volume, parent)
      ? Effect.void
      : makeParents(onPath, volume, parent)
  })

  // Node's `cp` goes on to its end when the waiting fiber is interrupted.
  return Effect.uninterruptible(
    Effect.zipRight(
      onPath("stat", "lstat", from, () => checkCopy(volume, from, to), { method: "copy" }),
      Effect.zipRight(prepare, copyTree(from, to))
    )
  )
}

const makeParents = (onPath: OnPath, volume: Volume, path: string): Effect.Effect<void, PlatformError> =>
  Effect.suspend(() =>
    isThere(volume, path)
      ? Effect.void
      : Effect.zipRight(
        makeParents(onPath, volume, join(path, "..")),
        onPath("makeDirectory", "mkdir", path, () => nameCalls.makeDirectory(volume, path), { method: "copy" })
      )
  )

const checkCopy = (volume: Volume, from: string, to: string): void => {
  const source = nameCalls.find(volume, from, "keep")
  const target = existing(volume, to)
  if (source === target) throw new Errno("ERR_FS_CP_EINVAL", "cp")
  if (source.kind !== "directory") return
  if (`${normalize(to)}/`.startsWith(`${normalize(from)}/`)) throw new Errno("ERR_FS_CP_EINVAL", "cp")
}

// The names of what is to be copied next: the children of a directory.
const copyNode = (
  volume: Volume,
  from: string,
  to: string,
  options: CopyOptions | undefined
): ReadonlyArray<string> => {
  const source = nameCalls.find(volume, from, "keep")
  const target = existing(volume, to)
  if (source.kind === "directory") return copyDirectory(volume, source, to, target)
  if (target?.kind === "directory") throw new Errno("ERR_FS_CP_NON_DIR_TO_DIR", "cp")
  if (target !== undefined && options?.overwrite !== true) return []
  if (source.kind === "symlink") {
    copyLink(volume, from, source.target, to, target)
  } else {
    fileCalls.copyFile(volume, from, to)
  }
  if (options?.preserveTimestamps === true && source.kind === "file") keepTimes(volume, source, to)
  return []
}

const copyDirectory = (volume: Volume, source: Node, to: string, target: Node | undefined): ReadonlyArray<string> => {
  if (target !== undefined && target.kind !== "directory") throw new Errno("ERR_FS_CP_DIR_TO_NON_DIR", "cp")
  if (target === undefined) nameCalls.makeDirectory(volume, to)
  return source.kind === "directory" ? Array.from(source.entries.keys()).sort() : []
}

// Node makes a relative target absolute.
const copyLink = (volume: Volume, from: string, linkTarget: string, to: string, target: Node | undefined): void => {
  if (target !== undefined) nameCalls.unlink(volume, to)
  nameCalls.makeSymlink(volume, linkTarget.startsWith("/") ? linkTarget : join(normalize(from), `../${linkTarget}`), to)
}

const keepTimes = (volume: Volume, source: Node, to: string): void => {
  const { accessed, modified } = source.attributes
  nameCalls.setTimes(volume, to, new Date(accessed), new Date(modified))
}

const existing = (volume: Volume, path: string): Node | undefined => {
  try {
    return resolvePath(volume.root, path, "keep").node
  } catch (error) {
    if (error instanceof Errno && error.code === "ENOENT") return undefined
    throw error
  }
}

const isThere = (volume: Volume, path: string): boolean => existing(volume, path) !== undefined
