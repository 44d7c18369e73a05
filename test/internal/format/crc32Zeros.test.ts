import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { crc32 } from "../../../src/internal/format/crc32.js"
import { afterZeros, MOST_ZEROS } from "../../../src/internal/format/crc32Zeros.js"
import { concat, u32s } from "./frames.js"

/** The register after those bytes, begun with `register`. */
const after = (bytes: Uint8Array, register: number): number => ~crc32(bytes, 0, bytes.length, ~register >>> 0)

const contents = FastCheck.uint8Array({ maxLength: 300 })

describe("afterZeros", () => {
  it("is what as many bytes of zeros make of the register", () => {
    FastCheck.assert(
      FastCheck.property(u32s, FastCheck.nat(MOST_ZEROS), (seed, zeros) => {
        expect(afterZeros(seed | 0, zeros)).toBe(after(new Uint8Array(zeros), seed | 0))
      })
    )
    expect(afterZeros(0x1234_5678, MOST_ZEROS)).toBe(after(new Uint8Array(MOST_ZEROS), 0x1234_5678))
  })

  it("of none is the register itself", () => {
    FastCheck.assert(
      FastCheck.property(u32s, (seed) => {
        expect(afterZeros(seed | 0, 0)).toBe(seed | 0)
      })
    )
  })

  it("joins the checksums of two parts to that of the whole", () => {
    FastCheck.assert(
      FastCheck.property(contents, contents, u32s, (first, second, seed) => {
        const register = seed | 0
        const joined = afterZeros(after(first, register), second.length) ^ after(second, 0)
        expect(joined).toBe(after(concat(first, second), register))
      })
    )
  })
})
