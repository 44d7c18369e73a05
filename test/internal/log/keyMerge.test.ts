import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { compareBytes } from "../../../src/internal/format/bytes.js"
import { KeyMerge } from "../../../src/internal/log/keyMerge.js"
import { fromHex, toHex } from "../format/frames.js"
import { keys } from "../format/keys.js"

type Keys = ReadonlyArray<Uint8Array>

const sorted = (added: Keys): Keys => [...new Set(added.map(toHex))].map(fromHex).sort(compareBytes)

/** Merges segments whose windows have so many keys. */
const merged = (segments: ReadonlyArray<Keys>, windowLength: number, steps: number): Keys => {
  const merge = new KeyMerge(segments.length)
  const taken: Array<Uint8Array> = []
  while (!merge.isOver) {
    const { awaited } = merge
    if (awaited === undefined) {
      expect(merge.take(taken, steps)).toBeLessThan(steps)
    } else {
      expect(merge.take(taken, steps)).toBe(steps)
      const all = segments[awaited.place] ?? []
      const window = all.slice(awaited.position, awaited.position + windowLength)
      const starts = new Uint32Array(window.length + 1).fill(1_000)
      window.forEach((key, at) => {
        starts[at + 1] = (starts[at] ?? 0) + key.length
      })
      const bytes = Uint8Array.from(Buffer.concat(window))
      merge.give({ starts, bytes, isLast: awaited.position + window.length === all.length })
    }
  }
  return taken
}

const long = FastCheck.tuple(FastCheck.nat({ max: 3 }), keys).map(([repeats, key]) =>
  Uint8Array.from([...new Uint8Array(repeats * 300), ...key])
)

describe("keys of many segments", () => {
  it("are merged in order and once each, whatever the windows", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.array(FastCheck.oneof(keys, long), { maxLength: 60, size: "max" }), {
          minLength: 1,
          maxLength: 12
        }),
        FastCheck.integer({ min: 1, max: 40 }),
        FastCheck.integer({ min: 1, max: 50 }),
        (segments, windowLength, steps) => {
          const found = merged(segments.map(sorted), windowLength, steps)
          expect(found.map(toHex)).toStrictEqual(sorted(segments.flat()).map(toHex))
          expect(found.every((key) => key.buffer.byteLength === key.length)).toBe(true)
        }
      ),
      { numRuns: 300 }
    )
  })

  it("may all be the same, the longest there are, and beginnings of each other", () => {
    const longest = [0, 1, 2, 65_533, 65_534, 65_535].map((length) => new Uint8Array(Math.max(1, length)).fill(7))
    const other = longest.map((key) => key.with(key.length - 1, 8))
    const segments = [sorted(longest), sorted(longest), sorted(other), sorted([...other, ...longest])]
    expect(merged(segments, 2, 3).map(toHex)).toStrictEqual(sorted([...longest, ...other]).map(toHex))
  })
})
