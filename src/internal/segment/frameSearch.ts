/**
 * Searches the bytes beyond a gap, at every multiple of 8, for frames that verify: what they claim to be synced decides
 * between a torn tail and damage, and their sequences tell what was lost.
 */
import { ALIGNMENT, viewOf } from "../format/bytes.js"
import {
  bodyLengthAt,
  FLAG_MORE,
  flagsAt,
  FRAME_HEADER_LENGTH,
  frameLength,
  headerVerifies,
  typeAt
} from "../format/frame.js"
import { FrameReader } from "../format/frameReader.js"

/** A frame that verifies, out of its place. */
export interface FoundFrame {
  readonly kind: "entry" | "mark"
  readonly offset: number
  readonly sequence: number
  readonly batch: "more" | "last"
  /** Whether the damaged frame that ends where this one begins had more of its batch follow, if one is known. */
  readonly follows: "more" | "last" | undefined
}

export interface Search {
  /** The largest offset that a mark claims to be synced. */
  readonly claimed: number
  readonly claimedBy: number
  readonly first: FoundFrame | undefined
  /** The lowest and highest sequence of the entries that verify; 0 where there is none. */
  readonly lowestEntry: number
  readonly highestEntry: number
  readonly unknown: "none" | "found"
}

/**
 * Fed with one block after another, each beginning at `position`.
 *
 * Invariant: every multiple of 8 before `position` was looked at, but for the insides of frames that verify.
 */
export class FrameSearch {
  /** How many bytes the next block needs at least. */
  wanted = FRAME_HEADER_LENGTH
  private readonly reader: FrameReader
  private claimed = 0
  private claimedBy = 0
  private first: FoundFrame | undefined = undefined
  private lowestEntry = 0
  private highestEntry = 0
  private unknown: "none" | "found" = "none"
  /** Where the last damaged frame ends whose header still tells; at first, where a frame would have to begin. */
  private damagedEnd: number
  private damagedBatch: FoundFrame["follows"] = undefined

  /** `until: "first"` ends the search at the first frame with a sequence that can follow `after`. */
  constructor(
    salt: number,
    public position: number,
    public limit: number,
    private readonly after: number,
    private readonly until: "first" | "end"
  ) {
    this.reader = new FrameReader(salt, new Uint8Array(0), 0)
    this.damagedEnd = position
  }

  get isDone(): boolean {
    return this.position + FRAME_HEADER_LENGTH > this.limit || (this.until === "first" && this.first !== undefined)
  }

  feed(block: Uint8Array): void {
    this.reader.turnTo(block, this.position)
    this.wanted = FRAME_HEADER_LENGTH
    let at = this.skipUntyped(block, 0)
    while (at + FRAME_HEADER_LENGTH <= block.length && !this.isDone) {
      const step = this.lookAt(at, block.length)
      if (step === 0) {
        break
      }
      at = this.skipUntyped(block, at + step)
    }
    this.position += at
  }

  /** Goes past zeros at once: what has no type is no frame, and mended it can only be where a damaged frame ends. */
  private skipUntyped(block: Uint8Array, from: number): number {
    const end = block.length - FRAME_HEADER_LENGTH
    const mendable = this.damagedEnd - this.position
    let at = from
    while (at <= end && at !== mendable && typeAt(block, at) === 0) {
      at += ALIGNMENT
    }
    return at
  }

  result(): Search {
    const { claimed, claimedBy, first, highestEntry, lowestEntry, unknown } = this
    return { claimed, claimedBy, first, lowestEntry, highestEntry, unknown }
  }

  /** Answers how far to go on, or 0 when the block ends within a frame that may verify. */
  private lookAt(at: number, blockLength: number): number {
    const { reader } = this
    switch (reader.read(at, blockLength)) {
      case "short":
        return this.needsMore(at) ? 0 : ALIGNMENT
      case "entry":
        this.found("entry")
        this.lowestEntry = this.lowestEntry === 0 ? reader.sequence : Math.min(this.lowestEntry, reader.sequence)
        this.highestEntry = Math.max(this.highestEntry, reader.sequence)
        return reader.length
      case "mark":
        this.found("mark")
        if (reader.claim > this.claimed) {
          this.claimed = reader.claim
          this.claimedBy = reader.offset
        }
        return reader.length
      case "unknown":
        this.unknown = "found"
        return reader.length
      case "damagedBody":
        this.noteDamaged(reader.length, reader.hasMoreOfBatch)
        return ALIGNMENT
      case "invalid":
        this.noteMended(at)
        return ALIGNMENT
    }
  }

  private noteDamaged(length: number, hasMoreOfBatch: boolean): void {
    this.damagedEnd = this.reader.offset + length
    this.damagedBatch = hasMoreOfBatch ? "more" : "last"
  }

  /** One flipped bit in a header is put right by its checksum, so that the frame behind it is known for what it is. */
  private noteMended(at: number): void {
    const { block, offset, salt } = this.reader
    const header = offset === this.damagedEnd ? mendHeader(block, at, salt) : undefined
    if (header !== undefined) {
      this.noteDamaged(frameLength(bodyLengthAt(header, 0)), (flagsAt(header, 0) & FLAG_MORE) !== 0)
    }
  }

  private needsMore(at: number): boolean {
    if (this.position + at + this.reader.length > this.limit) {
      return false
    }
    this.wanted = this.reader.length
    return true
  }

  private found(kind: FoundFrame["kind"]): void {
    const { offset, sequence } = this.reader
    if (kind === "mark" ? sequence >= this.after : sequence > this.after) {
      const follows = offset === this.damagedEnd ? this.damagedBatch : undefined
      this.first ??= { kind, offset, sequence, batch: this.reader.hasMoreOfBatch ? "more" : "last", follows }
    }
  }
}

/** The header with the one bit turned over that makes it verify; the checksum admits at most one for so few bytes. */
const mendHeader = (block: Uint8Array, at: number, salt: number): Uint8Array | undefined => {
  const header = block.slice(at, at + FRAME_HEADER_LENGTH)
  const view = viewOf(header)
  for (let bit = 0; bit < FRAME_HEADER_LENGTH * 8; bit++) {
    turnOver(header, bit)
    if (headerVerifies(view, 0, salt)) {
      return header
    }
    turnOver(header, bit)
  }
  return undefined
}

const turnOver = (bytes: Uint8Array, bit: number): void => {
  const at = bit >>> 3
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7))
}
