/**
 * Feeds a segment's file to the walks over it, block by block, so that memory does not grow with the file.
 */
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import { isZero } from "../format/bytes.js"
import type { SegmentHeader } from "../format/segmentHeader.js"
import { type FoundFrame, FrameSearch, type Search } from "./frameSearch.js"
import type { SegmentFile } from "./segmentFile.js"
import { type Scan, SegmentScanner } from "./segmentScanner.js"

const BLOCK_LENGTH = 1024 * 1024

interface Walk {
  readonly position: number
  readonly wanted: number
  readonly isDone: boolean
  limit: number
  /** Keeps no view of the block. */
  readonly feed: (block: Uint8Array) => void
}

/** Walks the frames from the first one on; none is believed beyond `limit`. */
export const scanSegment = (
  file: SegmentFile,
  header: Pick<SegmentHeader, "salt" | "baseSequence">,
  limit: number
): Effect.Effect<Scan, WalIoError> =>
  Effect.suspend(() => {
    const scanner = new SegmentScanner(header, limit)
    return Effect.flatMap(drive(file, scanner), () => settleZeros(file, scanner.result(), limit))
  })

/**
 * Walks the frames and steps over what is damaged. A gap that begins at `promised` or beyond it is the end, as nothing
 * there was ever promised.
 */
export const salvageSegment = (
  file: SegmentFile,
  header: Pick<SegmentHeader, "salt" | "baseSequence">,
  limit: number,
  promised: number
): Effect.Effect<Scan, WalIoError> =>
  Effect.suspend(() => {
    const scanner = new SegmentScanner(header, limit)
    const walkOn: Effect.Effect<Scan, WalIoError> = Effect.flatMap(drive(file, scanner), () => {
      const gap = scanner.gapBegins
      return gap === undefined || gap.position >= promised
        ? settleZeros(file, scanner.result(), limit)
        : Effect.flatMap(firstFrame(file, header.salt, gap.position, gap.after, limit), (found) => {
          if (found === undefined) {
            return Effect.succeed(scanner.result())
          }
          scanner.resumeAt(found)
          return walkOn
        })
    })
    return walkOn
  })

/** Zeros up to the limit are space that was written ahead, and so the end of the data; no frame begins with them. */
const settleZeros = (file: SegmentFile, scan: Scan, limit: number): Effect.Effect<Scan, WalIoError> =>
  scan.end._tag !== "NoFrame" || scan.validEnd >= limit
    ? Effect.succeed(scan)
    : Effect.map(
      isZeroUpTo(file, scan.validEnd, limit),
      (isZero) => (isZero ? { ...scan, end: { _tag: "EndOfData" } } : scan)
    )

const isZeroUpTo = (file: SegmentFile, start: number, limit: number): Effect.Effect<boolean, WalIoError> =>
  Effect.map(
    Effect.iterate(start, {
      while: (at) => at < limit,
      body: (at) =>
        Effect.map(
          readBlock(file, at, Math.min(BLOCK_LENGTH, limit - at)),
          (block) => (block.length > 0 && isZero(block, 0, block.length) ? at + block.length : Infinity)
        )
    }),
    (end) => end === limit
  )

/** The first frame from `start` on whose sequence can follow `after`. */
export const firstFrame = (
  file: SegmentFile,
  salt: number,
  start: number,
  after: number,
  limit: number
): Effect.Effect<FoundFrame | undefined, WalIoError> =>
  Effect.suspend(() => {
    const search = new FrameSearch(salt, start, limit, after, "first")
    return Effect.map(drive(file, search), () => search.result().first)
  })

/** Looks at every multiple of 8 from `start` up to `limit`. */
export const searchFrames = (
  file: SegmentFile,
  salt: number,
  start: number,
  limit: number
): Effect.Effect<Search, WalIoError> =>
  Effect.suspend(() => {
    const search = new FrameSearch(salt, start, limit, 0, "end")
    return Effect.map(drive(file, search), () => search.result())
  })

/**
 * A length that a frame claims is believed only as far as the file goes, so it never makes a block larger than that; a
 * file that turns out shorter than it was said to be ends the walk where it ends. One block is read after another into the
 * same memory, as a walk keeps no view of it.
 */
const drive = (file: SegmentFile, walk: Walk): Effect.Effect<void, WalIoError> =>
  Effect.suspend(() => {
    let memory = new Uint8Array(0)
    return Effect.whileLoop({
      while: () => !walk.isDone,
      body: () => {
        const length = Math.min(Math.max(BLOCK_LENGTH, walk.wanted), walk.limit - walk.position)
        if (memory.length < length) {
          memory = new Uint8Array(length)
        }
        const block = memory.length === length ? memory : memory.subarray(0, length)
        return Effect.map(file.readAt(block, walk.position), (count) => ({ block, count }))
      },
      step: ({ block, count }) => {
        if (count < block.length) {
          walk.limit = walk.position + count
          walk.feed(block.subarray(0, count))
        } else {
          walk.feed(block)
        }
      }
    })
  })

/** The bytes from `offset` on, as many as there are up to `length`. */
export const readBlock = (file: SegmentFile, offset: number, length: number): Effect.Effect<Uint8Array, WalIoError> =>
  Effect.suspend(() => {
    const block = new Uint8Array(length)
    return Effect.map(file.readAt(block, offset), (count) => (count === length ? block : block.subarray(0, count)))
  })
