import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { align, compareBytes, EMPTY, readU32, utf8, writeU32 } from "../../../src/internal/format/bytes.js"
import { crc32 } from "../../../src/internal/format/crc32.js"
import { mayContain } from "../../../src/internal/format/keyFilter.js"
import { openFilter, openSealIndex, type SealIndex } from "../../../src/internal/format/sealIndex.js"
import { encodeSealIndex, type SealIndexSource } from "../../../src/internal/format/sealIndexEncode.js"
import {
  decodeSectionTable,
  encodeSections,
  ENTRY_OFFSETS,
  GROUP_STARTS,
  KEY_FILTER,
  KEY_SLOTS,
  KEYS,
  type Section,
  type SectionContent,
  sectionIn,
  sectionTableLength,
  SEQUENCE_POINTS,
  wordsAt
} from "../../../src/internal/format/sealIndexSections.js"
import { fromHex, singleBitFlips, toHex } from "./frames.js"
import { type Hash, hashes, hashOf, keys, offsetOf } from "./keys.js"

const SECTION_COUNT = 6

/** By key, in the order of their bytes: the ordinals of its entries. */
const modelOf = (added: ReadonlyArray<Uint8Array>): ReadonlyArray<readonly [Uint8Array, ReadonlyArray<number>]> => {
  const model = new Map<string, Array<number>>()
  added.forEach((key, ordinal) => {
    model.set(toHex(key), [...(model.get(toHex(key)) ?? []), ordinal])
  })
  return [...model].map(([key, ordinals]) => [fromHex(key), ordinals] as const).sort(([left], [right]) =>
    compareBytes(left, right)
  )
}

const startsOf = (lengths: ReadonlyArray<number>): Uint32Array => {
  const starts = new Uint32Array(lengths.length + 1)
  lengths.forEach((length, index) => {
    starts[index + 1] = (starts[index] ?? 0) + length
  })
  return starts
}

const sourceOf = (added: ReadonlyArray<Uint8Array>, hash: Hash): SealIndexSource => {
  const model = modelOf(added)
  return {
    keyStarts: startsOf(model.map(([key]) => key.length)),
    keyBytes: Uint8Array.from(Buffer.concat(model.map(([key]) => key))),
    hashes: Uint32Array.from(model, ([key]) => hash(key)),
    groupStarts: startsOf(model.map(([, ordinals]) => ordinals.length)),
    entryOffsets: Uint32Array.from(model.flatMap(([, ordinals]) => ordinals.map(offsetOf))),
    sequencePoints: Uint32Array.from({ length: Math.ceil(added.length / 64) }, (_, point) => offsetOf(point * 64))
  }
}

const expectationOf = (entryCount: number) => ({ entryCount, dataLength: offsetOf(entryCount) })

const opened = (bytes: Uint8Array, tableChecksum: number, entryCount: number): SealIndex => {
  const index = openSealIndex(bytes, tableChecksum, expectationOf(entryCount))
  if (index._tag === "damaged") {
    throw new Error(index.what)
  }
  return index.index
}

const sealed = (added: ReadonlyArray<Uint8Array>, hash: Hash): SealIndex => {
  const { bytes, tableChecksum } = encodeSealIndex(sourceOf(added, hash))
  return opened(bytes, tableChecksum, added.length)
}

/** All that an index tells. */
const contentOf = (index: SealIndex, hash: Hash) => ({
  entryCount: index.entryCount,
  groups: Array.from({ length: index.keyCount }, (_, group) => {
    const key = index.keyAt(group)
    return {
      key: toHex(key),
      offsets: Array.from(index.offsetsOf(group)),
      found: index.find(key.slice(), hash(key)),
      inFilter: mayContain(index.filter, hash(key))
    }
  })
})

const expectedContent = (added: ReadonlyArray<Uint8Array>) => ({
  entryCount: added.length,
  groups: modelOf(added).map(([key, ordinals], group) => ({
    key: toHex(key),
    offsets: ordinals.map(offsetOf),
    found: group,
    inFilter: true
  }))
})

const small = ["b", "a", "b"].map(utf8)
const smallIndex = encodeSealIndex(sourceOf(small, hashOf))

/** Made from the format's description by another program. */
const golden = fromHex(`
  0600000003000000 0200000000000000
  01000000ddfd7f02 a000000000000000
  2000000000000000 020000004d2b2216
  c000000000000000 1000000000000000
  03000000087a6adc d000000000000000
  0c00000000000000 0400000060e9ebac
  e000000000000000 0e00000000000000
  050000001f69caa5 f000000000000000
  0c00000000000000 0600000027691dcc
  0001000000000000 0400000000000000
  0401000004040000 0080040000006000
  1200000020004000 0040000200000408
  0000000000000000 0200000001000000
  b800000080000000 f000000000000000
  0000000001000000 0200000061620000
  0000000001000000 0300000000000000
  8000000000000000`)

const whatOf = (bytes: Uint8Array, tableChecksum: number, entryCount = small.length): string => {
  const index = openSealIndex(bytes, tableChecksum, expectationOf(entryCount))
  return index._tag === "damaged" ? index.what : "nothing"
}

const sectionsOf = (bytes: Uint8Array, tableChecksum: number): ReadonlyArray<Section> => {
  const table = decodeSectionTable(bytes, tableChecksum)
  return table._tag === "ok" ? table.value.sections : []
}

const contentsOf = (bytes: Uint8Array, tableChecksum: number): ReadonlyArray<SectionContent> =>
  sectionsOf(bytes, tableChecksum).map(({ kind, length, offset }) => {
    const wordCount = kind === KEYS ? 3 : length / 4
    return {
      kind,
      words: wordsAt(bytes, offset, wordCount),
      bytes: bytes.slice(offset + wordCount * 4, offset + length)
    }
  })

const withWords = (content: SectionContent, words: Uint32Array): SectionContent => ({
  kind: content.kind,
  words,
  bytes: content.bytes
})

/** Small words are indexes, large ones are not: both are wrong in ways of their own. */
const words = FastCheck.oneof(
  FastCheck.integer({ min: 0, max: 8 }),
  FastCheck.integer({ min: 0, max: 0xffff_ffff }),
  FastCheck.integer({ min: 0, max: 40 }).map((ordinal) => offsetOf(ordinal))
)

describe("sealed index", () => {
  it("finds what was indexed, whatever the hash", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(keys, { maxLength: 200, size: "max" }), hashes, (added, hash) => {
        expect(contentOf(sealed(added, hash), hash)).toStrictEqual(expectedContent(added))
      })
    )
  })

  it("finds no key that was not indexed, whatever the hash", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(keys, { maxLength: 60 }), keys, hashes, (added, other, hash) => {
        const others = added.filter((key) => toHex(key) !== toHex(other))
        expect(sealed(others, hash).find(other, hash(other))).toBe(-1)
      })
    )
  })

  it("points at or before an ordinal, and never by more than 63 entries", () => {
    const index = sealed(Array.from({ length: 200 }, () => utf8("key")), hashOf)
    const points = Array.from({ length: 200 }, (_, ordinal) => index.pointBefore(ordinal))
    expect(points).toStrictEqual(points.map((_, ordinal) => {
      const point = ordinal - ordinal % 64
      return { ordinal: point, offset: offsetOf(point) }
    }))
    expect(index.pointBefore(5_000)).toStrictEqual({ ordinal: 192, offset: offsetOf(192) })
  })

  it("of an empty segment has nothing, and points at its end", () => {
    const index = sealed([], hashOf)
    expect([index.keyCount, index.entryCount, index.filter.length]).toStrictEqual([0, 0, 0])
    expect(index.find(utf8("a"), hashOf(utf8("a")))).toBe(-1)
    expect(index.pointBefore(0)).toStrictEqual({ ordinal: 0, offset: 128 })
  })

  it("is read where it lies, and copied where it lies askew", () => {
    const { bytes, tableChecksum } = smallIndex
    for (let shift = 0; shift < 8; shift++) {
      const askew = new Uint8Array(bytes.length + 8)
      askew.set(bytes, shift)
      const index = opened(askew.subarray(shift, shift + bytes.length), tableChecksum, small.length)
      expect(contentOf(index, hashOf)).toStrictEqual(expectedContent(small))
      expect(index.filter.buffer === askew.buffer).toBe(shift % 4 === 0)
    }
  })

  it("has about 16 bytes a key and 4 an entry, besides the keys' own", () => {
    const distinct = Array.from({ length: 10_000 }, (_, index) => utf8(String(10_000 + index)))
    const twice = [...distinct, ...distinct]
    expect(sealed(twice, hashOf).byteLength).toBeLessThan(20_000 * 4 + 10_000 * (16 + 5))
  })

  it("is these bytes", () => {
    expect(smallIndex.bytes).toStrictEqual(golden)
    expect(smallIndex.tableChecksum).toBe(1_603_935_355)
  })
})

describe("a damaged index", () => {
  it.each([[0], [1], [3], [70]])("of %i entries shows it by every single bit", (count) => {
    const added = Array.from({ length: count }, (_, ordinal) => utf8(`key-${ordinal % 5}`))
    const { bytes, tableChecksum } = encodeSealIndex(sourceOf(added, hashOf))
    const undetected = singleBitFlips(bytes).filter((flipped) =>
      openSealIndex(flipped, tableChecksum, expectationOf(count))._tag === "ok"
    )
    expect(undetected).toStrictEqual([])
  })

  it("shows it by its length", () => {
    const { bytes, tableChecksum } = smallIndex
    for (let length = 0; length < bytes.length; length++) {
      expect(whatOf(bytes.subarray(0, length), tableChecksum)).not.toBe("nothing")
    }
    expect(whatOf(Uint8Array.from([...bytes, ...new Uint8Array(8)]), tableChecksum)).toBe(
      "the sections do not fill the index"
    )
  })

  it("is told from that of another segment", () => {
    const { bytes, tableChecksum } = smallIndex
    expect(whatOf(bytes, tableChecksum ^ 1)).toBe("the section table does not match its checksum")
    expect(whatOf(bytes, tableChecksum, 4)).toBe("the index has 3 entries and its segment 4")
    expect(openSealIndex(bytes, tableChecksum, { entryCount: 3, dataLength: offsetOf(2) })._tag).toBe("damaged")
  })

  it("never leads astray, even when its checksums are right", () => {
    const { bytes, tableChecksum } = encodeSealIndex(
      sourceOf(Array.from({ length: 20 }, (_, ordinal) => utf8(`${ordinal % 6}`)), hashOf)
    )
    const sections = sectionsOf(bytes, tableChecksum)
    const change = FastCheck.record({
      section: FastCheck.nat({ max: SECTION_COUNT - 1 }),
      at: FastCheck.double({ min: 0, max: 0.999, noNaN: true }),
      word: words
    })
    const outcomes = { damaged: 0, ok: 0 }
    FastCheck.assert(
      FastCheck.property(FastCheck.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const changed = bytes.slice()
        for (const { at, section, word } of changes) {
          const { length, offset } = sections[section] ?? { length: 0, offset: 0 }
          writeU32(changed, offset + Math.floor(at * length / 4) * 4, word)
        }
        const index = openSealIndex(changed, resealed(changed, sections), expectationOf(20))
        outcomes[index._tag]++
        if (index._tag === "ok") {
          expectWithinBounds(index.index, offsetOf(20))
        }
      }),
      { numRuns: 3_000 }
    )
    expect(Math.min(outcomes.damaged, outcomes.ok)).toBeGreaterThan(100)
  })

  it("never leads astray, even when its table is wrong and its checksum right", () => {
    const tableLength = sectionTableLength(SECTION_COUNT)
    const cells = FastCheck.tuple(FastCheck.nat({ max: tableLength / 4 - 1 }), words)
    FastCheck.assert(
      FastCheck.property(FastCheck.array(cells, { minLength: 1, maxLength: 3 }), (changes) => {
        const changed = smallIndex.bytes.slice()
        changes.forEach(([cell, word]) => writeU32(changed, cell * 4, word))
        const length = Math.min(sectionTableLength(readU32(changed, 0)), changed.length)
        const index = openSealIndex(changed, crc32(changed, 0, length, 0), expectationOf(small.length))
        // Nothing of a table can be otherwise: each of its numbers follows from the sections.
        expect(index._tag).toBe(toHex(changed) === toHex(smallIndex.bytes) ? "ok" : "damaged")
      }),
      { numRuns: 3_000 }
    )
  })

  it.each<[string, Partial<SealIndexSource>, string]>([
    ["an offset behind the data", { entryOffsets: Uint32Array.of(184, 128, 296) }, "the offsets of a key's entries"],
    ["offsets that descend", { entryOffsets: Uint32Array.of(184, 240, 128) }, "the offsets of a key's entries"],
    ["a point behind the data", { sequencePoints: Uint32Array.of(296) }, "the sequence points do not ascend"],
    ["a point too many", { sequencePoints: Uint32Array.of(128, 184) }, "a section is missing"],
    ["a group too few", { groupStarts: Uint32Array.of(0, 3) }, "a section is missing"],
    ["an empty group", { groupStarts: Uint32Array.of(0, 3, 3) }, "the groups do not add up"],
    ["groups beyond the entries", { groupStarts: Uint32Array.of(0, 1, 4) }, "the groups do not add up"],
    ["groups that begin too late", { groupStarts: Uint32Array.of(1, 2, 3) }, "the groups do not add up"],
    ["an empty key", { keyStarts: Uint32Array.of(0, 0, 2) }, "the keys do not add up"],
    ["keys that end too late", { keyStarts: Uint32Array.of(0, 1, 3) }, "the keys do not add up"],
    ["no keys at all", { keyStarts: Uint32Array.of(0), keyBytes: EMPTY }, "a section is missing"]
  ])("with %s is refused", (_, change, what) => {
    const { bytes, tableChecksum } = encodeSealIndex({ ...sourceOf(small, hashOf), ...change })
    expect(whatOf(bytes, tableChecksum)).toContain(what)
  })

  it.each([
    ["full", Uint32Array.of(1, 2)],
    ["full of one key", Uint32Array.of(1, 1, 1, 0)],
    ["without a key", Uint32Array.of(1, 0, 0, 0)],
    ["with a key that there is not", Uint32Array.of(1, 3, 0, 0)]
  ])("with a hash table %s is refused", (_, slots) => {
    const contents = contentsOf(smallIndex.bytes, smallIndex.tableChecksum).map((content) =>
      content.kind === KEY_SLOTS ? withWords(content, slots) : content
    )
    const { bytes, tableChecksum } = encodeSections({ entryCount: 3, keyCount: 2 }, contents)
    expect(whatOf(bytes, tableChecksum)).toBe("the hash table does not add up")
  })

  it.each([KEY_FILTER, KEY_SLOTS, ENTRY_OFFSETS, KEYS, GROUP_STARTS, SEQUENCE_POINTS])(
    "without section %i, or with it twice, is refused",
    (kind) => {
      const contents = contentsOf(smallIndex.bytes, smallIndex.tableChecksum)
      const without = contents.filter((content) => content.kind !== kind)
      const twice = [...contents, ...contents.filter((content) => content.kind === kind)]
      for (const wrong of [without, twice]) {
        const { bytes, tableChecksum } = encodeSections({ entryCount: 3, keyCount: 2 }, wrong)
        expect(whatOf(bytes, tableChecksum)).toBe("a section is missing, or its length does not add up")
      }
    }
  )

  it("with half a block of filter is refused", () => {
    const contents = contentsOf(smallIndex.bytes, smallIndex.tableChecksum).map((content) =>
      content.kind === KEY_FILTER ? withWords(content, content.words.slice(4)) : content
    )
    const { bytes, tableChecksum } = encodeSections({ entryCount: 3, keyCount: 2 }, contents)
    expect(whatOf(bytes, tableChecksum)).toBe("the key filter does not consist of blocks")
  })
})

describe("a section of a later version", () => {
  const later: SectionContent = { kind: 99, words: Uint32Array.of(1, 2, 3), bytes: utf8("later") }
  const known = contentsOf(smallIndex.bytes, smallIndex.tableChecksum)
  const counts = { entryCount: 3, keyCount: 2 }

  it("is passed over wherever it stands", () => {
    for (let position = 0; position <= known.length; position++) {
      const { bytes, tableChecksum } = encodeSections(counts, known.toSpliced(position, 0, later))
      const index = opened(bytes, tableChecksum, small.length)
      expect(contentOf(index, hashOf)).toStrictEqual(expectedContent(small))
    }
  })

  it("with a length that no number holds is refused", () => {
    const { bytes } = encodeSections(counts, [...known, { kind: 99, words: new Uint32Array(0), bytes: EMPTY }])
    const tableLength = sectionTableLength(SECTION_COUNT + 1)
    bytes.fill(0xff, tableLength - 8, tableLength)
    expect(whatOf(bytes, crc32(bytes, 0, tableLength, 0))).toBe("section 99 does not match its checksum")
  })

  it("is verified all the same", () => {
    const { bytes, tableChecksum } = encodeSections(counts, [...known, later])
    const undetected = singleBitFlips(bytes).filter((flipped) => whatOf(flipped, tableChecksum) === "nothing")
    expect(undetected).toStrictEqual([])
  })
})

describe("the filter alone", () => {
  const { bytes, tableChecksum } = smallIndex
  const table = bytes.subarray(0, sectionTableLength(SECTION_COUNT))

  it("is read by its section's place", () => {
    const section = sectionIn(table, tableChecksum, KEY_FILTER)
    const content = bytes.slice(section?.offset, (section?.offset ?? 0) + (section?.length ?? 0))
    const filter = section === undefined ? undefined : openFilter(content, section)
    expect(filter).toStrictEqual(opened(bytes, tableChecksum, small.length).filter.slice())
  })

  it("is not believed when a bit of it is wrong", () => {
    const section = sectionIn(table, tableChecksum, KEY_FILTER)
    if (section === undefined) {
      throw new Error("no section")
    }
    const content = bytes.slice(section.offset, section.offset + section.length)
    expect(singleBitFlips(content).filter((flipped) => openFilter(flipped, section) !== undefined)).toStrictEqual([])
    expect(openFilter(content.subarray(4), section)).toBe(undefined)
  })

  it("has no place in a table that is damaged or too short", () => {
    expect(sectionIn(table, tableChecksum ^ 1, KEY_FILTER)).toBe(undefined)
    expect(sectionIn(table.subarray(0, table.length - 1), tableChecksum, KEY_FILTER)).toBe(undefined)
    expect(sectionIn(EMPTY, 0, KEY_FILTER)).toBe(undefined)
  })
})

/** Corrects the checksums of what was changed on purpose; answers that of the table. */
const resealed = (bytes: Uint8Array, sections: ReadonlyArray<Section>): number => {
  sections.forEach(({ length, offset }, position) => {
    writeU32(bytes, sectionTableLength(position) + 4, crc32(bytes, offset, offset + length, 0))
    bytes.fill(0, offset + length, align(offset + length))
  })
  return crc32(bytes, 0, sectionTableLength(sections.length), 0)
}

const expectWithinBounds = (index: SealIndex, dataLength: number): void => {
  for (let group = 0; group < index.keyCount; group++) {
    const key = index.keyAt(group)
    expect(key.length).toBeGreaterThan(0)
    expect(index.offsetsOf(group).length).toBeGreaterThan(0)
    expect(index.offsetsOf(group).every((offset) => offset < dataLength)).toBe(true)
    expect(index.find(key, hashOf(key))).toBeLessThan(index.keyCount)
  }
  expect(index.find(utf8("absent"), hashOf(utf8("absent")))).toBe(-1)
  for (let ordinal = 0; ordinal < index.entryCount; ordinal++) {
    expect(index.pointBefore(ordinal).offset).toBeLessThan(dataLength)
  }
}
