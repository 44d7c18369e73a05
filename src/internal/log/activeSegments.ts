/**
 * Brings an active segment into being that takes the next append: reopens a closed one, or makes a successor.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import { viewOf } from "../format/bytes.js"
import { FLAG_LAST_OF_WRITE, sealFrame } from "../format/frame.js"
import { SEGMENT_HEADER_LENGTH, type SegmentHeader } from "../format/segmentHeader.js"
import { SYNC_MARK_FRAME_LENGTH, writeSyncMark } from "../format/syncMark.js"
import { ActiveIndex } from "../segment/activeIndex.js"
import { createSegment } from "../segment/createSegment.js"
import { nextSequence, type Segment } from "../segment/segment.js"
import { openSegmentFile, type SegmentFile } from "../segment/segmentFile.js"
import type { IndexError } from "./indexCache.js"
import type { LiveView } from "./liveView.js"
import { toSegmentId } from "./nominal.js"
import type { Syncer } from "./syncer.js"
import { rotated, withActive } from "./view.js"
import type { OpenSegment, WriteState } from "./writeState.js"

export interface ActiveSegments {
  /** The open segment for an append of `length` framed bytes. Everything that was framed must be written. */
  readonly prepare: (length: number) => Effect.Effect<OpenSegment, Obstacle>
}

export interface ActiveSegmentsParts {
  readonly fs: FileSystem.FileSystem
  readonly directory: string
  readonly state: WriteState
  readonly view: LiveView
  readonly syncer: Syncer
  readonly nextSalt: Effect.Effect<number>
  /** The whole index of a segment that is to grow again. */
  readonly growIndex: (segment: Segment) => Effect.Effect<ActiveIndex, IndexError>
  /** A segment has a successor; its file is the receiver's to close. */
  readonly onRotated: (segment: Segment, index: ActiveIndex, file: SegmentFile) => Effect.Effect<void>
}

/** Why there is no segment for the next append. `Absent`: nothing has changed, the log goes on. `Unknown`: it cannot. */
export type Obstacle =
  | { readonly _tag: "Absent"; readonly cause: WalIoError }
  | { readonly _tag: "Unknown"; readonly cause: WalIoError }

const absent = (cause: WalIoError): Obstacle => ({ _tag: "Absent", cause })
const unknown = (cause: WalIoError): Obstacle => ({ _tag: "Unknown", cause })

export const makeActiveSegments = (parts: ActiveSegmentsParts): ActiveSegments => {
  const { directory, fs, growIndex, nextSalt, onRotated, state, syncer, view } = parts

  const prepare = (length: number): Effect.Effect<OpenSegment, Obstacle> =>
    Effect.suspend(() => {
      const { open } = state
      if (open === undefined) {
        return Effect.flatMap(view.get, ({ active }) => wake(active, length))
      }
      return state.isDueNow(length) ? rotate(open) : Effect.succeed(open)
    })

  /** Of a segment that was closed: one that is due, or cannot be read whole any more, is followed by a new one. */
  const wake = (active: Segment, length: number): Effect.Effect<OpenSegment, Obstacle> =>
    state.isDormantDueFor(active, length) ? succeed(active) : growIndex(active).pipe(
      Effect.matchEffect({
        onFailure: (error) => (error._tag === "WalIoError" ? Effect.fail(absent(error)) : succeed(active)),
        onSuccess: (index) => reopen(active, index)
      })
    )

  /** The seal is cut off only when its index is in memory, and nothing is appended before that is on disk. */
  const reopen = (active: Segment, index: ActiveIndex): Effect.Effect<OpenSegment, Obstacle> =>
    openSegmentFile(fs, active.path, "r+").pipe(
      Effect.mapError(absent),
      Effect.flatMap((file) => {
        const segment: Segment = { ...active, index: { _tag: "Growing", index } }
        const mark = encodeMark(segment)
        return view.update((current) => withActive(current, segment)).pipe(
          Effect.zipRight(Effect.mapError(file.truncate(segment.dataLength), absent)),
          Effect.zipRight(Effect.mapError(file.writeAt(mark, segment.dataLength), absent)),
          Effect.zipRight(Effect.mapError(file.sync, unknown)),
          Effect.tapError(() => file.close),
          Effect.map(() => turnTo({ segment, file, index }, mark.length, segment.dataLength))
        )
      }),
      Effect.uninterruptible
    )

  const rotate = (open: OpenSegment): Effect.Effect<OpenSegment, Obstacle> =>
    syncer.syncWritten.pipe(
      Effect.mapError(unknown),
      Effect.flatMap(() => {
        const segment: Segment = { ...state.activeSegment(open), sealedAt: state.clocks.wall() }
        return Effect.tap(succeed(segment), () => onRotated(segment, open.index, open.file))
      })
    )

  /** Makes the segment that follows `previous`, and goes on in it. */
  const succeed = (previous: Segment): Effect.Effect<OpenSegment, Obstacle> =>
    Effect.flatMap(nextSalt, (salt) => {
      const header = headerAfter(previous, state.clocks.wall(), salt)
      return createSegment(fs, directory, header).pipe(
        Effect.flatMap((file) => {
          const index = new ActiveIndex()
          const segment = emptySegment(header, file.path, index)
          return Effect.map(
            view.update((current) => rotated(current, previous, segment)),
            () => turnTo({ segment, file, index }, 0, SEGMENT_HEADER_LENGTH)
          )
        })
      )
    })

  const turnTo = (open: OpenSegment, markLength: number, claimed: number): OpenSegment => {
    const { dataLength } = open.segment
    state.turnTo(open, dataLength + markLength, dataLength, claimed)
    return open
  }

  return { prepare }
}

/** Says of a segment that was closed, and so synced, that it was: the seal that said so is gone. */
const encodeMark = (segment: Segment): Uint8Array => {
  const bytes = new Uint8Array(SYNC_MARK_FRAME_LENGTH)
  const view = viewOf(bytes)
  writeSyncMark(view, 0, segment.salt, segment.lastSequence, segment.dataLength)
  sealFrame(view, 0, segment.salt, FLAG_LAST_OF_WRITE)
  return bytes
}

const headerAfter = (previous: Segment, now: number, salt: number): SegmentHeader => ({
  id: previous.id + 1,
  baseSequence: nextSequence(previous),
  createdAt: now,
  salt,
  previousDataLength: previous.dataLength,
  previousHighestTimestamp: previous.highestTimestamp
})

/** The segment that a header begins, without an entry. */
export const emptySegment = (header: SegmentHeader, path: string, index: ActiveIndex): Segment => ({
  id: toSegmentId(header.id),
  path,
  salt: header.salt,
  createdAt: header.createdAt,
  baseSequence: header.baseSequence,
  lastSequence: header.baseSequence - 1,
  entryCount: 0,
  lost: [],
  dataLength: SEGMENT_HEADER_LENGTH,
  lowestTimestamp: 0,
  highestTimestamp: 0,
  sealedAt: 0,
  firstSeenAt: header.createdAt,
  index: { _tag: "Growing", index }
})
