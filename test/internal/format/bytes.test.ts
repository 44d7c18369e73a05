import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import {
  align,
  compareBytes,
  equalBytes,
  equalRange,
  hasAscii,
  isZero,
  readU16,
  readU32,
  readU64,
  UNSAFE,
  utf8,
  writeAscii,
  writeU16,
  writeU32,
  writeU64
} from "../../../src/internal/format/bytes.js"
import { concat, fromHex, safeIntegers, toHex, u32s, unsafeU64s } from "./frames.js"

const written = (length: number, write: (bytes: Uint8Array) => void): string => {
  const bytes = new Uint8Array(length)
  write(bytes)
  return toHex(bytes)
}

describe("numbers", () => {
  it("stand with their lowest byte first", () => {
    expect(written(4, (bytes) => writeU16(bytes, 1, 0x1234))).toBe("00341200")
    expect(written(6, (bytes) => writeU32(bytes, 1, 0x89abcdef))).toBe("00efcdab8900")
    expect(written(10, (bytes) => writeU64(bytes, 1, 0x0f_2345_6789_abcd))).toBe("00cdab896745230f0000")
  })

  it("are written over whatever stood there", () => {
    const bytes = new Uint8Array(8).fill(0xff)
    writeU64(bytes, 0, 1)
    expect(toHex(bytes)).toBe("0100000000000000")
  })

  it("read as they were written, at every offset", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.nat(9),
        FastCheck.integer({ min: 0, max: 0xffff }),
        u32s,
        safeIntegers,
        (at, u16, u32, u64) => {
          const bytes = new Uint8Array(24).fill(0xa5)
          writeU16(bytes, at, u16)
          writeU32(bytes, at + 2, u32)
          writeU64(bytes, at + 6, u64)
          expect([readU16(bytes, at), readU32(bytes, at + 2), readU64(bytes, at + 6)]).toEqual([u16, u32, u64])
          expect(isZero(bytes.map((byte) => byte ^ 0xa5), 0, at)).toBe(true)
          expect(isZero(bytes.map((byte) => byte ^ 0xa5), at + 14, 24)).toBe(true)
        }
      )
    )
  })

  it("read as Node reads them", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.uint8Array({ minLength: 8, maxLength: 8 }), (bytes) => {
        const buffer = Buffer.from(bytes)
        const u64 = buffer.readBigUInt64LE(0)
        expect(readU16(bytes, 0)).toBe(buffer.readUInt16LE(0))
        expect(readU32(bytes, 0)).toBe(buffer.readUInt32LE(0))
        expect(readU64(bytes, 0)).toBe(u64 > BigInt(Number.MAX_SAFE_INTEGER) ? UNSAFE : Number(u64))
      })
    )
  })

  it("of 64 bits are believed up to 2^53 - 1 and not beyond", () => {
    expect(readU64(fromHex("ffffffff ffff1f00"), 0)).toBe(Number.MAX_SAFE_INTEGER)
    expect(readU64(fromHex("00000000 00002000"), 0)).toBe(UNSAFE)
    expect(readU64(fromHex("ffffffff ffffffff"), 0)).toBe(UNSAFE)
    FastCheck.assert(
      FastCheck.property(unsafeU64s, (value) => {
        const bytes = new Uint8Array(8)
        writeU64(bytes, 0, value)
        expect(readU64(bytes, 0)).toBe(UNSAFE)
      })
    )
  })

  it("past the end read as zeros, never as something else", () => {
    expect(readU32(fromHex("ff"), 0)).toBe(0xff)
    expect(readU64(fromHex("ff"), 4)).toBe(0)
  })
})

describe("align", () => {
  it("goes up to the next multiple of 8, and stays on one", () => {
    expect([0, 1, 7, 8, 9, 24, 31].map(align)).toEqual([0, 8, 8, 8, 16, 24, 32])
  })

  it("holds beyond 2^31 and 2^32", () => {
    expect(align(2 ** 31 + 1)).toBe(2 ** 31 + 8)
    expect(align(2 ** 40 - 1)).toBe(2 ** 40)
  })
})

describe("ASCII", () => {
  it("is written and recognised at its place only", () => {
    const bytes = new Uint8Array(10)
    writeAscii(bytes, 1, "NANO-WAL")
    expect(hasAscii(bytes, 1, "NANO-WAL")).toBe(true)
    expect(hasAscii(bytes, 0, "NANO-WAL")).toBe(false)
    expect(hasAscii(bytes, 3, "NANO-WAL")).toBe(false)
    expect(hasAscii(bytes.subarray(0, 8), 1, "NANO-WAL")).toBe(false)
  })
})

describe("isZero", () => {
  it("looks at its range and no further", () => {
    const bytes = fromHex("01 00 00 02")
    expect(isZero(bytes, 1, 3)).toBe(true)
    expect(isZero(bytes, 0, 3)).toBe(false)
    expect(isZero(bytes, 1, 4)).toBe(false)
    expect(isZero(bytes, 2, 2)).toBe(true)
  })
})

describe("comparison", () => {
  it("is that of Node's Buffer: bytes unsigned, the prefix first", () => {
    const bytes = FastCheck.uint8Array({ maxLength: 6 })
    FastCheck.assert(
      FastCheck.property(bytes, bytes, bytes, (prefix, left, right) => {
        const [a, b] = [concat(prefix, left), concat(prefix, right)]
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b))
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
      })
    )
  })

  it("of ranges minds both places", () => {
    const [left, right] = [utf8("xxkeyxx"), utf8("key-")]
    expect(equalRange(left, 2, right, 0, 3)).toBe(true)
    expect(equalRange(left, 2, right, 0, 4)).toBe(false)
    expect(equalRange(left, 1, right, 0, 3)).toBe(false)
    expect(equalRange(left, 0, right, 0, 0)).toBe(true)
  })
})

describe("utf8", () => {
  it("takes one to four bytes a character", () => {
    expect(toHex(utf8("aé€😀"))).toBe("61c3a9e282acf09f9880")
  })
})
