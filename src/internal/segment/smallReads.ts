/**
 * Memory for small reads, side by side in larger blocks: an allocation of its own costs more than what is read into it.
 */
import type { WalIoError } from "../../WalError.js"
import { align, EMPTY } from "../format/bytes.js"
import { FrameReader } from "../format/frameReader.js"
import type { FileNow } from "./segmentFile.js"

/** What an entry that is kept for long holds on to at most, beside itself. */
const BLOCK_LENGTH = 16 * 1024

/**
 * Whoever reads also takes what is to be emitted, and keeps that, before anything else runs.
 *
 * Invariants: everything in `block` before `start` was kept, and is never written again. `start` is a multiple of 8, as is
 * every frame's place in its file.
 */
export class SmallReads {
  private block = EMPTY
  private start = 0
  private readonly reader = new FrameReader(0, EMPTY, 0)

  /** Reads `length` bytes of a segment from `offset` on, or up to the file's end; answers how many there were. */
  read(file: FileNow, offset: number, length: number): number | WalIoError {
    if (this.block.length - this.start < length) {
      this.block = new Uint8Array(Math.max(length, BLOCK_LENGTH))
      this.start = 0
    }
    return file.readAt(this.block, this.start, length, offset)
  }

  /** For what was just read from `offset` on, which lies in its block from `origin` on; good until the next read. */
  readerFor(salt: number, offset: number): FrameReader {
    this.reader.turnTo(this.block, offset - this.start, salt)
    return this.reader
  }

  /** The first `length` bytes of what was just read are emitted. */
  keep(length: number): void {
    this.start += align(length)
  }
}
