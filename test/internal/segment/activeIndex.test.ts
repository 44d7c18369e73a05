import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { compareBytes, utf8 } from "../../../src/internal/format/bytes.js"
import { ActiveIndex } from "../../../src/internal/segment/activeIndex.js"
import { fromHex, toHex } from "../format/frames.js"
import { type Hash, hashes, hashOf, keys, offsetOf } from "../format/keys.js"

/** Adds a key from the middle of other bytes, which are used again afterwards. */
const add = (index: ActiveIndex, key: Uint8Array, hash: Hash): void => {
  const bytes = new Uint8Array(key.length + 6).fill(0xa5)
  bytes.set(key, 3)
  index.add(bytes, 3, key.length, hash(key), offsetOf(index.entryCount))
  bytes.fill(0x5a)
}

const indexOf = (added: ReadonlyArray<Uint8Array>, hash: Hash): ActiveIndex => {
  const index = new ActiveIndex()
  added.forEach((key) => add(index, key, hash))
  return index
}

/** By key: the offsets of its entries. */
const modelOf = (added: ReadonlyArray<Uint8Array>): Map<string, Array<number>> => {
  const model = new Map<string, Array<number>>()
  added.forEach((key, ordinal) => {
    model.set(toHex(key), [...(model.get(toHex(key)) ?? []), offsetOf(ordinal)])
  })
  return model
}

const found = (index: ActiveIndex, key: Uint8Array, hash: Hash, count: number): ReadonlyArray<number> | undefined => {
  const id = index.find(key, hash(key))
  return id < 0 ? undefined : Array.from(index.offsetsOf(id, count))
}

const sortedKeys = (index: ActiveIndex, count: number): ReadonlyArray<Uint8Array> => {
  const { keyBytes, keyStarts } = index.sortedKeys(count)
  return Array.from(keyStarts.subarray(1), (end, place) => keyBytes.subarray(keyStarts[place], end))
}

/** What a snapshot tells of every key that is ever added. */
const snapshotOf = (index: ActiveIndex, added: ReadonlyArray<Uint8Array>, hash: Hash, count: number) => ({
  offsets: added.map((key) => found(index, key, hash, count)),
  sorted: sortedKeys(index, count).map(toHex)
})

const expectedSnapshot = (added: ReadonlyArray<Uint8Array>, count: number) => {
  const model = modelOf(added.slice(0, count))
  return {
    offsets: added.map((key) => model.get(toHex(key)) ?? []),
    sorted: [...model.keys()].map(fromHex).sort(compareBytes).map(toHex)
  }
}

const additions = FastCheck.array(keys, { maxLength: 60, size: "max" })

describe("ActiveIndex", () => {
  it("finds at every count what was added before it, whatever the hash", () => {
    FastCheck.assert(
      FastCheck.property(additions, hashes, (added, hash) => {
        const index = indexOf(added, hash)
        expect(index.entryCount).toBe(added.length)
        expect(index.keyCount).toBe(modelOf(added).size)
        for (let count = 0; count <= added.length; count++) {
          expect(snapshotOf(index, added, hash, count)).toStrictEqual(expectedSnapshot(added, count))
        }
      }),
      { numRuns: 50 }
    )
  })

  it("finds no key that was not added, whatever the hash", () => {
    FastCheck.assert(FastCheck.property(additions, keys, hashes, (added, other, hash) => {
      const others = added.filter((key) => toHex(key) !== toHex(other))
      expect(indexOf(others, hash).find(other, hash(other))).toBe(-1)
    }))
  })

  it("keeps what was handed out as it was while it grows", () => {
    const first = Array.from({ length: 100 }, (_, index) => utf8(`first-${index % 30}`))
    const index = indexOf(first, hashOf)
    const id = index.find(utf8("first-7"), hashOf(utf8("first-7")))
    const offsets = index.offsetsOf(id, 100)
    const sorted = sortedKeys(index, 100)
    const before = sorted.map(toHex)
    const length = index.byteLength

    for (let more = 0; more < 20_000; more++) {
      add(index, utf8(more % 2 === 0 ? "first-7" : `more-${more}`), hashOf)
    }

    expect(index.byteLength).toBeGreaterThan(length)
    expect(sorted.map(toHex)).toStrictEqual(before)
    expect(Array.from(offsets)).toStrictEqual([offsetOf(7), offsetOf(37), offsetOf(67), offsetOf(97)])
    expect(Array.from(index.offsetsOf(id, 100))).toStrictEqual(Array.from(offsets))
    expect(index.offsetsOf(id, 20_100).length).toBe(10_004)
    expect(sortedKeys(index, 100).map(toHex)).toStrictEqual(before)
  })

  it("holds keys of the largest size beside small ones", () => {
    const added = Array.from(
      { length: 20 },
      (_, index) => index % 2 === 0 ? new Uint8Array(65_535).fill(index) : Uint8Array.of(index)
    )
    expect(snapshotOf(indexOf(added, hashOf), added, hashOf, 20)).toStrictEqual(expectedSnapshot(added, 20))
  })

  it("takes less than 16 bytes an entry and 40 a key, besides the key's own", () => {
    const entries = indexOf(Array.from({ length: 50_000 }, () => utf8("key")), hashOf)
    expect(entries.byteLength).toBeLessThan(50_000 * 16)
    const distinct = indexOf(Array.from({ length: 50_000 }, (_, index) => utf8(String(10_000 + index))), hashOf)
    expect(distinct.byteLength - entries.byteLength).toBeLessThan(50_000 * (40 + 5))
  })

  describe("offsetAt", () => {
    it("is where the frame of each entry begins", () => {
      const index = indexOf(Array.from({ length: 200 }, () => utf8("key")), hashOf)
      const all = Array.from({ length: 200 }, (_, ordinal) => index.offsetAt(ordinal))
      expect(all).toStrictEqual(all.map((_, ordinal) => offsetOf(ordinal)))
    })

    it("is the last entry's behind the end", () => {
      expect(indexOf([utf8("a"), utf8("b")], hashOf).offsetAt(5)).toBe(offsetOf(1))
    })

    it("is where the frames begin in an empty index", () => {
      expect(new ActiveIndex().offsetAt(0)).toBe(128)
    })
  })

  it("tells a sealed index the keys in order, the entries of each in order, and every 64th entry", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(keys, { maxLength: 300, size: "max" }), hashes, (added, hash) => {
        const model = [...modelOf(added)].sort(([left], [right]) => compareBytes(fromHex(left), fromHex(right)))
        const source = indexOf(added, hash).toSealSource()
        const groups = Array.from(source.hashes, (_, group) => [
          toHex(source.keyBytes.subarray(source.keyStarts[group], source.keyStarts[group + 1])),
          Array.from(source.entryOffsets.subarray(source.groupStarts[group], source.groupStarts[group + 1]))
        ])
        expect(groups).toStrictEqual(model)
        expect(Array.from(source.hashes)).toStrictEqual(model.map(([key]) => hash(fromHex(key))))
        expect(source.keyStarts.at(-1)).toBe(source.keyBytes.length)
        expect(source.groupStarts.at(-1)).toBe(added.length)
        expect(Array.from(source.sequencePoints)).toStrictEqual(
          added.map((_, ordinal) => ordinal).filter((ordinal) => ordinal % 64 === 0).map(offsetOf)
        )
      })
    )
  })
})
