import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { utf8, writeU32 } from "../../../src/internal/format/bytes.js"
import { crc32 } from "../../../src/internal/format/crc32.js"
import { BLOCK_LENGTH, LONGEST_WITHOUT_BLOCKS, VerifiedBlocks } from "../../../src/internal/format/indexBlocks.js"
import { inFilter, keyOffsets, keysFrom, lastOffset, pointBefore } from "../../../src/internal/format/indexQuestions.js"
import { mayContain } from "../../../src/internal/format/keyFilter.js"
import { openSealIndex, type SealIndex } from "../../../src/internal/format/sealIndex.js"
import type { SealIndexMap } from "../../../src/internal/format/sealIndexMap.js"
import {
  BLOCK_CHECKSUMS,
  decodeSectionTable,
  encodeSections,
  KEY_SLOTS,
  type Section,
  type SectionContent,
  sectionTableLength
} from "../../../src/internal/format/sealIndexSections.js"
import { toHex } from "./frames.js"
import { type Hash, hashOf, offsetOf } from "./keys.js"
import { answer, type Encoded, encodeLong, longKey, mapOf, withoutBlocks } from "./longIndexes.js"

const ENTRIES = 3_000
const KEYS = 1_000
const expected = { entryCount: ENTRIES, dataLength: offsetOf(ENTRIES) }

const wholeOf = ({ bytes, tableChecksum }: Encoded): SealIndex => {
  const opened = openSealIndex(bytes, tableChecksum, expected)
  if (opened._tag === "damaged") {
    throw new Error(opened.what)
  }
  return opened.index
}

const mapped = (encoded: Encoded): SealIndexMap => {
  const map = mapOf(encoded, expected)
  if (map === undefined) {
    throw new Error("no map")
  }
  return map
}

const sectionsOf = ({ bytes, tableChecksum }: Encoded): ReadonlyArray<Section> => {
  const table = decodeSectionTable(bytes, tableChecksum)
  return table._tag === "ok" ? table.value.sections : []
}

const long = encodeLong(ENTRIES, KEYS, hashOf)
const map = mapped(long)
const whole = wholeOf(long)

/** What an index answers about a key, asked of the whole of it. */
const inWhole = (index: SealIndex, key: Uint8Array, hash: Hash) => {
  const group = index.find(key, hash(key))
  return {
    inFilter: mayContain(index.filter, hash(key)),
    offsets: group < 0 ? [] : Array.from(index.offsetsOf(group)),
    last: group < 0 ? undefined : index.offsetsOf(group).at(-1)
  }
}

/** The same, asked by blocks, with `most` offsets at a time. */
const byBlocks = ({ bytes }: Encoded, map: SealIndexMap, key: Uint8Array, hash: Hash, most: number) => {
  const offsets: Array<number> = []
  for (let hasMore = true; hasMore;) {
    const found = valueOf(answer(bytes, map, keyOffsets(map, key, hash(key), offsets.length, most)))
    offsets.push(...found.offsets)
    hasMore = found.hasMore
  }
  return {
    inFilter: valueOf(answer(bytes, map, inFilter(map, hash(key)))),
    offsets,
    last: valueOf(answer(bytes, map, lastOffset(map, key, hash(key))))
  }
}

const valueOf = <A>(checked: { _tag: "ok"; value: A } | { _tag: "damaged"; what: string }): A => {
  if (checked._tag === "damaged") {
    throw new Error(checked.what)
  }
  return checked.value
}

const everyKey = Array.from({ length: KEYS }, (_, number) => longKey(number))

const absent = FastCheck.oneof(
  FastCheck.integer({ min: KEYS, max: 2 * KEYS }).map(longKey),
  FastCheck.uint8Array({ minLength: 1, maxLength: 40 })
)

describe("an index that is read by blocks", () => {
  it.each<[string, Hash]>([
    ["the hash", hashOf],
    ["a hash that collides", (key) => hashOf(key) % 40],
    ["a hash that begins at the last slot", (key) => hashOf(key) % 3 === 0 ? 0xffff_ffff : hashOf(key)]
  ])("answers as the whole index does, with %s", (_, hash) => {
    const encoded = encodeLong(ENTRIES, KEYS, hash)
    const map = mapped(encoded)
    const whole = wholeOf(encoded)
    everyKey.forEach((key, number) => {
      expect(byBlocks(encoded, map, key, hash, 1 + number % 4)).toStrictEqual(inWhole(whole, key, hash))
    })
    FastCheck.assert(FastCheck.property(absent, (key) => {
      expect(byBlocks(encoded, map, key, hash, 10)).toStrictEqual(inWhole(whole, key, hash))
    }))
  })

  it("gives all keys in windows, one at least and not more than fit", () => {
    const keys = Array.from({ length: whole.keyCount }, (_, group) => toHex(whole.keyAt(group)))
    for (const most of [1, 100, 4_000, 50_000, 10_000_000]) {
      for (const from of ["map", "whole"] as const) {
        const found: Array<string> = []
        for (let isLast = false; !isLast;) {
          const position = found.length
          const window = from === "whole"
            ? whole.keysFrom(position, most)
            : valueOf(answer(long.bytes, map, keysFrom(map, position, most)))
          const count = window.starts.length - 1
          expect(count === 1 || window.starts.length * 4 - 4 + window.bytes.length <= most).toBe(true)
          expect(window.bytes.buffer.byteLength).toBe(window.bytes.length)
          const [first = 0] = window.starts
          for (let at = 0; at < count; at++) {
            const start = window.starts[at] ?? 0
            found.push(toHex(window.bytes.subarray(start - first, (window.starts[at + 1] ?? 0) - first)))
          }
          isLast = window.isLast
        }
        expect(found).toStrictEqual(keys)
      }
    }
    expect(valueOf(answer(long.bytes, map, keysFrom(map, KEYS, 100))).starts.length).toBe(1)
  })

  it("points where the whole index points", () => {
    for (const ordinal of [-1, 0, 1, 63, 64, 65, 1_000, ENTRIES - 1, ENTRIES, 10 * ENTRIES]) {
      expect(valueOf(answer(long.bytes, map, pointBefore(map, ordinal)))).toBe(whole.pointBefore(ordinal).offset)
    }
  })

  it("is read once for each block that a question needs", () => {
    const reads = everyKey.map((key) => {
      const blocks = new VerifiedBlocks(map.blocks, new Uint8Array(0))
      answer(long.bytes, map, keyOffsets(map, key, hashOf(key), 0, 10), blocks)
      return blocks.bytesRead / BLOCK_LENGTH
    })
    expect(reads.reduce((sum, count) => sum + count, 0) / reads.length).toBeLessThan(9)
  })

  it("reads nothing outside its blocks", () => {
    const blocks = new VerifiedBlocks(map.blocks, new Uint8Array(0))
    const { end, start } = map.blocks
    expect(blocks.around({ start: start - 1, end: start })).toBe(undefined)
    expect(blocks.around({ start: end - 1, end: end + 1 })).toBe(undefined)
    expect(blocks.around({ start: start + 8, end: start + 4 })).toBe(undefined)
    expect(blocks.around({ start, end })).toStrictEqual({ start, end })
    expect(blocks.around({ start: end - 1, end })?.end).toBe(end)
  })
})

describe("the checksums of blocks", () => {
  it("are written where the other sections are long, and one behind the other", () => {
    const sections = sectionsOf(long)
    expect(sections.map(({ kind }) => kind)).toStrictEqual([1, 2, 3, 4, 5, 6, 7])
    expect(map.blocks).toMatchObject({ start: sectionTableLength(7), end: sections.at(-1)?.offset })
    map.blocks.checksums.forEach((checksum, block) => {
      const start = map.blocks.start + block * BLOCK_LENGTH
      expect(crc32(long.bytes, start, Math.min(start + BLOCK_LENGTH, map.blocks.end), 0)).toBe(checksum)
    })
  })

  it.each([[0, false], [8, true]])("begin with %i bytes more than 64 KiB", (more, has) => {
    const content: SectionContent = {
      kind: 99,
      words: new Uint32Array(0),
      bytes: new Uint8Array(LONGEST_WITHOUT_BLOCKS + more)
    }
    const sections = sectionsOf(encodeSections({ entryCount: 0, keyCount: 0 }, [content]))
    expect(sections.map(({ kind }) => kind)).toStrictEqual(has ? [99, BLOCK_CHECKSUMS] : [99])
  })

  it("are not there in an index of before, which is as good otherwise", () => {
    const older = withoutBlocks(long)
    expect(sectionsOf(older).length).toBe(6)
    expect(mapOf(older, expected)).toBe(undefined)
    const index = wholeOf(older)
    for (const key of everyKey) {
      expect(inWhole(index, key, hashOf)).toStrictEqual(inWhole(whole, key, hashOf))
    }
  })

  it("cover sections of a later version", () => {
    const { bytes } = long
    const contents = sectionsOf(long).slice(0, 6).map(({ kind, length, offset }): SectionContent => ({
      kind,
      words: new Uint32Array(0),
      bytes: bytes.slice(offset, offset + length)
    }))
    const counts = { entryCount: ENTRIES, keyCount: KEYS }
    const later = { kind: 99, words: new Uint32Array(0), bytes: utf8("later") }
    const encoded = encodeSections(counts, [...contents.slice(0, 2), later, ...contents.slice(2)])
    const map = mapped(encoded)
    for (const key of everyKey) {
      expect(byBlocks(encoded, map, key, hashOf, 10)).toStrictEqual(inWhole(whole, key, hashOf))
    }
  })

  it("show every bit that is wrong, wherever it is", () => {
    const places = Array.from({ length: Math.ceil(long.bytes.length / 509) }, (_, place) => place * 509)
    const flippedAt = (at: number): Encoded => {
      const bytes = long.bytes.slice()
      bytes[at] = (bytes[at] ?? 0) ^ (1 << at % 8)
      return { bytes, tableChecksum: long.tableChecksum }
    }
    const isInBlock = (at: number): boolean => at >= map.blocks.start && at < map.blocks.end
    for (const at of places) {
      const flipped = flippedAt(at)
      expect(openSealIndex(flipped.bytes, flipped.tableChecksum, expected)._tag).toBe("damaged")
      expect(mapOf(flipped, expected) !== undefined).toBe(isInBlock(at))
    }
    for (const at of places.filter(isInBlock)) {
      const { bytes } = flippedAt(at)
      const blocks = new VerifiedBlocks(map.blocks, new Uint8Array(0))
      const run = blocks.around({ start: at, end: at + 1 }) ?? { start: 0, end: 0 }
      expect(blocks.add(run, bytes.slice(run.start, run.end))).toBe(false)
      expect(blocks.find({ start: at, end: at + 1 })).toBe(undefined)
      expect(blocks.add(run, long.bytes.slice(run.start, run.end - 1))).toBe(false)
      expect(blocks.add(run, long.bytes.slice(run.start, run.end))).toBe(true)
      expect(blocks.find({ start: at, end: at + 1 })).toStrictEqual(long.bytes.slice(at, at + 1))
    }
  })

  it("are refused with another segment's, and where they do not fit", () => {
    expect(mapOf({ bytes: long.bytes, tableChecksum: long.tableChecksum ^ 1 }, expected)).toBe(undefined)
    expect(mapOf(long, { entryCount: ENTRIES + 1, dataLength: expected.dataLength })).toBe(undefined)
    expect(mapOf({ bytes: long.bytes.subarray(0, -8), tableChecksum: long.tableChecksum }, expected)).toBe(undefined)
  })

  it("never lead astray, even when they are right about what is wrong", () => {
    const sections = sectionsOf(long)
    const change = FastCheck.record({
      section: FastCheck.nat({ max: 5 }),
      at: FastCheck.double({ min: 0, max: 0.999, noNaN: true }),
      word: FastCheck.oneof(
        FastCheck.integer({ min: 0, max: 2 * KEYS }),
        FastCheck.integer({ min: 0, max: 0xffff_ffff })
      )
    })
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(change, { minLength: 1, maxLength: 40 }),
        FastCheck.nat({ max: KEYS - 1 }),
        (changes, number) => {
          const bytes = long.bytes.slice()
          for (const { at, section, word } of changes) {
            const { length, offset } = sections[section] ?? { length: 0, offset: 0 }
            writeU32(bytes, offset + Math.floor(at * length / 4) * 4, word)
          }
          const map = mapped(resealed(bytes, sections))
          const key = longKey(number)
          const offsets = answer(bytes, map, keyOffsets(map, key, hashOf(key), 0, 10))
          expect(offsets._tag === "damaged" || offsets.value.offsets.every((at) => at < expected.dataLength)).toBe(true)
          const last = answer(bytes, map, lastOffset(map, key, hashOf(key)))
          expect(last._tag === "damaged" || (last.value ?? 0) < expected.dataLength).toBe(true)
          const point = answer(bytes, map, pointBefore(map, number))
          expect(point._tag === "damaged" || point.value < expected.dataLength).toBe(true)
          const window = answer(bytes, map, keysFrom(map, number, 1_000))
          expect(window._tag === "damaged" || window.value.starts.length > 1).toBe(true)
        }
      ),
      { numRuns: 300 }
    )
  })

  it("end the search in a hash table that is full", () => {
    const slots = sectionsOf(long).find(({ kind }) => kind === KEY_SLOTS)
    const bytes = long.bytes.slice()
    for (let at = 0; at < (slots?.length ?? 0); at += 4) {
      writeU32(bytes, (slots?.offset ?? 0) + at, 1)
    }
    const map = mapped(resealed(bytes, sectionsOf(long)))
    expect(answer(bytes, map, keyOffsets(map, utf8("none"), 7, 0, 1))).toStrictEqual({
      _tag: "damaged",
      what: "the hash table has no empty slot"
    })
  })
})

/** Makes all checksums right again. */
const resealed = (bytes: Uint8Array, sections: ReadonlyArray<Section>): Encoded => {
  const start = sectionTableLength(sections.length)
  const checksums = sections.at(-1)?.offset ?? 0
  for (let at = start; at < checksums; at += BLOCK_LENGTH) {
    const checksum = crc32(bytes, at, Math.min(at + BLOCK_LENGTH, checksums), 0)
    writeU32(bytes, checksums + (at - start) / BLOCK_LENGTH * 4, checksum)
  }
  sections.forEach(({ length, offset }, position) =>
    writeU32(bytes, sectionTableLength(position) + 4, crc32(bytes, offset, offset + length, 0))
  )
  return { bytes, tableChecksum: crc32(bytes, 0, start, 0) }
}
