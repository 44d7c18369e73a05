/**
 * Makes the log's directory, so that it is still there after power loss.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import { toIoError } from "../segment/ioError.js"
import { syncDirectory } from "../segment/segmentFile.js"

/** Creates what is missing of a path, from the top, and syncs the parent of each directory that it creates. */
export const makeDirectories = (fs: FileSystem.FileSystem, path: string): Effect.Effect<void, WalIoError> =>
  Effect.flatMap(Effect.mapError(fs.exists(path), toIoError("access", path)), (exists) => {
    if (exists) {
      return Effect.void
    }
    const parent = parentOf(path)
    return Effect.zipRight(parent === path ? Effect.void : makeDirectories(fs, parent), makeDirectory(fs, path, parent))
  }).pipe(Effect.uninterruptible)

const makeDirectory = (fs: FileSystem.FileSystem, path: string, parent: string): Effect.Effect<void, WalIoError> =>
  fs.makeDirectory(path, { recursive: true }).pipe(
    Effect.mapError(toIoError("makeDirectory", path)),
    Effect.zipRight(syncDirectory(fs, parent))
  )

const SEPARATORS = /[/\\]+[^/\\]*[/\\]*$/

const parentOf = (path: string): string => {
  const parent = path.replace(SEPARATORS, "")
  if (parent !== path) {
    return parent === "" ? "/" : parent
  }
  return path === "." ? path : "."
}
