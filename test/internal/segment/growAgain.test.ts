import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { hashKey } from "../../../src/internal/format/keyHash.js"
import { openSealIndex } from "../../../src/internal/format/sealIndex.js"
import { encodeSealIndex } from "../../../src/internal/format/sealIndexEncode.js"
import { ActiveIndex } from "../../../src/internal/segment/activeIndex.js"
import { growAgain } from "../../../src/internal/segment/growAgain.js"

const SHORTEST_FRAME = 56

const sealedOf = (index: ActiveIndex, dataLength: number) => {
  const { bytes, tableChecksum } = encodeSealIndex(index.toSealSource())
  const opened = openSealIndex(bytes, tableChecksum, { entryCount: index.entryCount, dataLength })
  if (opened._tag === "damaged") {
    throw new Error(opened.what)
  }
  return opened.index
}

const add = (index: ActiveIndex, key: Uint8Array, offset: number): void =>
  index.add(key, 0, key.length, hashKey(key, 0, key.length), offset)

const entries = FastCheck.array(
  FastCheck.record({
    key: FastCheck.uint8Array({ minLength: 1, maxLength: 2, max: 3 }),
    /** In units of 8 bytes, between the end of one frame and the next: marks, as a rule. */
    gap: FastCheck.nat(9)
  }),
  { maxLength: 200 }
)

describe("an index that grows again", () => {
  it("is the one that was sealed, however short the frames and near the end of what a segment can have", () => {
    FastCheck.assert(
      FastCheck.property(entries, FastCheck.constantFrom(128, 2 ** 31 - 64 * 1024), (entries, start) => {
        const original = new ActiveIndex()
        let offset = start
        for (const { gap, key } of entries) {
          offset += gap * 8
          add(original, key, offset)
          offset += SHORTEST_FRAME
        }
        const again = growAgain(sealedOf(original, offset))
        expect(again.toSealSource()).toStrictEqual(original.toSealSource())
        for (const key of [Uint8Array.of(0), Uint8Array.of(1, 2), Uint8Array.of(9)]) {
          add(again, key, offset)
          add(original, key, offset)
          offset += SHORTEST_FRAME
        }
        expect(again.toSealSource()).toStrictEqual(original.toSealSource())
      })
    )
  })
})
