import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { utf8 } from "../../../src/internal/format/bytes.js"
import { hashKey } from "../../../src/internal/format/keyHash.js"
import { hashOf } from "./keys.js"

/** The definition, word for word and without tricks of 32-bit arithmetic. */
const definition = (bytes: Uint8Array): number => {
  const u32 = (value: bigint) => BigInt.asUintN(32, value)
  let hash = 0x811c9dc5n
  for (const byte of bytes) {
    hash = u32((hash ^ BigInt(byte)) * 0x01000193n)
  }
  hash = u32((hash ^ (hash >> 16n)) * 0x85ebca6bn)
  hash = u32((hash ^ (hash >> 13n)) * 0xc2b2ae35n)
  return Number(hash ^ (hash >> 16n))
}

describe("hashKey", () => {
  it.each([
    ["", 2872998923],
    ["a", 444641715],
    ["b", 2193908274],
    ["order-1", 2449496732],
    ["ключ", 2594288994]
  ])("is pinned for %j", (key, hash) => {
    expect(hashOf(utf8(key))).toBe(hash)
  })

  it("is FNV-1a and the finalizer of MurmurHash3", () => {
    FastCheck.assert(FastCheck.property(FastCheck.uint8Array({ maxLength: 64 }), (key) => {
      expect(hashOf(key)).toBe(definition(key))
    }))
  })

  it("sees the range that it is given, and nothing around it", () => {
    expect(hashKey(utf8("<<order-1>>"), 2, 9)).toBe(hashOf(utf8("order-1")))
  })
})
