/**
 * Makes true on the disk what recovery has decided about the last segment: its whole entries durable, nothing behind them.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import { damagedFileName, temporaryFileName } from "../format/fileName.js"
import { toIoError } from "../segment/ioError.js"
import { readBlock } from "../segment/scan.js"
import { type SegmentFile, syncDirectory, withSegmentFile } from "../segment/segmentFile.js"

const BLOCK_LENGTH = 1024 * 1024

/**
 * Writes `[from, dataLength)` anew, because after a failed fsync the cache may hold what the disk does not, cuts off what
 * follows, and makes both durable. May be killed at any step and run again.
 */
export const repairInPlace = (
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

/**
 * The same through a copy that takes the file's place once it is on disk: bytes that were synced are not written again where they
 * stand, as a power loss might garble them then. Without the space for a copy it is done in place.
 */
export const repairEnd = (
  fs: FileSystem.FileSystem,
  directory: string,
  file: SegmentFile,
  id: number,
  from: number,
  dataLength: number
): Effect.Effect<void, WalIoError> => {
  const inPlace = repairInPlace(fs, directory, file, from, dataLength)
  const temporary = `${directory}/${temporaryFileName(id)}`
  return from >= dataLength ? inPlace : withSegmentFile(
    fs,
    temporary,
    "w",
    (copy) => Effect.zipRight(copyRange(file, copy, 0, dataLength, 0), copy.sync)
  ).pipe(
    Effect.zipRight(Effect.mapError(fs.rename(temporary, file.path), toIoError("rename", temporary))),
    Effect.zipRight(syncDirectory(fs, directory)),
    Effect.catchIf(
      (error) => error.reason === "NoSpace",
      () => Effect.zipRight(Effect.ignore(fs.remove(temporary, { force: true })), inPlace)
    ),
    Effect.uninterruptible
  )
}

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

/** Copies `[from, end)` of one file to `target` of another, or of the same one. */
const copyRange = (
  source: SegmentFile,
  destination: SegmentFile,
  from: number,
  end: number,
  target: number
): Effect.Effect<void, WalIoError> =>
  Effect.iterate(from, {
    while: (at) => at < end,
    body: (at) =>
      readBlock(source, at, Math.min(BLOCK_LENGTH, end - at)).pipe(
        Effect.tap((block) => destination.writeAt(block, target + at - from)),
        Effect.map((block) => (block.length === 0 ? end : at + block.length))
      )
  }).pipe(Effect.asVoid)
