/**
 * Makes true on the disk what recovery has decided about the last segment: its whole entries durable, nothing behind them.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import { damagedFileName } from "../format/fileName.js"
import type { SegmentHeader } from "../format/segmentHeader.js"
import { copyRange } from "../segment/copyRange.js"
import { type SegmentFile, syncDirectory, withSegmentFile } from "../segment/segmentFile.js"
import { dropTail, keepTail } from "./keptTail.js"

/**
 * Writes `[from, dataLength)` anew, because after a failed fsync the cache may hold what the disk does not, cuts off what
 * follows, and makes both durable. What is written anew is kept beside it meanwhile, unless the disk has no room for that. May be
 * killed at any step and run again, once the tail that was kept has been restored.
 */
export const repairEnd = (
  fs: FileSystem.FileSystem,
  directory: string,
  file: SegmentFile,
  segment: Pick<SegmentHeader, "id" | "salt">,
  from: number,
  dataLength: number
): Effect.Effect<void, WalIoError> => {
  const dropKept = dropTail(fs, directory, segment.id)
  const rewrite = rewriteEnd(fs, directory, file, from, dataLength)
  return from >= dataLength ? rewrite : Effect.uninterruptible(
    Effect.matchEffect(keepTail(fs, directory, file, segment, from, dataLength), {
      onSuccess: () => Effect.zipRight(rewrite, dropKept),
      onFailure: (error) => error.reason === "NoSpace" ? Effect.zipRight(dropKept, rewrite) : Effect.fail(error)
    })
  )
}

const rewriteEnd = (
  fs: FileSystem.FileSystem,
  directory: string,
  file: SegmentFile,
  from: number,
  dataLength: number
): Effect.Effect<void, WalIoError> =>
  copyRange(file, file, from, dataLength, from).pipe(
    Effect.zipRight(file.truncate(dataLength)),
    Effect.zipRight(file.sync),
    Effect.zipRight(syncDirectory(fs, directory)),
    Effect.uninterruptible
  )

/** Keeps bytes that are about to be cut off; answers the copy's name, or nothing when there is no space for it. */
export const keepBytes = (
  fs: FileSystem.FileSystem,
  directory: string,
  file: SegmentFile,
  id: number,
  from: number,
  size: number
): Effect.Effect<string | undefined> => {
  const name = damagedFileName(id, from)
  const path = `${directory}/${name}`
  return withSegmentFile(
    fs,
    path,
    "w",
    (copy) => Effect.zipRight(copyRange(file, copy, from, size, 0), copy.sync)
  ).pipe(
    Effect.zipRight(syncDirectory(fs, directory)),
    Effect.as(name),
    Effect.catchAll((error) =>
      Effect.logWarning(`the bytes that were cut off could not be kept: ${error.message}`).pipe(
        Effect.zipRight(Effect.ignore(fs.remove(path, { force: true }))),
        Effect.as(undefined)
      )
    ),
    Effect.uninterruptible
  )
}
