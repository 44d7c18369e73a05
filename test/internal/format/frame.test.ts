import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { viewOf } from "../../../src/internal/format/bytes.js"
import { crc32 } from "../../../src/internal/format/crc32.js"
import {
  bodyChecksumAt,
  bodyLengthAt,
  bodyVerifies,
  FLAG_LAST_OF_WRITE,
  FLAG_MORE,
  flagsAt,
  FRAME_HEADER_LENGTH,
  frameLength,
  headerChecksumAt,
  headerVerifies,
  metadataLengthAt,
  sealFrame,
  sequenceAt,
  typeAt,
  writeFrameHeader
} from "../../../src/internal/format/frame.js"
import { entryFrame, fromHex, safeIntegers, toHex, u32s } from "./frames.js"

const bodies = FastCheck.uint8Array({ maxLength: 150 })
const bytesOf = FastCheck.integer({ min: 0, max: 0xff })
const u16s = FastCheck.integer({ min: 0, max: 0xffff })

describe("a frame", () => {
  it("is 24 bytes, the body, and zeros up to a multiple of 8", () => {
    expect(FRAME_HEADER_LENGTH).toBe(24)
    expect([0, 1, 8, 9, 25].map(frameLength)).toEqual([24, 32, 32, 40, 56])
    FastCheck.assert(
      FastCheck.property(FastCheck.integer({ min: 0, max: 0xffff_ffff }), (bodyLength) => {
        const length = frameLength(bodyLength)
        expect(length % 8).toBe(0)
        expect(length - 24 - bodyLength).toBeGreaterThanOrEqual(0)
        expect(length - 24 - bodyLength).toBeLessThan(8)
      })
    )
  })

  it("has each field at its own offset", () => {
    const header = fromHex("04030201 08070605 0c0b0a09 0d 0e 100f 1716151413121100")
    expect(headerChecksumAt(header, 0)).toBe(0x01020304)
    expect(bodyChecksumAt(header, 0)).toBe(0x05060708)
    expect(bodyLengthAt(header, 0)).toBe(0x090a0b0c)
    expect(typeAt(header, 0)).toBe(0x0d)
    expect(flagsAt(header, 0)).toBe(0x0e)
    expect(metadataLengthAt(header, 0)).toBe(0x0f10)
    expect(sequenceAt(header, 0)).toBe(0x11121314151617)
  })

  it("reads as it was written, anywhere in a buffer that is used again", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.nat(20),
        u32s,
        bytesOf,
        bytesOf,
        bodies,
        u16s,
        safeIntegers,
        (at, salt, type, flags, body, metadataLength, sequence) => {
          const length = frameLength(body.length)
          const bytes = new Uint8Array(at + length + 5).fill(0xa5)
          bytes.set(body, at + FRAME_HEADER_LENGTH)
          const checksum = writeFrameHeader(viewOf(bytes), at, salt, type, flags, body.length, metadataLength, sequence)
          sealFrame(viewOf(bytes), at, salt, 0)
          expect(headerVerifies(viewOf(bytes), at, salt)).toBe(true)
          expect(bodyVerifies(viewOf(bytes), at, body.length, salt)).toBe(true)
          expect(typeAt(bytes, at)).toBe(type)
          expect(flagsAt(bytes, at)).toBe(flags)
          expect(bodyLengthAt(bytes, at)).toBe(body.length)
          expect(metadataLengthAt(bytes, at)).toBe(metadataLength)
          expect(sequenceAt(bytes, at)).toBe(sequence)
          expect(bodyChecksumAt(bytes, at)).toBe(checksum)
          expect(toHex(bytes.subarray(0, at))).toBe("a5".repeat(at))
          expect(toHex(bytes.subarray(at + 24, at + 24 + body.length))).toBe(toHex(body))
          expect(toHex(bytes.subarray(at + 24 + body.length, at + length))).toMatch(/^(00)*$/)
          expect(toHex(bytes.subarray(at + length))).toBe("a5".repeat(5))
        }
      )
    )
  })

  it("has a body checksum over the body alone and a header checksum over bytes 4 to 23, both seeded with the salt", () => {
    FastCheck.assert(
      FastCheck.property(u32s, bodies, (salt, body) => {
        const bytes = new Uint8Array(frameLength(body.length))
        bytes.set(body, 24)
        writeFrameHeader(viewOf(bytes), 0, salt, 1, 0, body.length, 0, 1)
        sealFrame(viewOf(bytes), 0, salt, 0)
        expect(bodyChecksumAt(bytes, 0)).toBe(crc32(body, 0, body.length, salt))
        expect(headerChecksumAt(bytes, 0)).toBe(crc32(bytes, 4, 24, salt))
      })
    )
  })

  it("never verifies under another salt, neither its header nor its body", () => {
    FastCheck.assert(
      FastCheck.property(u32s, u32s, (salt, other) => {
        FastCheck.pre(salt !== other)
        const bytes = entryFrame(salt)
        expect(headerVerifies(viewOf(bytes), 0, other)).toBe(false)
        expect(bodyVerifies(viewOf(bytes), 0, bodyLengthAt(bytes, 0), other)).toBe(false)
      })
    )
  })
})

describe("sealing a frame", () => {
  it("adds flags to those it has, and verifies with them", () => {
    const frame = entryFrame(9, { flags: FLAG_MORE })
    sealFrame(viewOf(frame), 0, 9, FLAG_LAST_OF_WRITE)
    expect(flagsAt(frame, 0)).toBe(3)
    expect(headerVerifies(viewOf(frame), 0, 9)).toBe(true)
  })

  it("again changes nothing", () => {
    const frame = entryFrame(9, { flags: FLAG_LAST_OF_WRITE })
    const again = frame.slice()
    sealFrame(viewOf(again), 0, 9, FLAG_LAST_OF_WRITE)
    expect(toHex(again)).toBe(toHex(frame))
  })

  it("is what makes a header verify", () => {
    const bytes = new Uint8Array(24)
    writeFrameHeader(viewOf(bytes), 0, 0x12345678, 1, 0, 0, 0, 1)
    expect(headerVerifies(viewOf(bytes), 0, 0x12345678)).toBe(false)
    sealFrame(viewOf(bytes), 0, 0x12345678, 0)
    expect(headerVerifies(viewOf(bytes), 0, 0x12345678)).toBe(true)
  })
})
