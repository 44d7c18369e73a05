/**
 * Reads a segment from front to back, block by block; of a file with direct calls the next block while the last one is taken apart.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import type { WalIoError } from "../../WalError.js"
import { align } from "../format/bytes.js"
import { FRAME_HEADER_LENGTH } from "../format/frame.js"
import { readBlock } from "./scan.js"
import type { SegmentFile } from "./segmentFile.js"

const BLOCK_LENGTH = 1024 * 1024
const SHORTEST_HEADROOM = 4 * 1024

/** The segment's bytes from `offset` on. */
interface Block {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** A block that is being read, with room in front of it for the frame that begins in the block before. */
interface Ahead {
  readonly offset: number
  readonly memory: Uint8Array
  readonly headroom: number
  readonly reading: Fiber.RuntimeFiber<number, WalIoError>
}

/**
 * Blocks are views' memory: none is written again once it was answered.
 *
 * Invariants: `ahead` begins where `last` ends, and is kept until its read is over, so that whoever closes this can wait for
 * that. `headroom` is as long as the longest frame that was asked for, within its bounds.
 */
export class FrameBlocks {
  private last: Block = { offset: 0, bytes: new Uint8Array(0) }
  private ahead: Ahead | undefined = undefined
  private headroom = SHORTEST_HEADROOM

  /** `end`: where the segment's frames end. One user at a time, one call at a time. */
  constructor(readonly file: SegmentFile, private readonly end: number) {}

  /** The bytes from `offset` on, up to the end: `wanted` or more of them, or as many as there are. */
  from(offset: number, wanted: number): Effect.Effect<Uint8Array, WalIoError> {
    return Effect.suspend(() => {
      const rest = this.restOfLast(offset)
      if (rest >= Math.max(wanted, FRAME_HEADER_LENGTH)) {
        return Effect.succeed(this.last.bytes.subarray(this.last.bytes.length - rest))
      }
      this.headroom = Math.max(this.headroom, Math.min(align(wanted), BLOCK_LENGTH))
      const { ahead } = this
      if (ahead === undefined) {
        return this.readAt(offset, wanted)
      }
      return this.follows(ahead, offset, wanted)
        ? Effect.flatMap(Effect.flatten(this.landed(ahead)), (count) => this.joined(ahead, offset, count))
        : Effect.zipRight(this.landed(ahead), this.readAt(offset, wanted))
    })
  }

  /** Waits for what is being read: until then the file must not be closed. */
  readonly close: Effect.Effect<void> = Effect.suspend(() =>
    this.ahead === undefined ? Effect.void : Effect.asVoid(this.landed(this.ahead))
  )

  /** How much of the last block there is from `offset` on. */
  private restOfLast(offset: number): number {
    return offset < this.last.offset ? 0 : this.last.offset + this.last.bytes.length - offset
  }

  private readAt(offset: number, wanted: number): Effect.Effect<Uint8Array, WalIoError> {
    const length = Math.min(Math.max(BLOCK_LENGTH, wanted), this.end - offset)
    return Effect.flatMap(
      readBlock(this.file, offset, length),
      (bytes) => this.answer(offset, bytes, bytes.length === length ? "more" : "no more")
    )
  }

  private follows({ headroom, memory, offset: start }: Ahead, offset: number, wanted: number): boolean {
    const before = start - offset
    return offset >= this.last.offset && before >= 0 && before <= headroom
      && (before + memory.length - headroom >= wanted || start + memory.length - headroom === this.end)
  }

  private landed(ahead: Ahead): Effect.Effect<Exit.Exit<number, WalIoError>> {
    return Effect.map(Fiber.await(ahead.reading), (exit) => {
      this.ahead = undefined
      return exit
    })
  }

  /** The end of the last block is copied in front of the one that follows. */
  private joined(
    { headroom, memory, offset: start }: Ahead,
    offset: number,
    count: number
  ): Effect.Effect<Uint8Array> {
    const before = start - offset
    memory.set(this.last.bytes.subarray(offset - this.last.offset), headroom - before)
    const isWhole = count === memory.length - headroom
    return this.answer(offset, memory.subarray(headroom - before, headroom + count), isWhole ? "more" : "no more")
  }

  /** A file that ended too early has nothing more to be read ahead. */
  private answer(offset: number, bytes: Uint8Array, rest: "more" | "no more"): Effect.Effect<Uint8Array> {
    this.last = { offset, bytes }
    const next = offset + bytes.length
    return this.file.now === undefined || rest === "no more" || next >= this.end
      ? Effect.succeed(bytes)
      : Effect.as(this.readAhead(next), bytes)
  }

  /** Begun before this ends: a fiber that is forked would wait until this one gives way. */
  private readAhead(offset: number): Effect.Effect<void> {
    return Effect.map(Effect.runtime(), (runtime) => {
      const { headroom } = this
      const memory = new Uint8Array(headroom + Math.min(BLOCK_LENGTH, this.end - offset))
      const reading = Runtime.runFork(runtime, this.file.readAt(memory.subarray(headroom), offset))
      this.ahead = { offset, memory, headroom, reading }
    })
  }
}
