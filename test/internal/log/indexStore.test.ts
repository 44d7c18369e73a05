import { describe, expect, it } from "@effect/vitest"
import { utf8 } from "../../../src/internal/format/bytes.js"
import { hashKey } from "../../../src/internal/format/keyHash.js"
import { openSealIndex, type SealIndex } from "../../../src/internal/format/sealIndex.js"
import { encodeSealIndex } from "../../../src/internal/format/sealIndexEncode.js"
import { mapBytes } from "../../../src/internal/format/sealIndexMap.js"
import { type Indexed, IndexStore } from "../../../src/internal/log/indexStore.js"
import { toSegmentId } from "../../../src/internal/log/nominal.js"
import { ActiveIndex } from "../../../src/internal/segment/activeIndex.js"
import { hashOf, offsetOf } from "../format/keys.js"
import { encodeLong, mapOf } from "../format/longIndexes.js"

const KEYS = 100
const DATA_LENGTH = 128 + KEYS * 64

const at = (id: number, dataLength = DATA_LENGTH): Indexed => ({ id: toSegmentId(id), dataLength })

function raise(message: string): never {
  throw new Error(message)
}

const makeIndex = (): SealIndex => {
  const index = new ActiveIndex()
  for (let number = 0; number < KEYS; number++) {
    const key = utf8(`key ${number}`)
    index.add(key, 0, key.length, hashKey(key, 0, key.length), 128 + number * 64)
  }
  const { bytes, tableChecksum } = encodeSealIndex(index.toSealSource())
  const opened = openSealIndex(bytes, tableChecksum, { entryCount: KEYS, dataLength: DATA_LENGTH })
  return opened._tag === "ok" ? opened.index : raise(opened.what)
}

const index = makeIndex()
const filterBytes = index.filter.byteLength

const expected = { entryCount: 3_000, dataLength: offsetOf(3_000) }
const map = mapOf(encodeLong(3_000, 1_000, hashOf), expected) ?? raise("no map")

const held = (store: IndexStore, ids: ReadonlyArray<number>) => ({
  indexes: ids.filter((id) => store.index(at(id)) !== undefined),
  filters: ids.filter((id) => store.filter(at(id)) !== undefined)
})

describe("the indexes in memory", () => {
  it("stay within the budget: the one used longest ago goes, and its filter stays", () => {
    const store = new IndexStore(2 * index.byteLength + 3 * filterBytes)
    store.keepIndex(at(1), index)
    store.keepIndex(at(2), index)
    store.index(at(1))
    store.keepIndex(at(3), index)
    expect(held(store, [1, 2, 3])).toEqual({ indexes: [1, 3], filters: [1, 2, 3] })
  })

  it("go before any filter does, and then the oldest filter", () => {
    const store = new IndexStore(3 * filterBytes)
    for (const id of [1, 2, 3, 4]) {
      store.keepFilter(at(id), index.filter.slice())
    }
    expect(held(store, [1, 2, 3, 4])).toEqual({ indexes: [], filters: [2, 3, 4] })
  })

  it("of the segment that is in use stay whatever the budget", () => {
    const store = new IndexStore(0)
    store.keepIndex(at(1), index)
    expect(held(store, [1])).toEqual({ indexes: [1], filters: [1] })
    store.keepIndex(at(2), index)
    expect(held(store, [1, 2])).toEqual({ indexes: [2], filters: [2] })
  })

  it("leave their room to others once they are forgotten or replaced", () => {
    const store = new IndexStore(2 * (index.byteLength + filterBytes))
    for (let round = 0; round < 10; round++) {
      store.keepIndex(at(1), index)
      store.keepIndex(at(2), index)
      store.keepFilter(at(2), index.filter.slice())
      expect(held(store, [1, 2])).toEqual({ indexes: [1, 2], filters: [1, 2] })
      store.forget(1)
      store.forget(1)
      expect(held(store, [1, 2])).toEqual({ indexes: [2], filters: [2] })
    }
  })

  it("are not those of a segment that has grown since", () => {
    const store = new IndexStore(10 * index.byteLength)
    store.keepIndex(at(1), index)
    const grown = at(1, DATA_LENGTH + 64)
    expect([store.index(grown), store.filter(grown), store.map(grown)]).toEqual([undefined, undefined, undefined])
    store.keepFilter(grown, index.filter.slice())
    expect(store.filter(at(1))).toBe(undefined)
    expect(store.filter(grown)).toEqual(index.filter)
    store.keepIndex(grown, index)
    expect([store.index(at(1)), store.index(grown)]).toEqual([undefined, index])
  })

  it("make room for filters and maps, as long as those fit in themselves", () => {
    const store = new IndexStore(index.byteLength + filterBytes)
    store.keepIndex(at(1), index)
    expect(store.hasRoomForIndex(0)).toBe(true)
    expect(store.hasRoomForIndex(1)).toBe(false)
    expect(store.hasRoomForDigest(index.byteLength)).toBe(true)
    expect(store.hasRoomForDigest(index.byteLength + 1)).toBe(false)
    store.keepMap(at(2), map)
    expect(held(store, [1, 2])).toEqual({ indexes: [], filters: [1] })
    expect(store.map(at(2))).toBe(map)
    expect(store.hasRoomForIndex(index.byteLength - mapBytes(map))).toBe(true)
    expect(store.hasRoomForIndex(index.byteLength - mapBytes(map) + 1)).toBe(false)
    store.keepFilter(at(2), index.filter.slice())
    expect([store.map(at(2)), store.filter(at(2))]).toEqual([map, index.filter])
    store.forget(2)
    expect(store.map(at(2))).toBe(undefined)
    expect(store.hasRoomForIndex(index.byteLength)).toBe(true)
  })

  it("are worth loading once as much was read, in the place of those that were not used meanwhile", () => {
    const { byteLength } = index
    const store = new IndexStore(2 * byteLength + 3 * filterBytes)
    store.keepFilter(at(3), index.filter.slice())
    store.keepIndex(at(1), index)
    store.keepIndex(at(2), index)
    expect(store.isWorthLoading(at(3), byteLength)).toBe(false)
    store.countRead(at(3), byteLength - 1)
    store.index(at(1))
    expect(store.isWorthLoading(at(3), byteLength)).toBe(false)
    store.countRead(at(3), 1)
    expect(store.isWorthLoading(at(3), byteLength)).toBe(true)
    store.keepIndex(at(3), index)
    expect(held(store, [1, 2, 3])).toEqual({ indexes: [1, 3], filters: [1, 2, 3] })

    store.countRead(at(2), byteLength)
    store.index(at(1))
    store.index(at(3))
    expect(store.isWorthLoading(at(2), byteLength)).toBe(false)
    // It began anew.
    store.countRead(at(2), byteLength - 1)
    expect(store.isWorthLoading(at(2), byteLength)).toBe(false)
    store.countRead(at(2), 1)
    expect(store.isWorthLoading(at(2), byteLength)).toBe(true)
  })

  it("have a filter that does not hold on to the rest", () => {
    const store = new IndexStore(0)
    store.keepIndex(at(1), index)
    expect(store.filter(at(1))?.buffer.byteLength).toBe(filterBytes)
  })
})
