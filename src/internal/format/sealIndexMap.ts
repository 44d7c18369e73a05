/**
 * Where the parts of an index lie, and the checksums of its blocks: what it takes to look things up in it without the rest.
 */
import { align } from "./bytes.js"
import { blockCount, type Blocks } from "./indexBlocks.js"
import { FILTER_BLOCK_WORDS } from "./keyFilter.js"
import type { ExpectedIndex } from "./sealIndex.js"
import { placeParts, type Places } from "./sealIndexPlaces.js"
import {
  BLOCK_CHECKSUMS,
  decodeSectionTable,
  findSection,
  type SectionTable,
  sectionTableLength,
  sectionVerifies,
  WORD_LENGTH,
  wordsAt
} from "./sealIndexSections.js"

/** What is in memory of an index that is read by blocks. Its parts follow each other, and have the lengths that the counts ask for. */
export interface SealIndexMap extends Places {
  readonly keyCount: number
  readonly entryCount: number
  readonly dataLength: number
  readonly blocks: Blocks
}

/** What a map takes of memory, about: the checksums, and what names them. */
export const mapBytes = ({ blocks }: SealIndexMap): number => blocks.checksums.byteLength + MAP_LENGTH

const MAP_LENGTH = 512

/**
 * The map, by the first bytes of an index of that length and the content of its section of checksums; undefined where
 * something does not add up, which reading the whole index then explains.
 */
export const openIndexMap = (
  tableBytes: Uint8Array,
  tableChecksum: number,
  content: Uint8Array,
  indexLength: number,
  expected: ExpectedIndex
): SealIndexMap | undefined => {
  const table = decodeSectionTable(tableBytes, tableChecksum)
  if (table._tag === "damaged" || table.value.entryCount !== expected.entryCount) {
    return undefined
  }
  const { entryCount, keyCount } = table.value
  const blocks = openBlocks(table.value, content, indexLength)
  const places = placeParts(table.value)
  return blocks === undefined || places === undefined || !canBeSearched(places)
    ? undefined
    : { ...places, keyCount, entryCount, dataLength: expected.dataLength, blocks }
}

const openBlocks = (table: SectionTable, content: Uint8Array, indexLength: number): Blocks | undefined => {
  const section = findSection(table, BLOCK_CHECKSUMS)
  const start = sectionTableLength(table.sections.length)
  if (
    section === undefined
    || !sectionsFill(table, start, indexLength)
    || section.length !== blockCount(section.offset - start) * WORD_LENGTH
    || !sectionVerifies(content, section)
  ) {
    return undefined
  }
  const checksums = wordsAt(content, 0, section.length / WORD_LENGTH)
  return { start, end: section.offset, checksums }
}

/** Whether the sections follow each other from the table to the end. */
const sectionsFill = (table: SectionTable, start: number, indexLength: number): boolean => {
  let offset = start
  for (const section of table.sections) {
    if (section.offset !== offset || section.length < 0) {
      return false
    }
    offset = align(offset + section.length)
  }
  return offset === indexLength
}

/** Of what is looked up one by one, at least the parts that every lookup begins with have to be of a shape that it can go by. */
const canBeSearched = ({ filter, slots }: Places): boolean => filter.count % FILTER_BLOCK_WORDS === 0 && slots.count > 0
