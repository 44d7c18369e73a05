/**
 * Open files for reading, kept for a while: one for each read at a time, because a platform `File` has one position.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { WalClosedError, type WalIoError } from "../../WalError.js"
import { openSegmentFile, type SegmentFile } from "../segment/segmentFile.js"

export interface ReadHandles {
  /** A handle that nobody else uses until it is given back. */
  readonly take: (path: string) => Effect.Effect<SegmentFile, WalIoError | WalClosedError>
  readonly giveBack: (file: SegmentFile) => Effect.Effect<void>
  /** Closes the idle handles of a file that is removed; those in use are closed when they are given back. */
  readonly forget: (path: string) => Effect.Effect<void>
  /** Closes all that are idle, and from then on gives none out. */
  readonly close: Effect.Effect<void>
}

const MOST_IDLE = 16

/**
 * Invariants: a handle is either idle, and then in `idle`, or belongs to whoever took it. Oldest first, so that the ones
 * least used are closed first. None is idle once the pool is closed.
 */
export const makeReadHandles = (fs: FileSystem.FileSystem, directory: string): ReadHandles => {
  let idle: ReadonlyArray<SegmentFile> = []
  const forgotten = new Set<string>()
  let life: "open" | "closed" = "open"

  const take: ReadHandles["take"] = (path) =>
    Effect.suspend((): Effect.Effect<SegmentFile, WalIoError | WalClosedError> => {
      if (life === "closed") {
        return Effect.fail(new WalClosedError({ directory }))
      }
      const found = idle.findLast((file) => file.path === path)
      if (found === undefined) {
        return openSegmentFile(fs, path, "r")
      }
      idle = idle.filter((file) => file !== found)
      return Effect.succeed(found)
    })

  const giveBack: ReadHandles["giveBack"] = (file) =>
    Effect.suspend(() => {
      if (life === "closed" || forgotten.has(file.path)) {
        return file.close
      }
      idle = [...idle, file]
      const oldest = idle.length > MOST_IDLE ? idle[0] : undefined
      if (oldest === undefined) {
        return Effect.void
      }
      idle = idle.slice(1)
      return oldest.close
    })

  const closeIdle = (isOver: (file: SegmentFile) => boolean): Effect.Effect<void> =>
    Effect.suspend(() => {
      const over = idle.filter(isOver)
      idle = idle.filter((file) => !isOver(file))
      return Effect.forEach(over, (file) => file.close, { discard: true })
    })

  return {
    take,
    giveBack,
    forget: (path) =>
      Effect.suspend(() => {
        forgotten.add(path)
        return closeIdle((file) => file.path === path)
      }),
    close: Effect.suspend(() => {
      life = "closed"
      return closeIdle(() => true)
    })
  }
}
