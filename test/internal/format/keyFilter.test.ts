import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { utf8 } from "../../../src/internal/format/bytes.js"
import { encodeKeyFilter, mayContain } from "../../../src/internal/format/keyFilter.js"
import { hashOf } from "./keys.js"

const hashesOf = (prefix: string, count: number): Uint32Array =>
  Uint32Array.from({ length: count }, (_, index) => hashOf(utf8(`${prefix}-${index}`)))

describe("key filter", () => {
  it("contains every key that it was made of", () => {
    FastCheck.assert(FastCheck.property(FastCheck.uint32Array({ maxLength: 200 }), (hashes) => {
      const filter = encodeKeyFilter(hashes)
      expect(hashes.every((hash) => mayContain(filter, hash))).toBe(true)
    }))
  })

  it.each([[1, 0.001], [24, 0.02], [1_000, 0.02], [100_000, 0.015]])(
    "of %i keys takes other keys for one of them at a rate below %d",
    (count, rate) => {
      const filter = encodeKeyFilter(hashesOf("order", count))
      const others = hashesOf("other", 50_000)
      expect(others.filter((hash) => mayContain(filter, hash)).length / others.length).toBeLessThan(rate)
    }
  )

  it.each([[0, 0], [1, 32], [24, 32], [25, 64], [1_000_000, 1_333_344]])(
    "of %i keys has %i bytes",
    (count, length) => {
      expect(encodeKeyFilter(new Uint32Array(count)).byteLength).toBe(length)
    }
  )

  it("of no keys contains none", () => {
    expect(mayContain(encodeKeyFilter(new Uint32Array(0)), 0)).toBe(false)
  })

  it("is pinned", () => {
    const filter = encodeKeyFilter(hashesOf("order", 3))
    expect(Array.from(filter, (word) => word.toString(16))).toStrictEqual(
      ["8400002", "5200000", "1102000", "4000000c", "202080", "20060000", "10000024", "80080080"]
    )
  })
})
