/**
 * Memory for small reads, side by side in larger blocks: an allocation of its own costs more than what is read into it.
 */
import { align } from "../format/bytes.js"

/** What an entry that is kept for long holds on to at most, beside itself. */
const BLOCK_LENGTH = 16 * 1024

/**
 * Whoever reads asks for room, reads into it, and keeps as much of it as is emitted, before anything else runs.
 *
 * Invariant: everything in `block` before `start` was kept, and is never written again.
 */
export class SmallReads {
  block = new Uint8Array(0)
  /** Where there is room: a multiple of 8, as in a file. */
  start = 0

  /** Makes room for `length` bytes of `block` from `start` on. */
  makeRoom(length: number): void {
    if (this.block.length - this.start < length) {
      this.block = new Uint8Array(Math.max(length, BLOCK_LENGTH))
      this.start = 0
    }
  }

  keep(length: number): void {
    this.start += align(length)
  }
}
