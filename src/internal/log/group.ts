/**
 * The frames that one write will carry: encoded one behind the other as they are appended, ready for the disk.
 */
import type { AppendError } from "../../WalError.js"
import { equalRange, viewOf } from "../format/bytes.js"
import { entryKeyStart, writeEntryFrame } from "../format/entryFrame.js"
import { FLAG_LAST_OF_WRITE, sealFrame } from "../format/frame.js"
import { SYNC_MARK_FRAME_LENGTH, writeSyncMark } from "../format/syncMark.js"
import type { ActiveIndex } from "../segment/activeIndex.js"

/** Somebody who is told when the group is written, or synced. */
export interface Waiter {
  readonly succeed: () => void
  readonly fail: (error: AppendError) => void
}

const SMALLEST_CAPACITY = 64 * 1024
/** A buffer that grew beyond this is given back after its group. */
const LARGEST_KEPT = 4 * 1024 * 1024
const FEWEST_ROWS = 256
const MOST_ROWS_KEPT = 64 * 1024
/** Of an entry: where its frame begins in the group, how long its key is, and its key's hash. */
const ROW_WORDS = 3

/**
 * Invariants: `view` shows `bytes`. `bytes[0, length)` are whole frames for the segment's offset `start` on, with the sequences from
 * `firstSequence` on; only the header of the last one, at `lastFrameAt`, is not sealed yet. `rows` has a row for each of the
 * `entryCount` entries, in order. Nobody waits for a group that has been cleared.
 */
export class Group {
  bytes = new Uint8Array(SMALLEST_CAPACITY)
  private view = viewOf(this.bytes)
  length = 0
  start = 0
  firstSequence = 0
  firstTimestamp = 0
  lastTimestamp = 0
  entryCount = 0
  /** Appends that were acknowledged before they are written. */
  buffered = 0
  /** Where in the segment everything is synced, as the mark at the group's head claims; 0 without one. */
  claimed = 0
  written: Array<Waiter> = []
  synced: Array<Waiter> = []
  private rows = new Uint32Array(FEWEST_ROWS * ROW_WORDS)
  private lastFrameAt = -1

  constructor(public salt: number) {}

  get isEmpty(): boolean {
    return this.length === 0
  }

  /** Where the group ends in the segment. */
  get end(): number {
    return this.start + this.length
  }

  /** Begins anew, for the segment's offset `start` and the sequence `firstSequence`. */
  begin(salt: number, start: number, firstSequence: number): void {
    this.salt = salt
    this.start = start
    this.firstSequence = firstSequence
  }

  /** Claims, at the head of the group, that the segment before `syncedOffset` is on disk. */
  addMark(lastSequence: number, syncedOffset: number): void {
    this.reserve(SYNC_MARK_FRAME_LENGTH)
    writeSyncMark(this.view, this.length, this.salt, lastSequence, syncedOffset)
    this.claimed = syncedOffset
    this.advance(SYNC_MARK_FRAME_LENGTH)
  }

  /** Frames an entry of `frameLength` bytes behind the others, and answers its body's checksum. */
  addEntry(
    frameLength: number,
    flags: number,
    sequence: number,
    timestamp: number,
    keys: Uint8Array,
    keyStart: number,
    keyLength: number,
    hash: number,
    content: Uint8Array,
    metadata: Uint8Array
  ): number {
    this.reserve(frameLength)
    const at = this.length
    const checksum = writeEntryFrame(
      this.bytes,
      this.view,
      at,
      this.salt,
      flags,
      sequence,
      timestamp,
      keys,
      keyStart,
      keyLength,
      content,
      metadata
    )
    if (this.entryCount === 0) {
      this.firstTimestamp = timestamp
    }
    this.lastTimestamp = timestamp
    this.addRow(at, keyLength, hash)
    this.advance(frameLength)
    return checksum
  }

  /** Completes the frames: the last one is flagged as the last of its write. */
  seal(): void {
    sealFrame(this.view, this.lastFrameAt, this.salt, FLAG_LAST_OF_WRITE)
  }

  /** The bytes to be written, once the group is sealed. */
  get sealedBytes(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }

  /** Adds the entries to the index of their segment. */
  enter(index: ActiveIndex): void {
    const { bytes, entryCount, rows, start } = this
    for (let row = 0; row < entryCount * ROW_WORDS; row += ROW_WORDS) {
      const at = rows[row] ?? 0
      index.add(bytes, entryKeyStart(at), rows[row + 1] ?? 0, rows[row + 2] ?? 0, start + at)
    }
  }

  /** The sequence of the last entry with that key, if there is one. */
  lastSequenceOf(key: Uint8Array, keyLength: number, hash: number): number | undefined {
    const { bytes, rows } = this
    for (let entry = this.entryCount - 1; entry >= 0; entry--) {
      const row = entry * ROW_WORDS
      const isLike = rows[row + 2] === hash && rows[row + 1] === keyLength
      if (isLike && equalRange(bytes, entryKeyStart(rows[row] ?? 0), key, 0, keyLength)) {
        return this.firstSequence + entry
      }
    }
    return undefined
  }

  /** Takes everybody who waits, so that each is told once. */
  takeWaiters(): ReadonlyArray<Waiter> {
    return this.takeWritten().concat(this.takeSynced())
  }

  takeWritten(): ReadonlyArray<Waiter> {
    const { written } = this
    if (written.length === 0) {
      return NOBODY
    }
    this.written = []
    return written
  }

  takeSynced(): ReadonlyArray<Waiter> {
    const { synced } = this
    if (synced.length === 0) {
      return NOBODY
    }
    this.synced = []
    return synced
  }

  /** Whoever waits for it must have been taken before. */
  clear(): void {
    if (this.bytes.length > LARGEST_KEPT) {
      this.turnTo(new Uint8Array(SMALLEST_CAPACITY))
    }
    if (this.rows.length > MOST_ROWS_KEPT * ROW_WORDS) {
      this.rows = new Uint32Array(FEWEST_ROWS * ROW_WORDS)
    }
    this.length = 0
    this.lastFrameAt = -1
    this.entryCount = 0
    this.buffered = 0
    this.claimed = 0
  }

  private addRow(at: number, keyLength: number, hash: number): void {
    const row = this.entryCount * ROW_WORDS
    if (row === this.rows.length) {
      const grown = new Uint32Array(row * 2)
      grown.set(this.rows)
      this.rows = grown
    }
    this.rows[row] = at
    this.rows[row + 1] = keyLength
    this.rows[row + 2] = hash
    this.entryCount++
  }

  private advance(frameLength: number): void {
    if (this.lastFrameAt >= 0) {
      sealFrame(this.view, this.lastFrameAt, this.salt, 0)
    }
    this.lastFrameAt = this.length
    this.length += frameLength
  }

  private turnTo(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes
    this.view = viewOf(bytes)
  }

  private reserve(extra: number): void {
    const needed = this.length + extra
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2))
      grown.set(this.bytes.subarray(0, this.length))
      this.turnTo(grown)
    }
  }
}

const NOBODY: ReadonlyArray<Waiter> = []
