/**
 * `remove`, which is many operations when it is recursive.
 */
import type { PlatformError } from "@effect/platform/Error"
import type { RemoveOptions } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { Errno } from "./errno.js"
import type { OnPath } from "./fileSystem.js"
import * as nameCalls from "./nameCalls.js"
import type { Volume } from "./volume.js"

export type Remove = (
  path: string,
  options: RemoveOptions | undefined,
  method: string
) => Effect.Effect<void, PlatformError>

export const removeWith = (onPath: OnPath, volume: Volume): Remove => (path, options, method) => {
  const removeOne = (path: string) =>
    onPath("remove", "lstat", path, () => {
      const node = findOptional(volume, path, options?.force === true ? "ignore" : "fail")
      if (node === undefined) return
      if (node.kind !== "directory") return nameCalls.unlink(volume, path)
      // Node's `rm` says so itself, also of an empty one.
      if (options?.recursive !== true) throw new Errno("ERR_FS_EISDIR", "rm")
      nameCalls.removeDirectory(volume, path)
    }, { method })

  const removeTree = (path: string): Effect.Effect<void, PlatformError> =>
    Effect.suspend(() =>
      Effect.zipRight(
        Effect.forEach(childrenOf(volume, path), (name) => removeTree(`${path}/${name}`), { discard: true }),
        removeOne(path)
      )
    )

  // Node's `rm` goes on to its end when the waiting fiber is interrupted.
  return options?.recursive === true ? Effect.uninterruptible(removeTree(path)) : removeOne(path)
}

// Whatever is wrong with the path, the operation itself says so.
const childrenOf = (volume: Volume, path: string): ReadonlyArray<string> => {
  try {
    const node = nameCalls.find(volume, path, "keep")
    return node.kind === "directory" ? Array.from(node.entries.keys()).sort() : []
  } catch {
    return []
  }
}

const findOptional = (volume: Volume, path: string, missing: "ignore" | "fail") => {
  try {
    return nameCalls.find(volume, path, "keep")
  } catch (error) {
    if (missing === "ignore" && error instanceof Errno && error.code === "ENOENT") return undefined
    throw error
  }
}
