/**
 * One key's entries, in order: found by the index, read in blocks that join neighbours.
 */
import * as Effect from "effect/Effect"
import type { Entry } from "../../WalEntry.js"
import { equalBytes } from "../format/bytes.js"
import { FrameReader } from "../format/frameReader.js"
import { hashKey } from "../format/keyHash.js"
import { readBlock } from "../segment/scan.js"
import { nextSequence, type Segment } from "../segment/segment.js"
import { entryAt } from "./entryBlock.js"
import {
  currentView,
  type Cursor,
  damagedFrame,
  explainMissing,
  HeldHandle,
  lostSequences,
  type OnLost,
  type ReadContext,
  type ReadingError
} from "./readContext.js"
import { segmentsOf } from "./view.js"

const LARGEST_BLOCK = 1024 * 1024
/** Reading on over a gap of this length is cheaper than another read. */
const JOINED_GAP = 16 * 1024
const FIRST_GUESS = 1024

export const openRecords = (
  context: ReadContext,
  key: Uint8Array,
  onLost: OnLost
): Effect.Effect<Cursor<Entry>, ReadingError> =>
  Effect.map(currentView(context), (view) => new RecordsCursor(context, segmentsOf(view), key, onLost))

const NONE = new Uint32Array(0)

/**
 * Invariants: everything of the key before `offsets[next]` of the segment at `position` was emitted; `offsets` is
 * undefined before the segment's index was asked. `guess` is how long the next frame is expected to be.
 */
class RecordsCursor implements Cursor<Entry> {
  private readonly handle: HeldHandle
  private readonly hash: number
  private position = 0
  private offsets: Uint32Array | undefined = undefined
  private at = 0
  private guess = FIRST_GUESS

  constructor(
    private readonly context: ReadContext,
    private readonly segments: ReadonlyArray<Segment>,
    private readonly key: Uint8Array,
    private readonly onLost: OnLost
  ) {
    this.handle = new HeldHandle(context)
    this.hash = hashKey(key, 0, key.length)
  }

  get close(): Effect.Effect<void> {
    return this.handle.release
  }

  readonly next: Effect.Effect<ReadonlyArray<Entry> | undefined, ReadingError> = Effect.suspend(() => {
    const segment = this.segments[this.position]
    if (segment === undefined) {
      return Effect.as(this.handle.release, undefined)
    }
    const { at, offsets = NONE } = this
    if (this.offsets === undefined) {
      const lost = this.onLost === "fail" ? this.lostIn(segment) : undefined
      return lost !== undefined
        ? Effect.fail(lost)
        : explainMissing(this.context, segment, segment.baseSequence)(this.find(segment))
    }
    if (at >= offsets.length) {
      this.position++
      this.offsets = undefined
      return Effect.succeed([])
    }
    return explainMissing(this.context, segment, segment.baseSequence)(this.readFrom(segment, offsets, at))
  })

  /** Any sequence that is lost may have been one of this key's. */
  private lostIn(segment: Segment): ReadingError | undefined {
    const before = this.segments[this.position - 1]
    if (before !== undefined && nextSequence(before) < segment.baseSequence) {
      return lostSequences(segment, 0, nextSequence(before), segment.baseSequence - 1)
    }
    const lost = segment.lost[0]
    return lost === undefined
      ? undefined
      : lostSequences(segment, lost.startOffset, lost.sequences.first, lost.sequences.last)
  }

  private find(segment: Segment) {
    return Effect.map(this.context.indexes.offsetsOf(segment, this.key, this.hash), (offsets): Array<Entry> => {
      this.offsets = offsets
      this.at = 0
      return []
    })
  }

  private readFrom(segment: Segment, offsets: Uint32Array, first: number) {
    const start = offsets[first] ?? 0
    const end = Math.min(this.endOfBlock(offsets, first, start), segment.dataLength)
    return this.handle.of(segment).pipe(
      Effect.flatMap((file) => readBlock(file, start, end - start)),
      Effect.flatMap((block) => this.take(segment, offsets, block, start))
    )
  }

  /** As many neighbours as one read should carry. */
  private endOfBlock(offsets: Uint32Array, first: number, start: number): number {
    let end = start + this.guess
    for (let index = first + 1; index < offsets.length; index++) {
      const offset = offsets[index] ?? 0
      if (offset - end > JOINED_GAP || offset + this.guess - start > LARGEST_BLOCK) {
        break
      }
      end = offset + this.guess
    }
    return end
  }

  private take(segment: Segment, offsets: Uint32Array, block: Uint8Array, start: number) {
    const reader = new FrameReader(segment.salt, block, start)
    const entries: Array<Entry> = []
    for (; this.at < offsets.length; this.at++) {
      const offset = offsets[this.at] ?? 0
      if (offset - start >= block.length) {
        break
      }
      const status = reader.read(offset - start, block.length)
      if (status === "short" && offset + reader.length <= segment.dataLength) {
        this.guess = Math.max(FIRST_GUESS, reader.length)
        break
      }
      if (status !== "entry" || !equalBytes(reader.key, this.key)) {
        if (this.onLost === "skip") {
          continue
        }
        return this.stopAt(segment, offset, status === "damagedBody" ? reader.sequence : undefined, entries)
      }
      this.guess = Math.max(FIRST_GUESS, reader.length)
      entries.push(entryAt(reader, segment))
    }
    return Effect.succeed(entries)
  }

  /** What stands before the damage is emitted first; the next pull then fails. */
  private stopAt(segment: Segment, offset: number, sequence: number | undefined, entries: Array<Entry>) {
    return entries.length > 0 ? Effect.succeed(entries) : Effect.fail(damagedFrame(segment, offset, sequence))
  }
}
