/**
 * The blocks of an index, each with a checksum of its own, so that a few of them are believed without the rest.
 *
 * They begin behind the section table and end where their checksums begin: a block is 4 KiB, the last one what is left.
 */
import { crc32 } from "./crc32.js"

export const BLOCK_LENGTH = 4 * 1024

/** Sections that take no more together have no blocks: reading all of them costs little more than reading one. */
export const LONGEST_WITHOUT_BLOCKS = 64 * 1024

/** What a question needs of an index, from the index's start. */
export interface IndexRange {
  readonly start: number
  readonly end: number
}

/** Where blocks lie, and their checksums. */
export interface Blocks {
  readonly start: number
  readonly end: number
  readonly checksums: Uint32Array
}

export const blockCount = (length: number): number => Math.ceil(length / BLOCK_LENGTH)

/** The checksum of each block from `start` up to `end`. */
export const blockChecksums = (bytes: Uint8Array, start: number, end: number): Uint32Array =>
  Uint32Array.from({ length: blockCount(end - start) }, (_, block) => {
    const at = start + block * BLOCK_LENGTH
    return crc32(bytes, at, Math.min(at + BLOCK_LENGTH, end), 0)
  })

interface Run extends IndexRange {
  readonly bytes: Uint8Array
}

/** What the blocks of a lookup take, if not too many other keys are in the way. */
export const BLOCKS_MEMORY = 16 * BLOCK_LENGTH

/**
 * What was read for one question, so that nothing is read twice.
 *
 * Invariants: what is in `runs` consists of whole blocks, and each of them matches its checksum. Of `memory` the bytes from `taken`
 * on are free.
 */
export class VerifiedBlocks {
  /** How much was read, that which did not verify included. */
  bytesRead = 0
  private readonly runs: Array<Run> = []
  private taken = 0

  /** The memory is nobody else's until the question is answered. */
  constructor(private readonly blocks: Blocks, private readonly memory: Uint8Array) {}

  /** Where to read so many bytes to. */
  spaceFor(length: number): Uint8Array {
    const { memory, taken } = this
    if (taken + length > memory.length) {
      return new Uint8Array(length)
    }
    this.taken += length
    return memory.subarray(taken, taken + length)
  }

  /** A view of the range, if it was read. */
  find({ end, start }: IndexRange): Uint8Array | undefined {
    const run = this.runs.find((candidate) => candidate.start <= start && end <= candidate.end)
    return run?.bytes.subarray(start - run.start, end - run.start)
  }

  /** The whole blocks that have to be read for a range; nothing where it reaches beyond them. */
  around({ end, start }: IndexRange): IndexRange | undefined {
    const { blocks } = this
    if (start < blocks.start || start > end || end > blocks.end) {
      return undefined
    }
    const first = Math.floor((start - blocks.start) / BLOCK_LENGTH)
    const last = blockCount(end - blocks.start)
    return {
      start: blocks.start + first * BLOCK_LENGTH,
      end: Math.min(blocks.start + last * BLOCK_LENGTH, blocks.end)
    }
  }

  /** Takes the bytes of whole blocks, if they are all there and verify. */
  add({ end, start }: IndexRange, bytes: Uint8Array): boolean {
    this.bytesRead += bytes.length
    if (bytes.length !== end - start) {
      return false
    }
    const { blocks } = this
    let block = Math.floor((start - blocks.start) / BLOCK_LENGTH)
    for (let at = 0; at < bytes.length; at += BLOCK_LENGTH) {
      if (crc32(bytes, at, Math.min(at + BLOCK_LENGTH, bytes.length), 0) !== blocks.checksums[block]) {
        return false
      }
      block++
    }
    this.runs.push({ start, end, bytes })
    return true
  }
}
