import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { compareBytes } from "../../../src/internal/format/bytes.js"
import { type KeyArena, keyOrder } from "../../../src/internal/segment/keyOrder.js"
import { toHex } from "../format/frames.js"
import { keys } from "../format/keys.js"

const arenaOf = (distinct: ReadonlyArray<Uint8Array>): KeyArena => {
  const starts = new Uint32Array(distinct.length + 1)
  distinct.forEach((key, id) => {
    starts[id + 1] = (starts[id] ?? 0) + key.length
  })
  return { bytes: new Uint8Array(Buffer.concat(distinct)), starts }
}

const sorted = (distinct: ReadonlyArray<Uint8Array>): ReadonlyArray<string> =>
  Array.from(keyOrder(arenaOf(distinct), distinct.length), (id) => toHex(distinct[id] ?? new Uint8Array(0)))

const expected = (distinct: ReadonlyArray<Uint8Array>): ReadonlyArray<string> =>
  [...distinct].sort(compareBytes).map(toHex)

/** In an order that has nothing to do with that of the keys. */
const shuffled = (count: number, keyOf: (index: number) => Uint8Array): ReadonlyArray<Uint8Array> =>
  Array.from({ length: count }, (_, index) => keyOf((index * 7919) % count))

describe("keyOrder", () => {
  it("is the order of the keys' bytes", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.uniqueArray(keys, { selector: toHex, maxLength: 200, size: "max" }), (distinct) => {
        expect(sorted(distinct)).toStrictEqual(expected(distinct))
      })
    )
  })

  it("is the order of the bytes of keys that begin alike", () => {
    const bytes = FastCheck.constantFrom(0, 1)
    const tails = FastCheck.array(bytes, { maxLength: 10, size: "max" })
    const alike = FastCheck.uniqueArray(tails.map((tail) => Uint8Array.from([7, 0, ...tail])), {
      selector: toHex,
      maxLength: 200,
      size: "max"
    })
    FastCheck.assert(FastCheck.property(alike, (distinct) => {
      expect(sorted(distinct)).toStrictEqual(expected(distinct))
    }))
  })

  it("has keys that end in zeros behind those without them", () => {
    const distinct = shuffled(40, (index) => new Uint8Array(index + 1))
    expect(sorted(distinct)).toStrictEqual(expected(distinct))
  })

  it("has keys that differ after 60,000 bytes in their order", () => {
    const distinct = shuffled(30, (index) => new Uint8Array(60_001).fill(index, 60_000))
    expect(sorted(distinct)).toStrictEqual(expected(distinct))
  })

  it("has keys of which each begins with the one before in their order", () => {
    const distinct = shuffled(3_000, (index) => new Uint8Array(index + 1).fill(97))
    expect(sorted(distinct)).toStrictEqual(expected(distinct))
  })

  it("leaves out the keys behind the count", () => {
    const distinct = [Uint8Array.of(3), Uint8Array.of(2), Uint8Array.of(1)]
    expect(Array.from(keyOrder(arenaOf(distinct), 2))).toStrictEqual([1, 0])
  })

  it("sorts more keys than the positions of a wide digit", () => {
    const count = 2 ** 21 + 1
    const bytes = new Uint8Array(count * 4)
    const view = new DataView(bytes.buffer)
    const starts = new Uint32Array(count + 1)
    for (let id = 0; id < count; id++) {
      view.setUint32(id * 4, Math.imul(id, 0x9e3779b1) >>> 0)
      starts[id + 1] = id * 4 + 4
    }
    const values = keyOrder({ bytes, starts }, count).map((id) => view.getUint32(id * 4))
    expect(values.length).toBe(count)
    expect(values.findIndex((value, position) => position > 0 && value <= (values[position - 1] ?? 0))).toBe(-1)
  })
})
