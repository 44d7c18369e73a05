/**
 * Searches the bytes beyond a gap, at every multiple of 8, for frames that verify: what they claim to be synced decides
 * between a torn tail and damage, and their sequences tell what was lost.
 */
import { ALIGNMENT } from "../format/bytes.js"
import { FRAME_HEADER_LENGTH } from "../format/frame.js"
import { FrameReader } from "../format/frameReader.js"

/** A frame that verifies, out of its place. */
export interface FoundFrame {
  readonly kind: "entry" | "mark"
  readonly offset: number
  readonly sequence: number
  readonly batch: "more" | "last"
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

  /** `until: "first"` ends the search at the first frame with a sequence that can follow `after`. */
  constructor(
    salt: number,
    public position: number,
    public limit: number,
    private readonly after: number,
    private readonly until: "first" | "end"
  ) {
    this.reader = new FrameReader(salt, new Uint8Array(0), 0)
  }

  get isDone(): boolean {
    return this.position + FRAME_HEADER_LENGTH > this.limit || (this.until === "first" && this.first !== undefined)
  }

  feed(block: Uint8Array): void {
    this.reader.turnTo(block, this.position)
    this.wanted = FRAME_HEADER_LENGTH
    let at = 0
    while (at + FRAME_HEADER_LENGTH <= block.length && !this.isDone) {
      const step = this.lookAt(at, block.length)
      if (step === 0) {
        break
      }
      at += step
    }
    this.position += at
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
      case "invalid":
        return ALIGNMENT
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
      this.first ??= { kind, offset, sequence, batch: this.reader.hasMoreOfBatch ? "more" : "last" }
    }
  }
}
