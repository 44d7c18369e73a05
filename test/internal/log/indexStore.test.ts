import { describe, expect, it } from "@effect/vitest"
import { utf8 } from "../../../src/internal/format/bytes.js"
import { hashKey } from "../../../src/internal/format/keyHash.js"
import { openSealIndex, type SealIndex } from "../../../src/internal/format/sealIndex.js"
import { encodeSealIndex } from "../../../src/internal/format/sealIndexEncode.js"
import { type Indexed, IndexStore } from "../../../src/internal/log/indexStore.js"
import { toSegmentId } from "../../../src/internal/log/nominal.js"
import { ActiveIndex } from "../../../src/internal/segment/activeIndex.js"

const KEYS = 100
const DATA_LENGTH = 128 + KEYS * 64

const at = (id: number, dataLength = DATA_LENGTH): Indexed => ({ id: toSegmentId(id), dataLength })

const makeIndex = (): SealIndex => {
  const index = new ActiveIndex()
  for (let number = 0; number < KEYS; number++) {
    const key = utf8(`key ${number}`)
    index.add(key, 0, key.length, hashKey(key, 0, key.length), 128 + number * 64)
  }
  const { bytes, tableChecksum } = encodeSealIndex(index.toSealSource())
  const opened = openSealIndex(bytes, tableChecksum, { entryCount: KEYS, dataLength: DATA_LENGTH })
  if (opened._tag === "damaged") {
    throw new Error(opened.what)
  }
  return opened.index
}

const index = makeIndex()
const filterBytes = index.filter.byteLength

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

  it("have a filter that does not hold on to the rest", () => {
    const store = new IndexStore(0)
    store.keepIndex(at(1), index)
    expect(store.filter(at(1))?.buffer.byteLength).toBe(filterBytes)
  })
})
