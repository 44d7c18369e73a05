import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { writeU16, writeU32, writeU64 } from "../../../src/internal/format/bytes.js"
import { crc32 } from "../../../src/internal/format/crc32.js"
import {
  decodeSealTrailer,
  encodeSealTrailer,
  SEAL_TRAILER_LENGTH,
  type SealTrailer
} from "../../../src/internal/format/sealTrailer.js"
import { fromHex, safeIntegers, singleBitFlips, toHex, u32s } from "./frames.js"

const trailer: SealTrailer = {
  kind: "rotated",
  id: 7,
  baseSequence: 1001,
  lastSequence: 1003,
  lowestTimestamp: 1_700_000_000_000,
  highestTimestamp: 1_700_000_000_250,
  sealedAt: 1_700_000_009_999,
  dataLength: 4096,
  indexLength: 512,
  entryCount: 3,
  salt: 0x12345678,
  indexTableChecksum: 0xcafebabe
}

const rotated = fromHex(`
  4e414e4f5345414c 0100800001000000
  0700000000000000 e903000000000000
  eb03000000000000 0068e5cf8b010000
  fa68e5cf8b010000 0f8fe5cf8b010000
  0010000000000000 0002000000000000
  0300000078563412 0000000000000000
  0000000000000000 0000000000000000
  0000000000000000 bebafeca813fc531`)

const trailers: FastCheck.Arbitrary<SealTrailer> = FastCheck.record({
  kind: FastCheck.constantFrom<SealTrailer["kind"]>("rotated", "closed"),
  id: FastCheck.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  baseSequence: FastCheck.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 0xffff_ffff }),
  lowestTimestamp: safeIntegers,
  highestTimestamp: safeIntegers,
  sealedAt: safeIntegers,
  dataLength: safeIntegers,
  indexLength: safeIntegers,
  entryCount: u32s,
  salt: u32s,
  indexTableChecksum: u32s
}).map((fields) => Object.assign(fields, { lastSequence: fields.baseSequence + fields.entryCount - 1 }))

const altered = (alter: (bytes: Uint8Array) => void): Uint8Array => {
  const bytes = rotated.slice()
  alter(bytes)
  writeU32(bytes, 124, crc32(bytes, 0, 124, 0))
  return bytes
}

const tagOf = (bytes: Uint8Array): string => decodeSealTrailer(bytes)._tag

describe("a seal's trailer", () => {
  it("of a rotated segment is these 128 bytes", () => {
    expect(rotated.length).toBe(SEAL_TRAILER_LENGTH)
    expect(toHex(encodeSealTrailer(trailer))).toBe(toHex(rotated))
    expect(decodeSealTrailer(rotated)).toEqual({ _tag: "Trailer", trailer })
  })

  it("of a closed segment differs in the flags and the checksum alone", () => {
    const closed = rotated.slice()
    closed.set(fromHex("00000000"), 12)
    closed.set(fromHex("be0f3d00"), 124)
    expect(toHex(encodeSealTrailer({ ...trailer, kind: "closed" }))).toBe(toHex(closed))
  })

  it("decodes to what was encoded", () => {
    FastCheck.assert(
      FastCheck.property(trailers, (trailer) => {
        expect(decodeSealTrailer(encodeSealTrailer(trailer))).toEqual({ _tag: "Trailer", trailer })
      })
    )
  })

  it("is none when any one bit of it is turned over", () => {
    const tags = singleBitFlips(rotated).map(tagOf)
    expect(tags).toHaveLength(1024)
    expect(new Set(tags)).toEqual(new Set(["None"]))
  })

  it("is none when there are not 128 bytes, or when they are zeros", () => {
    expect(tagOf(rotated.subarray(1))).toBe("None")
    expect(tagOf(rotated.subarray(0, 127))).toBe("None")
    expect(tagOf(Uint8Array.from([...rotated, 0]))).toBe("None")
    expect(tagOf(new Uint8Array(0))).toBe("None")
    expect(tagOf(new Uint8Array(128))).toBe("None")
  })

  it("of a later version, of another length, or with unknown flags is unknown", () => {
    expect(tagOf(altered((bytes) => writeU16(bytes, 8, 2)))).toBe("Unknown")
    expect(tagOf(altered((bytes) => writeU16(bytes, 10, 136)))).toBe("Unknown")
    for (let bit = 1; bit < 32; bit++) {
      expect(tagOf(altered((bytes) => writeU32(bytes, 12, (1 << bit) >>> 0)))).toBe("Unknown")
    }
  })

  it("with a number above 2^53 - 1 is none, although its checksum is right", () => {
    for (const at of [16, 24, 32, 40, 48, 56, 64, 72]) {
      expect(tagOf(altered((bytes) => writeU64(bytes, at, 2 ** 53)))).toBe("None")
      expect(tagOf(altered((bytes) => writeU64(bytes, at, 2 ** 64 - 2048)))).toBe("None")
    }
  })

  it("is none when its sequences and its entry count do not add up", () => {
    expect(tagOf(altered((bytes) => writeU64(bytes, 32, 1004)))).toBe("None")
    expect(tagOf(altered((bytes) => writeU32(bytes, 80, 2)))).toBe("None")
  })

  it("is none with the segment id 0 or the base sequence 0", () => {
    expect(tagOf(altered((bytes) => writeU64(bytes, 16, 0)))).toBe("None")
    const withoutBase = altered((bytes) => {
      writeU64(bytes, 24, 0)
      writeU64(bytes, 32, 2 ** 53)
      writeU32(bytes, 80, 0)
    })
    expect(tagOf(withoutBase)).toBe("None")
  })

  it("of an empty segment ends before it begins", () => {
    const empty = { ...trailer, lastSequence: 1000, entryCount: 0, lowestTimestamp: 0, highestTimestamp: 0 }
    expect(decodeSealTrailer(encodeSealTrailer(empty))).toEqual({ _tag: "Trailer", trailer: empty })
  })

  it("may carry a digest", () => {
    expect(decodeSealTrailer(altered((bytes) => bytes.fill(0xd1, 88, 120)))).toEqual({ _tag: "Trailer", trailer })
  })
})
