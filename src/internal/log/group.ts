/**
 * The frames that one write will carry: encoded one behind the other as they are appended, ready for the disk.
 */
import type { AppendError } from "../../WalError.js"
import { entryKeyStart, writeEntryFrame } from "../format/entryFrame.js"
import { FLAG_LAST_OF_WRITE, sealFrame } from "../format/frame.js"
import { SYNC_MARK_FRAME_LENGTH, writeSyncMark } from "../format/syncMark.js"

/** Somebody who is told when the group is written, or synced. */
export interface Waiter {
  readonly succeed: () => void
  readonly fail: (error: AppendError) => void
}

const SMALLEST_CAPACITY = 64 * 1024
/** A buffer that grew beyond this is given back after its group. */
const LARGEST_KEPT = 4 * 1024 * 1024

/**
 * Invariants: `bytes[0, length)` are whole frames for the segment's offset `start` on, with the sequences from
 * `firstSequence` on; only the header of the last one, at `lastFrameAt`, is not sealed yet. `offsets`, `keyLengths` and
 * `hashes` have one element for each entry, in order. Nobody waits for a group that has been cleared.
 */
export class Group {
  bytes = new Uint8Array(SMALLEST_CAPACITY)
  length = 0
  start = 0
  firstSequence = 0
  firstTimestamp = 0
  lastTimestamp = 0
  /** Of each entry's frame, in the group. */
  offsets: Array<number> = []
  keyLengths: Array<number> = []
  hashes: Array<number> = []
  /** Appends that were acknowledged before they are written. */
  buffered = 0
  /** Where in the segment everything is synced, as the mark at the group's head claims; 0 without one. */
  claimed = 0
  written: Array<Waiter> = []
  synced: Array<Waiter> = []
  private lastFrameAt = -1

  constructor(public salt: number) {}

  get entryCount(): number {
    return this.offsets.length
  }

  get isEmpty(): boolean {
    return this.length === 0
  }

  /** Where the group ends in the segment. */
  get end(): number {
    return this.start + this.length
  }

  /** Where the key of the entry begins whose frame begins at `at`. */
  keyStart(at: number): number {
    return entryKeyStart(at)
  }

  /** Begins anew, for the segment's offset `start` and the sequence after `lastSequence`. */
  begin(salt: number, start: number, firstSequence: number): void {
    this.salt = salt
    this.start = start
    this.firstSequence = firstSequence
  }

  /** Claims, at the head of the group, that the segment before `syncedOffset` is on disk. */
  addMark(lastSequence: number, syncedOffset: number): void {
    this.reserve(SYNC_MARK_FRAME_LENGTH)
    writeSyncMark(this.bytes, this.length, this.salt, lastSequence, syncedOffset)
    this.claimed = syncedOffset
    this.advance(SYNC_MARK_FRAME_LENGTH)
  }

  /** Frames an entry of `frameLength` bytes behind the others, and answers its body's checksum. */
  addEntry(
    frameLength: number,
    flags: number,
    sequence: number,
    timestamp: number,
    key: Uint8Array,
    keyLength: number,
    hash: number,
    content: Uint8Array,
    metadata: Uint8Array
  ): number {
    this.reserve(frameLength)
    const at = this.length
    const checksum = writeEntryFrame(
      this.bytes,
      at,
      this.salt,
      flags,
      sequence,
      timestamp,
      key,
      keyLength,
      content,
      metadata
    )
    if (this.offsets.length === 0) {
      this.firstTimestamp = timestamp
    }
    this.lastTimestamp = timestamp
    this.offsets.push(at)
    this.keyLengths.push(keyLength)
    this.hashes.push(hash)
    this.advance(frameLength)
    return checksum
  }

  /** The bytes to be written, the last frame flagged as the last of its write. */
  seal(): Uint8Array {
    sealFrame(this.bytes, this.lastFrameAt, this.salt, FLAG_LAST_OF_WRITE)
    return this.bytes.subarray(0, this.length)
  }

  /** Takes everybody who waits, so that each is told once. */
  takeWaiters(): Array<Waiter> {
    const waiters = this.written.concat(this.synced)
    this.written = []
    this.synced = []
    return waiters
  }

  clear(): void {
    if (this.bytes.length > LARGEST_KEPT) {
      this.bytes = new Uint8Array(SMALLEST_CAPACITY)
    }
    this.length = 0
    this.lastFrameAt = -1
    this.offsets = []
    this.keyLengths = []
    this.hashes = []
    this.buffered = 0
    this.claimed = 0
    this.written = []
    this.synced = []
  }

  private advance(frameLength: number): void {
    if (this.lastFrameAt >= 0) {
      sealFrame(this.bytes, this.lastFrameAt, this.salt, 0)
    }
    this.lastFrameAt = this.length
    this.length += frameLength
  }

  private reserve(extra: number): void {
    const needed = this.length + extra
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2))
      grown.set(this.bytes.subarray(0, this.length))
      this.bytes = grown
    }
  }
}
