/**
 * Reads frames out of a block of a segment, and says of each whether it verifies.
 */
import { EMPTY, getU64, isZero, UNSAFE, viewOf } from "./bytes.js"
import {
  entryContentLengthStart,
  entryContentStart,
  entryKeyStart,
  FIXED_BODY_LENGTH,
  KEY_LENGTH_AT,
  MAX_KEY_LENGTH,
  TIMESTAMP_AT
} from "./entryFrame.js"
import {
  beginsFrame,
  BODY_CHECKSUM_AT,
  BODY_LENGTH_AT,
  bodyVerifies,
  ENTRY,
  FLAG_LAST_OF_WRITE,
  FLAG_MORE,
  FLAGS_AT,
  FRAME_HEADER_LENGTH,
  frameLength,
  KNOWN_FLAGS,
  METADATA_LENGTH_AT,
  SEQUENCE_AT,
  SYNC_MARK,
  TYPE_AT
} from "./frame.js"
import { endOfWholeRun } from "./frameRun.js"
import { SYNC_MARK_BODY_LENGTH, syncMarkClaim } from "./syncMark.js"

/**
 * - `entry`, `mark`: it verifies, and the reader's fields describe it.
 * - `short`: the block ends before the frame does; `length` says how much there must be.
 * - `damagedBody`: the header verifies and the body does not; `length` and `sequence` can be believed.
 * - `unknown`: it verifies, and comes from a later version.
 * - `invalid`: no frame.
 */
export type FrameStatus = "entry" | "mark" | "short" | "damagedBody" | "unknown" | "invalid"

/**
 * A cursor that is used again for every frame, so that reading allocates nothing.
 *
 * Invariants: the fields describe the frame of the last `read`, as far as its status says that they can be believed.
 * Offsets are those of the block; `origin` is where the block begins in its segment. `view` shows the block's bytes: it
 * reads a number in one step, where bytes would have to be put together. Frames from the one that `readNext` was last asked for up
 * to `checkedEnd` have verified.
 */
export class FrameReader {
  salt = 0
  block: Uint8Array = EMPTY
  origin = 0
  at = 0
  /** Of the whole frame, padding included. */
  length = 0
  flags = 0
  sequence = 0
  bodyLength = 0
  metadataLength = 0
  checksum = 0
  /** Of an entry. */
  timestamp = 0
  keyLength = 0
  contentLength = 0
  private view: DataView = NO_VIEW
  private checkedEnd = 0

  constructor(salt: number, block: Uint8Array, origin: number) {
    this.turnTo(block, origin, salt)
  }

  /** Goes on with another block, which begins at `origin` in the segment. */
  turnTo(block: Uint8Array, origin: number, salt = this.salt): void {
    this.salt = salt
    this.origin = origin
    this.checkedEnd = 0
    if (block !== this.block) {
      this.block = block
      this.view = viewOf(block)
    }
  }

  /** The frame at `at`; the block is believed up to `limit`, which it reaches. */
  read(at: number, limit: number): FrameStatus {
    const { salt, view } = this
    this.at = at
    this.checkedEnd = 0
    if (at + FRAME_HEADER_LENGTH > limit) {
      this.length = FRAME_HEADER_LENGTH
      return "short"
    }
    if (!beginsFrame(view, at, salt)) {
      return "invalid"
    }
    this.readHeader()
    if (at + this.length > limit) {
      return "short"
    }
    const bodyEnd = at + FRAME_HEADER_LENGTH + this.bodyLength
    return bodyVerifies(view, at, this.bodyLength, salt) && isZero(this.block, bodyEnd, at + this.length)
      ? this.readBody()
      : "damagedBody"
  }

  /**
   * The same, for who reads one frame after the other, each where the last one ended: while they verify, their bodies are
   * checked many at a time, which takes a third of the time.
   */
  readNext(at: number, limit: number): FrameStatus {
    if (at >= this.checkedEnd) {
      this.checkedEnd = endOfWholeRun(this.view, at, limit, this.salt)
      if (at >= this.checkedEnd) {
        return this.read(at, limit)
      }
    }
    this.at = at
    this.readHeader()
    return this.readBody()
  }

  private readHeader(): void {
    const { at, view } = this
    this.bodyLength = view.getUint32(at + BODY_LENGTH_AT, true)
    this.length = frameLength(this.bodyLength)
    this.flags = view.getUint8(at + FLAGS_AT)
    this.sequence = getU64(view, at + SEQUENCE_AT)
    this.metadataLength = view.getUint16(at + METADATA_LENGTH_AT, true)
    this.checksum = view.getUint32(at + BODY_CHECKSUM_AT, true)
  }

  /** Of a frame that verifies. */
  private readBody(): FrameStatus {
    const type = this.view.getUint8(this.at + TYPE_AT)
    if (this.sequence === UNSAFE) {
      return "damagedBody"
    }
    if ((type !== ENTRY && type !== SYNC_MARK) || (this.flags & ~KNOWN_FLAGS) !== 0) {
      return "unknown"
    }
    if (type === ENTRY) {
      return this.readEntry()
    }
    return this.bodyLength === SYNC_MARK_BODY_LENGTH && this.isTrueClaim() ? "mark" : "damagedBody"
  }

  /** Its lengths have to add up: of a body that verifies they do, unless something else than this library wrote it. */
  private readEntry(): FrameStatus {
    const { at, bodyLength, metadataLength, view } = this
    if (bodyLength < FIXED_BODY_LENGTH) {
      return "damagedBody"
    }
    const keyLength = getU64(view, at + KEY_LENGTH_AT)
    const contentLength = bodyLength - FIXED_BODY_LENGTH - keyLength - metadataLength
    if (keyLength < 1 || keyLength > MAX_KEY_LENGTH || contentLength < 0) {
      return "damagedBody"
    }
    this.timestamp = getU64(view, at + TIMESTAMP_AT)
    this.keyLength = keyLength
    this.contentLength = getU64(view, entryContentLengthStart(at, keyLength))
    return this.timestamp >= 0 && this.contentLength === contentLength ? "entry" : "damagedBody"
  }

  /** A mark cannot promise more than what came before it. */
  private isTrueClaim(): boolean {
    const claim = this.claim
    return claim !== UNSAFE && claim <= this.offset
  }

  /** Where the frame begins in its segment. */
  get offset(): number {
    return this.origin + this.at
  }

  /** Where the next frame begins in the block. */
  get next(): number {
    return this.at + this.length
  }

  get hasMoreOfBatch(): boolean {
    return (this.flags & FLAG_MORE) !== 0
  }

  get isLastOfWrite(): boolean {
    return (this.flags & FLAG_LAST_OF_WRITE) !== 0
  }

  /** Of a mark: everything before this offset had been synced. */
  get claim(): number {
    return syncMarkClaim(this.block, this.at)
  }

  get keyStart(): number {
    return entryKeyStart(this.at)
  }

  /** Views of the block, not copies. */
  get key(): Uint8Array {
    return partOf(this.block, this.keyStart, this.keyLength)
  }

  get content(): Uint8Array {
    return partOf(this.block, entryContentStart(this.at, this.keyLength), this.contentLength)
  }

  get metadata(): Uint8Array {
    const { bodyLength, metadataLength } = this
    return partOf(this.block, this.at + FRAME_HEADER_LENGTH + bodyLength - metadataLength, metadataLength)
  }
}

/** What `subarray` gives, for two thirds of its cost. */
const partOf = (block: Uint8Array, start: number, length: number): Uint8Array =>
  new Uint8Array(block.buffer, block.byteOffset + start, length)

const NO_VIEW = new DataView(new ArrayBuffer(0))
