/**
 * One key's entries, in order: found by the index, read in blocks that join neighbours.
 */
import * as Effect from "effect/Effect"
import type { Entry } from "../../WalEntry.js"
import { equalRange } from "../format/bytes.js"
import { FrameReader } from "../format/frameReader.js"
import { hashKey } from "../format/keyHash.js"
import { readBlock } from "../segment/scan.js"
import { nextSequence, type Segment } from "../segment/segment.js"
import { type FileNow, MOST_AT_ONCE, type SegmentFile } from "../segment/segmentFile.js"
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

/** Whoever wants only the first entries does not wait for thousands; each read may be twice as long as the one before. */
const FIRST_BLOCK = 64 * 1024
const LARGEST_BLOCK = 1024 * 1024
/** Reading on over a gap of this length is cheaper than another read, of a file that reads at once and of any other one. */
const JOINED_GAP_NOW = 2 * 1024
const JOINED_GAP = 16 * 1024
/** Without a better reason; where a read costs much, less than that is not worth a second one. */
const FIRST_GUESS = 1024
const NOWHERE = -1
/** So many reads at once, and then it is others' turn. */
const MOST_READS_NOW = 128

export const openRecords = (
  context: ReadContext,
  key: Uint8Array,
  onLost: OnLost
): Effect.Effect<Cursor<Entry>, ReadingError> =>
  Effect.map(currentView(context), (view) => new RecordsCursor(context, segmentsOf(view), key, onLost))

type Step = Effect.Effect<ReadonlyArray<Entry>, ReadingError>

/**
 * Invariants: everything of the key before `offsets[at]` of the segment at `position` was emitted; `offsets` are those of its
 * entries in the segment from its entry `from` there on, undefined before the segment's index was asked, and all that are left
 * unless it `hasMore`. `guess` is how long the next frame is expected to be, and `longest` the next read at most,
 * unless one frame is longer.
 */
class RecordsCursor implements Cursor<Entry> {
  private readonly handle: HeldHandle
  private readonly hash: number
  private position = 0
  private offsets: Uint32Array | undefined = undefined
  private at = 0
  private from = 0
  private hasMore = false
  private guess = FIRST_GUESS
  private longest = FIRST_BLOCK

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
    this.passOver()
    const segment = this.segments[this.position]
    if (segment === undefined) {
      return Effect.as(this.handle.release, undefined)
    }
    const { offsets } = this
    if (offsets === undefined) {
      const lost = this.onLost === "fail" ? this.lostIn(segment) : undefined
      return lost !== undefined
        ? Effect.fail(lost)
        : explainMissing(this.context, segment, segment.baseSequence)(this.find(segment))
    }
    return explainMissing(this.context, segment, segment.baseSequence)(
      Effect.flatMap(this.handle.of(segment), (file) => this.readFrom(file, segment, offsets))
    )
  })

  /** Goes to the first segment that has more of the key's entries, as far as that is known without a read. */
  private passOver(): void {
    const { context, hash, segments } = this
    if (this.offsets !== undefined && this.at < this.offsets.length) {
      return
    }
    if (this.offsets !== undefined && this.hasMore) {
      this.from += this.offsets.length
      this.offsets = undefined
      return
    }
    this.position += this.offsets === undefined ? 0 : 1
    this.offsets = undefined
    this.from = 0
    for (let segment = segments[this.position]; segment !== undefined; segment = segments[++this.position]) {
      const isLost = this.onLost === "fail" && this.lostIn(segment) !== undefined
      if (isLost || !context.indexes.certainlyLacks(segment, hash)) {
        return
      }
    }
  }

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
    const { context, from, hash, key } = this
    return Effect.map(context.indexes.offsetsOf(segment, key, hash, from), ({ hasMore, offsets }): Array<Entry> => {
      this.offsets = offsets
      this.hasMore = hasMore
      this.at = 0
      return []
    })
  }

  private readFrom(file: SegmentFile, segment: Segment, offsets: Uint32Array): Step {
    const start = offsets[this.at] ?? 0
    const { now } = file
    if (now === undefined) {
      this.guess = Math.max(FIRST_GUESS, this.guess)
    }
    const length = this.blockLength(segment, offsets, now === undefined ? JOINED_GAP : JOINED_GAP_NOW)
    this.longest = Math.min(this.longest * 2, LARGEST_BLOCK)
    return now !== undefined && !now.turn.isOver && length <= MOST_AT_ONCE
      ? this.readNow(now, segment, offsets)
      : Effect.flatMap(readBlock(file, start, length), (block) => {
        const entries: Array<Entry> = []
        const reader = new FrameReader(segment.salt, block, start)
        return emit(entries, this.take(segment, offsets, reader, block.length, entries, start + length))
      })
  }

  /** One read after the other, each over before anything else runs. */
  private readNow(now: FileNow, segment: Segment, offsets: Uint32Array): Step {
    const { smallReads } = this.context
    const entries: Array<Entry> = []
    for (let reads = 0; reads < MOST_READS_NOW && this.at < offsets.length; reads++) {
      const start = offsets[this.at] ?? 0
      const length = this.blockLength(segment, offsets, JOINED_GAP_NOW)
      if (length > MOST_AT_ONCE || now.turn.isOver) {
        break
      }
      const count = smallReads.read(now, start, length)
      if (typeof count !== "number") {
        return emit(entries, count)
      }
      const reader = smallReads.readerFor(segment.salt, start)
      const before = entries.length
      const damage = this.take(segment, offsets, reader, start - reader.origin + count, entries, start + length)
      const last = entries.length > before ? entries.at(-1) : undefined
      smallReads.keep(last === undefined ? 0 : last.ref.offset + last.ref.length - start)
      if (damage !== undefined) {
        return emit(entries, damage)
      }
    }
    return Effect.succeed(entries)
  }

  /** Of the next read: as many neighbours as it should carry. */
  private blockLength({ dataLength }: Segment, offsets: Uint32Array, joinedGap: number): number {
    const start = offsets[this.at] ?? 0
    let end = start + this.guess
    for (let index = this.at + 1; index < offsets.length; index++) {
      const offset = offsets[index] ?? 0
      if (offset - end > joinedGap || offset + this.guess - start > this.longest) {
        break
      }
      end = offset + this.guess
    }
    return Math.min(end, dataLength) - start
  }

  /**
   * Takes the entries whose frames lie in the reader's block before `limit`, and answers what stopped it. The block was to reach
   * up to `asked` in the segment.
   */
  private take(
    segment: Segment,
    offsets: Uint32Array,
    reader: FrameReader,
    limit: number,
    entries: Array<Entry>,
    asked: number
  ): ReadingError | undefined {
    let next = NOWHERE
    for (; this.at < offsets.length; this.at++) {
      const offset = offsets[this.at] ?? 0
      const at = offset - reader.origin
      if (offset >= asked) {
        return undefined
      }
      const status = at === next ? reader.readNext(at, limit) : reader.read(at, limit)
      next = reader.next
      if (status === "short" && reader.origin + limit === asked && offset + reader.length <= segment.dataLength) {
        this.guess = reader.length
        return undefined
      }
      if (status === "entry" && this.isItsKey(reader)) {
        // As long as the longest of late, so that frames of many lengths are not all read twice.
        this.guess = Math.max(reader.length, this.guess - (this.guess >>> 3))
        entries.push(entryAt(reader, segment))
      } else if (this.onLost === "fail") {
        return damagedFrame(segment, offset, status === "damagedBody" ? reader.sequence : undefined)
      }
    }
    return undefined
  }

  private isItsKey({ block, keyLength, keyStart }: FrameReader): boolean {
    return keyLength === this.key.length && equalRange(block, keyStart, this.key, 0, keyLength)
  }
}

/** What stands before something that failed is emitted first; the next pull then fails. */
const emit = (entries: ReadonlyArray<Entry>, failure: ReadingError | undefined): Step =>
  failure === undefined || entries.length > 0 ? Effect.succeed(entries) : Effect.fail(failure)
