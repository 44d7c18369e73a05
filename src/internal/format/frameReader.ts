/**
 * Reads frames out of a block of a segment, and says of each whether it verifies.
 */
import { isZero, UNSAFE } from "./bytes.js"
import {
  entryBodyAddsUp,
  entryContentLength,
  entryContentStart,
  entryKeyLength,
  entryKeyStart,
  entryTimestamp
} from "./entryFrame.js"
import {
  bodyChecksumAt,
  bodyLengthAt,
  bodyVerifies,
  ENTRY,
  FLAG_LAST_OF_WRITE,
  FLAG_MORE,
  flagsAt,
  FRAME_HEADER_LENGTH,
  frameLength,
  headerVerifies,
  KNOWN_FLAGS,
  metadataLengthAt,
  sequenceAt,
  SYNC_MARK,
  typeAt
} from "./frame.js"
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
 * Invariant: the fields describe the frame of the last `read`, as far as its status says that they can be believed.
 * Offsets are those of the block; `origin` is where the block begins in its segment.
 */
export class FrameReader {
  at = 0
  /** Of the whole frame, padding included. */
  length = 0
  flags = 0
  sequence = 0
  bodyLength = 0
  metadataLength = 0
  checksum = 0

  constructor(
    readonly salt: number,
    public block: Uint8Array,
    public origin: number
  ) {}

  /** Goes on with another block, which begins at `origin` in the segment. */
  turnTo(block: Uint8Array, origin: number): void {
    this.block = block
    this.origin = origin
  }

  /** The frame at `at`; the block is believed up to `limit`. */
  read(at: number, limit: number): FrameStatus {
    const block = this.block
    this.at = at
    if (at + FRAME_HEADER_LENGTH > limit) {
      this.length = FRAME_HEADER_LENGTH
      return "short"
    }
    const type = typeAt(block, at)
    if (type === 0 || !headerVerifies(block, at, this.salt)) {
      return "invalid"
    }
    this.bodyLength = bodyLengthAt(block, at)
    this.length = frameLength(this.bodyLength)
    this.flags = flagsAt(block, at)
    this.sequence = sequenceAt(block, at)
    this.metadataLength = metadataLengthAt(block, at)
    this.checksum = bodyChecksumAt(block, at)
    return at + this.length > limit ? "short" : this.readBody(type)
  }

  private readBody(type: number): FrameStatus {
    const { at, block, bodyLength } = this
    if (
      this.sequence === UNSAFE
      || !bodyVerifies(block, at, bodyLength, this.salt)
      || !isZero(block, at + FRAME_HEADER_LENGTH + bodyLength, at + this.length)
    ) {
      return "damagedBody"
    }
    if ((type !== ENTRY && type !== SYNC_MARK) || (this.flags & ~KNOWN_FLAGS) !== 0) {
      return "unknown"
    }
    if (type === ENTRY) {
      return entryBodyAddsUp(block, at, bodyLength, this.metadataLength) ? "entry" : "damagedBody"
    }
    return bodyLength === SYNC_MARK_BODY_LENGTH && this.isTrueClaim() ? "mark" : "damagedBody"
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

  get timestamp(): number {
    return entryTimestamp(this.block, this.at)
  }

  get keyStart(): number {
    return entryKeyStart(this.at)
  }

  get keyLength(): number {
    return entryKeyLength(this.block, this.at)
  }

  /** Views of the block, not copies. */
  get key(): Uint8Array {
    return viewOf(this.block, this.keyStart, this.keyLength)
  }

  get content(): Uint8Array {
    const keyLength = this.keyLength
    const start = entryContentStart(this.at, keyLength)
    return viewOf(this.block, start, entryContentLength(this.block, this.at, keyLength))
  }

  get metadata(): Uint8Array {
    const { bodyLength, metadataLength } = this
    return viewOf(this.block, this.at + FRAME_HEADER_LENGTH + bodyLength - metadataLength, metadataLength)
  }
}

/** What `subarray` gives, for two thirds of its cost. */
const viewOf = (block: Uint8Array, start: number, length: number): Uint8Array =>
  new Uint8Array(block.buffer, block.byteOffset + start, length)
