/**
 * Whether a file system and `node:fs` mean the same by a path or a descriptor: the device and the inode tell.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { fstatSync, type Stats, statSync } from "node:fs"

/** Whether the path leads to the same directory in both. */
export const isSameDirectory = (fs: FileSystem.FileSystem, path: string): Effect.Effect<boolean> =>
  Effect.match(fs.stat(path), {
    onFailure: () => false,
    onSuccess: (info) => info.type === "Directory" && agree(() => isOf(statSync(path), info))
  })

/** Whether the descriptor means the same file to Node as to the file system that gave it: a number alone may mean anything. */
export const isOfThisProcess = (file: FileSystem.File): Effect.Effect<boolean> =>
  Effect.match(file.stat, {
    onFailure: () => false,
    onSuccess: (info) => agree(() => isOf(fstatSync(file.fd), info))
  })

/** The same, where the path that was opened is known to lead to the same file in both. */
export const isOpened = (file: FileSystem.File, path: string): boolean =>
  agree(() => {
    const [opened, named] = [fstatSync(file.fd), statSync(path)]
    return opened.dev === named.dev && opened.ino === named.ino
  })

const isOf = (stats: Stats, info: FileSystem.File.Info): boolean =>
  stats.dev === info.dev && Option.contains(info.ino, stats.ino)

/** What cannot be found out is not the same. */
const agree = (compare: () => boolean): boolean => {
  try {
    return compare()
  } catch {
    return false
  }
}
