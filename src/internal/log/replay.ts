/**
 * Every entry in the order of its sequence, a block at a time.
 */
import * as Effect from "effect/Effect"
import type { Entry } from "../../WalEntry.js"
import { FrameReader } from "../format/frameReader.js"
import { FrameBlocks } from "../segment/frameBlocks.js"
import { firstFrame } from "../segment/scan.js"
import { ordinalOf, type Segment } from "../segment/segment.js"
import { takeEntries } from "./entryBlock.js"
import {
  currentView,
  type Cursor,
  damagedFrame,
  explainMissing,
  HeldHandle,
  lostSequences,
  type OnLost,
  type ReadContext,
  type ReadingError,
  retentionError
} from "./readContext.js"
import { firstSegmentFrom, oldestSequence, segmentsOf } from "./view.js"

/** Inclusive. Without `from`, it begins with the oldest entry there is. */
export interface ReplayRange {
  readonly from: number | undefined
  readonly to: number
  readonly onLost: OnLost
}

export const openReplay = (
  context: ReadContext,
  range: ReplayRange
): Effect.Effect<Cursor<Entry>, ReadingError> =>
  Effect.flatMap(currentView(context), (view) => {
    const oldest = oldestSequence(view)
    const from = range.from ?? oldest
    return from < oldest
      ? Effect.fail(retentionError(from, oldest))
      : Effect.succeed(new ReplayCursor(context, segmentsOf(view), from, range))
  })

type Step = Effect.Effect<ReadonlyArray<Entry>, ReadingError>

const NOTHING: ReadonlyArray<Entry> = []

/**
 * Invariants: everything before `sequence` was emitted, or skipped as lost. `offset` is where a frame begins in the
 * current segment, that of `sequence` or one before it; it is undefined before the first read in a segment. The frame there
 * needs `wanted` bytes, as far as that is known. `blocks` are those of the handle that is held.
 */
class ReplayCursor implements Cursor<Entry> {
  private readonly handle: HeldHandle
  private position: number
  private offset: number | undefined = undefined
  private wanted = 0
  private blocks: FrameBlocks | undefined = undefined

  constructor(
    private readonly context: ReadContext,
    private readonly segments: ReadonlyArray<Segment>,
    private sequence: number,
    private readonly range: ReplayRange
  ) {
    this.handle = new HeldHandle(context)
    this.position = firstSegmentFrom(segments, sequence)
  }

  readonly close: Effect.Effect<void> = Effect.suspend(() => Effect.zipRight(this.closeBlocks(), this.handle.release))

  readonly next: Effect.Effect<ReadonlyArray<Entry> | undefined, ReadingError> = Effect.suspend(() => {
    const segment = this.segments[this.position]
    if (segment === undefined || this.sequence > this.range.to) {
      return Effect.as(this.close, undefined)
    }
    return this.sequence < segment.baseSequence
      ? this.lose(segment, 0, this.sequence, segment.baseSequence - 1)
      : this.readIn(segment)
  })

  private readIn(segment: Segment): Step {
    if (this.sequence > segment.lastSequence) {
      this.turnPage()
      return Effect.succeed(NOTHING)
    }
    const lost = segment.lost.find(({ sequences }) => sequences.last >= this.sequence)
    if (lost !== undefined && lost.sequences.first <= this.sequence) {
      return Effect.tap(this.lose(segment, lost.startOffset, this.sequence, lost.sequences.last), () => {
        this.offset = Math.min(lost.endOffset, segment.dataLength)
      })
    }
    if (this.offset === segment.dataLength) {
      return this.lose(segment, this.offset, this.sequence, segment.lastSequence)
    }
    const to = Math.min(this.range.to, lost === undefined ? Infinity : lost.sequences.first - 1)
    return explainMissing(this.context, segment, this.sequence)(this.readOn(segment, to))
  }

  private turnPage(): void {
    this.position++
    this.offset = undefined
    this.wanted = 0
  }

  private lose(segment: Segment, offset: number, first: number, last: number): Step {
    if (this.range.onLost === "fail") {
      return Effect.fail(lostSequences(segment, offset, first, last))
    }
    this.sequence = last + 1
    return Effect.succeed(NOTHING)
  }

  private readOn(segment: Segment, to: number) {
    const { offset } = this
    return offset === undefined
      ? Effect.flatMap(
        this.context.indexes.offsetBefore(segment, ordinalOf(segment, this.sequence)),
        (first) => this.readFrom(segment, first, to)
      )
      : this.readFrom(segment, offset, to)
  }

  private readFrom(segment: Segment, offset: number, to: number) {
    return this.blocksOf(segment).pipe(
      Effect.flatMap((blocks) => blocks.from(offset, this.wanted)),
      Effect.flatMap((block) => this.take(segment, offset, block, to))
    )
  }

  private blocksOf(segment: Segment) {
    const { blocks } = this
    return blocks?.file.path === segment.path
      ? Effect.succeed(blocks)
      : Effect.zipRight(this.closeBlocks(), this.handle.of(segment)).pipe(
        Effect.map((file) => (this.blocks = new FrameBlocks(file, segment.dataLength)))
      )
  }

  /** Before the handle is given back, which is somebody else's then, or closed. */
  private closeBlocks(): Effect.Effect<void> {
    const { blocks } = this
    return blocks === undefined ? Effect.void : Effect.map(blocks.close, () => {
      this.blocks = undefined
    })
  }

  private take(segment: Segment, offset: number, block: Uint8Array, to: number) {
    const entries: Array<Entry> = []
    const end = takeEntries(new FrameReader(segment.salt, block, offset), segment, this.sequence, to, entries)
    this.sequence += entries.length
    switch (end._tag) {
      case "Done":
        return Effect.succeed(entries)
      case "Full":
        this.offset = offset + end.at
        this.wanted = 0
        return Effect.succeed(entries)
      case "Gap":
        this.offset = offset + end.at
        return entries.length > 0
          ? Effect.succeed(entries)
          : this.lose(segment, this.offset, this.sequence, end.sequence - 1)
      case "Damaged":
        return this.stopAt(segment, offset + end.at, entries)
      case "Short":
        return end.at === 0 && (block.length >= end.wanted || this.wanted >= end.wanted)
          ? this.stopAt(segment, offset, entries)
          : this.goOn(segment, offset + end.at, end.wanted, entries)
    }
  }

  private goOn(segment: Segment, offset: number, wanted: number, entries: ReadonlyArray<Entry>) {
    if (offset < segment.dataLength && offset + wanted > segment.dataLength) {
      return this.stopAt(segment, offset, entries)
    }
    this.offset = offset
    this.wanted = wanted
    return Effect.succeed(entries)
  }

  /** What stands before the damage is emitted first; the next pull then fails, or steps over it. */
  private stopAt(segment: Segment, offset: number, entries: ReadonlyArray<Entry>) {
    this.offset = offset
    this.wanted = 0
    return entries.length > 0 ? Effect.succeed(entries) : this.stepOver(segment, offset)
  }

  /** Where no entry is missing, only a mark is damaged, and nothing is lost. */
  private stepOver(segment: Segment, offset: number) {
    return this.handle.of(segment).pipe(
      Effect.flatMap((file) => firstFrame(file, segment.salt, offset, this.sequence - 1, segment.dataLength)),
      Effect.flatMap((found) => {
        const next = found === undefined
          ? segment.lastSequence + 1
          : Math.max(this.sequence, found.kind === "entry" ? found.sequence : found.sequence + 1)
        if (next > this.sequence && this.range.onLost === "fail") {
          return Effect.fail(damagedFrame(segment, offset, this.sequence))
        }
        this.offset = found?.offset ?? segment.dataLength
        this.sequence = next
        return Effect.succeed(NOTHING)
      })
    )
  }
}
