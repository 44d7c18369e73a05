/**
 * Frames and arbitrary values for the specifications of the byte layer.
 */
import * as FastCheck from "effect/FastCheck"
import { EMPTY, utf8, viewOf, writeU64 } from "../../../src/internal/format/bytes.js"
import { entryFrameLength, writeEntryFrame } from "../../../src/internal/format/entryFrame.js"
import {
  FRAME_HEADER_LENGTH,
  frameLength,
  sealFrame,
  SYNC_MARK,
  writeFrameHeader
} from "../../../src/internal/format/frame.js"

export interface EntryFields {
  readonly flags: number
  readonly sequence: number
  readonly timestamp: number
  readonly key: Uint8Array
  readonly content: Uint8Array
  readonly metadata: Uint8Array
}

export const fields = (partial: Partial<EntryFields> = {}): EntryFields => ({
  flags: 0,
  sequence: 1,
  timestamp: 1_700_000_000_000,
  key: utf8("key"),
  content: utf8("content"),
  metadata: EMPTY,
  ...partial
})

/** Written over bytes that are not zero, as in a buffer that is used again. */
export const entryFrame = (salt: number, partial: Partial<EntryFields> = {}): Uint8Array => {
  const { content, flags, key, metadata, sequence, timestamp } = fields(partial)
  const frame = new Uint8Array(entryFrameLength(key.length, content.length, metadata.length)).fill(0xa5)
  writeEntryFrame(frame, viewOf(frame), 0, salt, flags, sequence, timestamp, key, 0, key.length, content, metadata)
  sealFrame(viewOf(frame), 0, salt, 0)
  return frame
}

export const markFrame = (salt: number, sequence: number, syncedOffset: number, flags = 0): Uint8Array => {
  const body = new Uint8Array(8)
  writeU64(body, 0, syncedOffset)
  return rawFrame(salt, { type: SYNC_MARK, flags, sequence, body })
}

/** A frame whose checksums are right, whatever it says. */
export const rawFrame = (
  salt: number,
  { body, flags = 0, metadataLength = 0, sequence = 1, type }: {
    readonly type: number
    readonly flags?: number
    readonly metadataLength?: number
    readonly sequence?: number
    readonly body: Uint8Array
  }
): Uint8Array => {
  const frame = new Uint8Array(frameLength(body.length))
  frame.set(body, FRAME_HEADER_LENGTH)
  writeFrameHeader(viewOf(frame), 0, salt, type, flags, body.length, metadataLength, sequence)
  sealFrame(viewOf(frame), 0, salt, 0)
  return frame
}

export const concat = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => Uint8Array.from(Buffer.concat(parts))

/** The bytes of a hex string; white space in it does not count. */
export const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ""), "hex"))

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

/** A copy with one bit turned over. */
export const flipBit = (bytes: Uint8Array, bit: number): Uint8Array => {
  const at = Math.floor(bit / 8)
  return bytes.with(at, (bytes[at] ?? 0) ^ (1 << bit % 8))
}

/** Every copy that differs in one bit. */
export const singleBitFlips = (bytes: Uint8Array): ReadonlyArray<Uint8Array> =>
  Array.from({ length: bytes.length * 8 }, (_, bit) => flipBit(bytes, bit))

export const u32s: FastCheck.Arbitrary<number> = FastCheck.integer({ min: 0, max: 0xffff_ffff })

export const safeIntegers: FastCheck.Arbitrary<number> = FastCheck.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })

export const sequences: FastCheck.Arbitrary<number> = FastCheck.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

/** What does not fit a safe integer; each a number that a u64 and a double both hold. */
export const unsafeU64s: FastCheck.Arbitrary<number> = FastCheck.constantFrom(2 ** 53, 2 ** 60, 2 ** 63, 2 ** 64 - 2048)

export const entries: FastCheck.Arbitrary<EntryFields> = FastCheck.record({
  flags: FastCheck.integer({ min: 0, max: 3 }),
  sequence: sequences,
  timestamp: safeIntegers,
  key: FastCheck.uint8Array({ minLength: 1, maxLength: 80 }),
  content: FastCheck.uint8Array({ maxLength: 200 }),
  metadata: FastCheck.uint8Array({ maxLength: 80 })
})
