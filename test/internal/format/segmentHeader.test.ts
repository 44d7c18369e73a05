import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { utf8, writeU16, writeU32, writeU64 } from "../../../src/internal/format/bytes.js"
import { crc32 } from "../../../src/internal/format/crc32.js"
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  SEGMENT_HEADER_LENGTH,
  type SegmentHeader
} from "../../../src/internal/format/segmentHeader.js"
import { fromHex, safeIntegers, sequences, singleBitFlips, toHex, u32s } from "./frames.js"

const header: SegmentHeader = {
  id: 7,
  baseSequence: 1001,
  createdAt: 1_700_000_000_000,
  salt: 0x12345678,
  previousDataLength: 4096,
  previousHighestTimestamp: 1_699_999_999_999
}

const golden = fromHex(`
  4e414e4f2d57414c 0100800000000000
  0700000000000000 e903000000000000
  0068e5cf8b010000 7856341200000000
  0010000000000000 ff67e5cf8b010000
  0000000000000000 0000000000000000
  0000000000000000 0000000000000000
  0000000000000000 0000000000000000
  0000000000000000 000000001734bcf2`)

const headers: FastCheck.Arbitrary<SegmentHeader> = FastCheck.record({
  id: sequences,
  baseSequence: sequences,
  createdAt: safeIntegers,
  salt: u32s,
  previousDataLength: safeIntegers,
  previousHighestTimestamp: safeIntegers
})

/** The golden header with something else in it, under a checksum that is right. */
const altered = (alter: (bytes: Uint8Array) => void): Uint8Array => {
  const bytes = golden.slice()
  alter(bytes)
  writeU32(bytes, 124, crc32(bytes, 0, 124, 0))
  return bytes
}

const tagOf = (bytes: Uint8Array): string => decodeSegmentHeader(bytes)._tag

describe("a segment header", () => {
  it("is 128 bytes, these", () => {
    expect(golden.length).toBe(SEGMENT_HEADER_LENGTH)
    expect(toHex(encodeSegmentHeader(header))).toBe(toHex(golden))
  })

  it("decodes from the golden bytes", () => {
    expect(decodeSegmentHeader(golden)).toEqual({ _tag: "Header", header })
  })

  it("decodes to what was encoded, whatever follows it", () => {
    FastCheck.assert(
      FastCheck.property(headers, FastCheck.uint8Array({ maxLength: 40 }), (header, following) => {
        const bytes = Uint8Array.from([...encodeSegmentHeader(header), ...following])
        expect(decodeSegmentHeader(bytes)).toEqual({ _tag: "Header", header })
      })
    )
  })

  it("is damaged when any one bit of it is turned over", () => {
    const tags = singleBitFlips(golden).map(tagOf)
    expect(tags).toHaveLength(1024)
    expect(new Set(tags)).toEqual(new Set(["Damaged"]))
  })

  it("of zeros is damaged: it was a segment once", () => {
    expect(tagOf(new Uint8Array(SEGMENT_HEADER_LENGTH))).toBe("Damaged")
  })

  it("cut short anywhere is damaged", () => {
    for (let length = 0; length < SEGMENT_HEADER_LENGTH; length++) {
      expect(tagOf(golden.subarray(0, length))).toBe("Damaged")
    }
  })

  it("of a later version is unknown, and its version is named", () => {
    const later = decodeSegmentHeader(altered((bytes) => writeU16(bytes, 8, 2)))
    expect(later).toMatchObject({ _tag: "Unknown", what: expect.stringContaining("2") })
  })

  it("of another length, or with flags, is unknown", () => {
    expect(tagOf(altered((bytes) => writeU16(bytes, 10, 256)))).toBe("Unknown")
    for (let bit = 0; bit < 32; bit++) {
      expect(tagOf(altered((bytes) => writeU32(bytes, 12, (1 << bit) >>> 0)))).toBe("Unknown")
    }
  })

  it("is foreign without the magic", () => {
    expect(tagOf(utf8("%PDF-1.7".padEnd(200, " ")))).toBe("Foreign")
    FastCheck.assert(
      FastCheck.property(FastCheck.uint8Array({ minLength: 128, maxLength: 128 }), (bytes) => {
        bytes[0] = 0x21
        expect(tagOf(bytes)).toBe("Foreign")
      })
    )
  })

  it("with a number above 2^53 - 1 is damaged, although its checksum is right", () => {
    for (const at of [16, 24, 32, 48, 56]) {
      expect(tagOf(altered((bytes) => writeU64(bytes, at, 2 ** 53)))).toBe("Damaged")
      expect(tagOf(altered((bytes) => writeU64(bytes, at, 2 ** 64 - 2048)))).toBe("Damaged")
      expect(tagOf(altered((bytes) => writeU64(bytes, at, 2 ** 53 - 1)))).toBe("Header")
    }
  })

  it("with the segment id 0 or the base sequence 0 is damaged", () => {
    expect(tagOf(altered((bytes) => writeU64(bytes, 16, 0)))).toBe("Damaged")
    expect(tagOf(altered((bytes) => writeU64(bytes, 24, 0)))).toBe("Damaged")
  })

  it("may carry a digest of its predecessor", () => {
    expect(decodeSegmentHeader(altered((bytes) => bytes.fill(0xd1, 72, 104)))).toEqual({ _tag: "Header", header })
  })
})
