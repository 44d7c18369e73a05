/**
 * Walks a segment's frames from its first to the first offset at which no valid frame with the next sequence begins.
 */
import { entryKeyLength, MAX_KEY_LENGTH } from "../format/entryFrame.js"
import { ENTRY, typeAt } from "../format/frame.js"
import { FrameReader } from "../format/frameReader.js"
import { hashKey } from "../format/keyHash.js"
import { SEGMENT_HEADER_LENGTH, type SegmentHeader } from "../format/segmentHeader.js"
import { ActiveIndex } from "./activeIndex.js"
import type { FoundFrame } from "./frameSearch.js"

/** Why the walk ended. */
export type ScanEnd =
  | { readonly _tag: "EndOfData" }
  /** `damagedKey`: what stands in the place of the damaged entry's key; it does not verify. */
  | { readonly _tag: "NoFrame"; readonly what: string; readonly damagedKey: Uint8Array | undefined }
  | { readonly _tag: "Unknown"; readonly what: string }

/** What a walk found. An unfinished batch at the end is not counted; `validEnd` is where its bytes end all the same. */
export interface Scan {
  readonly index: ActiveIndex
  readonly lastSequence: number
  /** Where the whole entries and batches end. */
  readonly dataLength: number
  /** Where the last whole entry ends, or the header. */
  readonly entryEnd: number
  /** X: the first offset at which no valid frame with the next sequence begins. */
  readonly validEnd: number
  /** The last sequence before X, members of an unfinished batch included. */
  readonly validSequence: number
  /** The largest offset that a mark before X claims to be synced. */
  readonly claimed: number
  readonly lowestTimestamp: number
  readonly highestTimestamp: number
  readonly end: ScanEnd
  /** What a salvaging walk stepped over. */
  readonly gaps: ReadonlyArray<ScanGap>
}

/** What stands in the file as far as it was written whole. */
export interface WholeWrites {
  readonly dataLength: number
  readonly lastSequence: number
  readonly highestTimestamp: number
}

/** Sequences that cannot be read, between two offsets at which whole frames end and begin again. */
export interface ScanGap {
  readonly first: number
  readonly last: number
  readonly startOffset: number
  readonly endOffset: number
  readonly keys: ReadonlyArray<Uint8Array>
}

/** An entry of a batch that is not complete. Its key is in the block, until that is over. */
interface BatchMember {
  bytes: Uint8Array
  keyStart: number
  readonly keyLength: number
  readonly offset: number
  readonly timestamp: number
}

/**
 * Fed with one block after another, each beginning at `position`.
 *
 * Invariant: everything before `position` verified, in order; `index` holds the entries before `dataLength`, and
 * `batch` those of the unfinished batch between `dataLength` and `position`, of which the first `copied` have their keys for
 * themselves. Between two blocks all of them do, so that nothing refers to a block that was fed.
 */
export class SegmentScanner {
  position: number = SEGMENT_HEADER_LENGTH
  /** How many bytes the next block needs at least. */
  wanted = 0
  private readonly index = new ActiveIndex()
  private readonly reader: FrameReader
  private batch: Array<BatchMember> = []
  private copied = 0
  private sequence: number
  private wholeSequence: number
  private dataLength: number = SEGMENT_HEADER_LENGTH
  private entryEnd: number = SEGMENT_HEADER_LENGTH
  private claimed = 0
  private lowestTimestamp = 0
  private highestTimestamp = 0
  private end: ScanEnd | undefined = undefined
  private gaps: Array<ScanGap> = []
  private skipping: "nothing" | "restOfBatch" = "nothing"
  private writes: WholeWrites

  /** `limit` is where the frames end at the latest: the file's size, or what the successor's header says. */
  constructor(header: Pick<SegmentHeader, "salt" | "baseSequence">, public limit: number) {
    this.reader = new FrameReader(header.salt, new Uint8Array(0), 0)
    this.sequence = header.baseSequence - 1
    this.wholeSequence = this.sequence
    this.writes = { dataLength: this.dataLength, lastSequence: this.sequence, highestTimestamp: 0 }
    if (limit < SEGMENT_HEADER_LENGTH) {
      this.end = { _tag: "NoFrame", what: "the frames are said to end within the header", damagedKey: undefined }
    }
  }

  get isDone(): boolean {
    return this.end !== undefined
  }

  /** Takes the bytes from `position` on, as many as there are. */
  feed(block: Uint8Array): void {
    this.reader.turnTo(block, this.position)
    let at = 0
    while (this.end === undefined) {
      const next = this.step(at, block.length)
      if (next === at) {
        break
      }
      at = next
    }
    this.position += at
    this.copyKeys()
  }

  result(): Scan {
    return {
      index: this.index,
      lastSequence: this.wholeSequence,
      dataLength: this.dataLength,
      entryEnd: this.entryEnd,
      validEnd: this.position,
      validSequence: this.sequence,
      claimed: this.claimed,
      lowestTimestamp: this.lowestTimestamp,
      highestTimestamp: this.highestTimestamp,
      end: this.end ?? { _tag: "EndOfData" },
      gaps: this.gaps
    }
  }

  /** Goes on, up to where the file ends by now, from where it ended before. */
  continueTo(limit: number): void {
    this.limit = limit
    this.end = undefined
  }

  /** As far as the last frame that was flagged as the last of its write. */
  get wholeWrites(): WholeWrites {
    return this.writes
  }

  /** Where a salvaging walk has to search for the next frame; nowhere if it ended for another reason than a gap. */
  get gapBegins(): { readonly position: number; readonly after: number } | undefined {
    return this.end?._tag === "NoFrame" ? { position: this.position, after: this.wholeSequence } : undefined
  }

  /** Goes on with a frame beyond the gap. A batch that the gap cuts is lost as a whole. */
  resumeAt(found: FoundFrame): void {
    const last = found.kind === "entry" ? found.sequence - 1 : found.sequence
    const skipping = this.cutsBatch(found) ? "restOfBatch" : "nothing"
    this.addGap(last, found.offset, this.lostKeys())
    this.skipping = skipping
    this.dropBatch()
    this.sequence = last
    this.position = found.offset
    this.takeWhole(found.offset)
    this.end = undefined
  }

  /**
   * Whether `found` may be a member of a batch that the gap cuts. Where that cannot be told it is taken for one: rather one
   * entry less than a part of a batch. But no mark stands inside a batch, and where no entry is missing, no batch is cut.
   */
  private cutsBatch(found: FoundFrame): boolean {
    const isNext = found.sequence === this.sequence + 1 && this.batch.length === 0 && this.skipping === "nothing"
    return found.kind === "entry" && !isNext && found.follows !== "last"
  }

  /** Of the members of a batch that the gap cuts, and of the damaged frame where it begins. */
  private lostKeys(): ReadonlyArray<Uint8Array> {
    const members = this.batch.map(({ bytes }) => bytes)
    return this.end?._tag !== "NoFrame" || this.end.damagedKey === undefined
      ? members
      : [...members, this.end.damagedKey]
  }

  private addGap(last: number, endOffset: number, keys: ReadonlyArray<Uint8Array>): void {
    const first = this.wholeSequence + 1
    if (last < first) {
      return
    }
    const before = this.gaps.at(-1)
    if (before?.last === first - 1 && before.endOffset === this.dataLength) {
      this.gaps.pop()
      this.gaps.push({ ...before, last, endOffset, keys: [...before.keys, ...keys] })
    } else {
      this.gaps.push({ first, last, startOffset: this.dataLength, endOffset, keys })
    }
  }

  private skipEntry(): void {
    const { reader } = this
    this.addGap(reader.sequence, reader.offset + reader.length, [reader.key.slice()])
    this.takeWhole(reader.offset + reader.length)
    this.skipping = reader.hasMoreOfBatch ? "restOfBatch" : "nothing"
  }

  /** Answers where the next frame begins, or `at` when the walk cannot go on with this block. */
  private step(at: number, blockLength: number): number {
    switch (this.reader.readNext(at, blockLength)) {
      case "entry":
        return this.takeEntry(at)
      case "mark":
        return this.takeMark(at)
      case "short":
        return this.takeShort(at)
      case "unknown":
        this.end = { _tag: "Unknown", what: "a frame of a later version" }
        return at
      case "damagedBody":
        this.end = {
          _tag: "NoFrame",
          what: "the frame's body does not match its checksum",
          damagedKey: this.damagedKey()
        }
        return at
      case "invalid":
        this.end = { _tag: "NoFrame", what: "no valid frame begins here", damagedKey: undefined }
        return at
    }
  }

  private takeEntry(at: number): number {
    const { reader } = this
    if (reader.sequence !== this.sequence + 1) {
      const what = `sequence ${reader.sequence} stands where ${this.sequence + 1} belongs`
      this.end = { _tag: "NoFrame", what, damagedKey: undefined }
      return at
    }
    this.sequence = reader.sequence
    if (this.skipping === "restOfBatch") {
      this.skipEntry()
      return reader.next
    }
    const { block, keyLength, keyStart, offset, timestamp } = reader
    if (reader.hasMoreOfBatch) {
      this.batch.push({ bytes: block, keyStart, keyLength, offset, timestamp })
      return reader.next
    }
    this.completeBatch()
    this.addEntry(block, keyStart, keyLength, offset, timestamp)
    this.entryEnd = offset + reader.length
    this.takeWhole(this.entryEnd)
    return reader.next
  }

  private completeBatch(): void {
    if (this.batch.length > 0) {
      for (const { bytes, keyLength, keyStart, offset, timestamp } of this.batch) {
        this.addEntry(bytes, keyStart, keyLength, offset, timestamp)
      }
      this.dropBatch()
    }
  }

  private dropBatch(): void {
    this.batch = []
    this.copied = 0
  }

  private copyKeys(): void {
    for (; this.copied < this.batch.length; this.copied++) {
      const member = this.batch[this.copied]
      if (member !== undefined) {
        member.bytes = member.bytes.slice(member.keyStart, member.keyStart + member.keyLength)
        member.keyStart = 0
      }
    }
  }

  private addEntry(bytes: Uint8Array, keyStart: number, keyLength: number, offset: number, timestamp: number): void {
    if (this.index.entryCount === 0) {
      this.lowestTimestamp = timestamp
    }
    this.highestTimestamp = Math.max(this.highestTimestamp, timestamp)
    this.index.add(bytes, keyStart, keyLength, hashKey(bytes, keyStart, keyStart + keyLength), offset)
  }

  private takeMark(at: number): number {
    const { reader } = this
    if (reader.sequence !== this.sequence || this.batch.length > 0) {
      const what = `a mark of sequence ${reader.sequence} follows ${this.sequence}`
      this.end = { _tag: "NoFrame", what, damagedKey: undefined }
      return at
    }
    this.claimed = Math.max(this.claimed, reader.claim)
    this.takeWhole(reader.offset + reader.length)
    return reader.next
  }

  /** Of a frame whose header verifies and whose body does not. */
  private damagedKey(): Uint8Array | undefined {
    const { at, block, bodyLength, keyStart } = this.reader
    const keyLength = entryKeyLength(block, at)
    const isKey = typeAt(block, at) === ENTRY && keyLength > 0 && keyLength <= MAX_KEY_LENGTH && keyLength <= bodyLength
    return isKey ? block.slice(keyStart, keyStart + keyLength) : undefined
  }

  private takeWhole(end: number): void {
    this.dataLength = end
    this.wholeSequence = this.sequence
    if (this.reader.isLastOfWrite) {
      this.writes = { dataLength: end, lastSequence: this.sequence, highestTimestamp: this.highestTimestamp }
    }
  }

  private takeShort(at: number): number {
    this.wanted = this.reader.length
    const offset = this.position + at
    if (offset + this.wanted > this.limit) {
      this.end = offset === this.limit
        ? { _tag: "EndOfData" }
        : { _tag: "NoFrame", what: "the frame's length points past the end", damagedKey: undefined }
    }
    return at
  }
}
