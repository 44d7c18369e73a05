import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { crc32 as zlibCrc32 } from "node:zlib"
import { utf8 } from "../../../src/internal/format/bytes.js"
import { crc32 } from "../../../src/internal/format/crc32.js"
import { u32s } from "./frames.js"

const ZLIB_LENGTH = 512

/** Bit by bit, as the definition says: reflected, begun and ended with all bits turned over. */
const bitwise = (bytes: Uint8Array, seed: number): number => {
  let value = ~seed
  for (const byte of bytes) {
    value ^= byte
    for (let bit = 0; bit < 8; bit++) {
      value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
    }
  }
  return ~value >>> 0
}

describe("crc32", () => {
  it("has the published check value", () => {
    expect(crc32(utf8("123456789"), 0, 9, 0)).toBe(0xcbf43926)
  })

  it("of nothing is the seed", () => {
    FastCheck.assert(
      FastCheck.property(u32s, (seed) => {
        expect(crc32(new Uint8Array(0), 0, 0, seed)).toBe(seed)
      })
    )
  })

  it("agrees with zlib and with the definition at every length around the threshold", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.uint8Array({ minLength: ZLIB_LENGTH + 40, maxLength: ZLIB_LENGTH + 40 }),
        u32s,
        (bytes, seed) => {
          for (let length = 0; length <= bytes.length; length++) {
            const part = bytes.subarray(0, length)
            const checksum = crc32(part, 0, length, seed)
            expect(checksum).toBe(zlibCrc32(part, seed))
            expect(checksum).toBe(bitwise(part, seed))
          }
        }
      ),
      { numRuns: 20 }
    )
  })

  it("agrees with zlib wherever the range begins, in its buffer and in the buffer's memory", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.uint8Array({ minLength: 120, maxLength: 120 }),
        FastCheck.nat(9),
        FastCheck.nat(9),
        FastCheck.nat(100),
        u32s,
        (memory, origin, start, length, seed) => {
          const bytes = memory.subarray(origin)
          const checksum = crc32(bytes, start, start + length, seed)
          expect(checksum).toBe(zlibCrc32(bytes.subarray(start, start + length), seed))
        }
      ),
      { numRuns: 1000 }
    )
  })

  it("covers its range and nothing else", () => {
    const around = FastCheck.uint8Array({ maxLength: 10 })
    FastCheck.assert(
      FastCheck.property(
        around,
        FastCheck.uint8Array({ maxLength: 130 }),
        around,
        u32s,
        (before, bytes, after, seed) => {
          const whole = Uint8Array.from([...before, ...bytes, ...after])
          const end = before.length + bytes.length
          expect(crc32(whole, before.length, end, seed)).toBe(bitwise(bytes, seed))
        }
      )
    )
  })

  it("chains: the checksum of what came before is the seed of what follows", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.uint8Array({ minLength: 1, maxLength: 200 }),
        FastCheck.nat(),
        u32s,
        (bytes, point, seed) => {
          const middle = point % bytes.length
          const first = crc32(bytes, 0, middle, seed)
          expect(crc32(bytes, middle, bytes.length, first)).toBe(crc32(bytes, 0, bytes.length, seed))
        }
      )
    )
  })

  it("of the same bytes differs whenever the seed does", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.uint8Array({ maxLength: 200 }), u32s, u32s, (bytes, seed, other) => {
        const same = crc32(bytes, 0, bytes.length, seed) === crc32(bytes, 0, bytes.length, other)
        expect(same).toBe(seed === other)
      })
    )
  })
})
