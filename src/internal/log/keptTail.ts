/**
 * Keeps the end of a segment in a file of its own, `{id}.tail`, while it is written anew where it stands: a power loss may garble what is
 * being written, and among that may be entries that had been synced.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import { crc32 } from "../format/crc32.js"
import { segmentFileName, tailFileName } from "../format/fileName.js"
import { decodeSegmentHeader, SEGMENT_HEADER_LENGTH, type SegmentHeader } from "../format/segmentHeader.js"
import { decodeTailHeader, encodeTailHeader, TAIL_HEADER_LENGTH, type TailHeader } from "../format/tailHeader.js"
import { copyRange, foldRange } from "../segment/copyRange.js"
import { toIoError } from "../segment/ioError.js"
import { readBlock } from "../segment/scan.js"
import { type SegmentFile, syncDirectory, withSegmentFile } from "../segment/segmentFile.js"

/** Keeps the segment's bytes in `[from, end)`, durably. */
export const keepTail = (
  fs: FileSystem.FileSystem,
  directory: string,
  segment: SegmentFile,
  { id, salt }: Pick<SegmentHeader, "id" | "salt">,
  from: number,
  end: number
): Effect.Effect<void, WalIoError> =>
  withSegmentFile(fs, pathOf(directory, id), "w", (tail) =>
    Effect.gen(function*() {
      const { checksum, length } = yield* foldRange(segment, from, end, NOTHING, ({ checksum, length }, block) =>
        Effect.as(tail.writeAt(block, TAIL_HEADER_LENGTH + length), {
          checksum: crc32(block, 0, block.length, checksum),
          length: length + block.length
        }))
      yield* tail.writeAt(encodeTailHeader({ id, salt, from, length, checksum }), 0)
      yield* tail.sync
    })).pipe(
      Effect.zipRight(syncDirectory(fs, directory))
    )

const NOTHING = { checksum: 0, length: 0 }

/** From now on the segment is by itself what it has to be. */
export const dropTail = (
  fs: FileSystem.FileSystem,
  directory: string,
  id: number
): Effect.Effect<void, WalIoError> => {
  const path = pathOf(directory, id)
  return Effect.zipRight(
    Effect.mapError(fs.remove(path, { force: true }), toIoError("remove", path)),
    syncDirectory(fs, directory)
  )
}

/**
 * Ends what a crash has cut short: puts a tail that is whole in its place, and drops it. One that is not was being written, and
 * its segment is untouched. One of another segment says nothing about this one.
 */
export const restoreTail = (
  fs: FileSystem.FileSystem,
  directory: string,
  id: number
): Effect.Effect<void, WalIoError> =>
  withSegmentFile(fs, pathOf(directory, id), "r", (tail) =>
    Effect.flatMap(
      wholeHeader(tail),
      (header) => header === undefined || header.id !== id ? Effect.void : putBack(fs, directory, tail, header)
    )).pipe(
      Effect.zipRight(dropTail(fs, directory, id)),
      Effect.uninterruptible
    )

const pathOf = (directory: string, id: number): string => `${directory}/${tailFileName(id)}`

const wholeHeader = (tail: SegmentFile): Effect.Effect<TailHeader | undefined, WalIoError> =>
  Effect.flatMap(readBlock(tail, 0, TAIL_HEADER_LENGTH), (head) => {
    const header = decodeTailHeader(head)
    return header === undefined
      ? Effect.succeed(undefined)
      : Effect.map(
        checksumOf(tail, TAIL_HEADER_LENGTH, TAIL_HEADER_LENGTH + header.length),
        (checksum) => (checksum === header.checksum ? header : undefined)
      )
  })

const putBack = (
  fs: FileSystem.FileSystem,
  directory: string,
  tail: SegmentFile,
  { from, id, length, salt }: TailHeader
): Effect.Effect<void, WalIoError> =>
  withSegmentFile(
    fs,
    `${directory}/${segmentFileName(id)}`,
    "r+",
    (segment) =>
      Effect.flatMap(readBlock(segment, 0, SEGMENT_HEADER_LENGTH), (head) => {
        const decoded = decodeSegmentHeader(head)
        return decoded._tag !== "Header" || decoded.header.salt !== salt
          ? Effect.void
          : copyRange(tail, segment, TAIL_HEADER_LENGTH, TAIL_HEADER_LENGTH + length, from).pipe(
            Effect.zipRight(segment.truncate(from + length)),
            Effect.zipRight(segment.sync)
          )
      })
  )

const checksumOf = (file: SegmentFile, from: number, end: number): Effect.Effect<number, WalIoError> =>
  foldRange(file, from, end, 0, (checksum, block) => Effect.succeed(crc32(block, 0, block.length, checksum)))
