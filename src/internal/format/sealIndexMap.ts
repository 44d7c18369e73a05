/**
 * Where the parts of an index lie, and the checksums of its blocks: what it takes to look things up in it without the rest.
 */
import { align } from "./bytes.js"
import { blockCount, type Blocks } from "./indexBlocks.js"
import { FILTER_BLOCK_WORDS } from "./keyFilter.js"
import type { ExpectedIndex } from "./sealIndex.js"
import { POINT_INTERVAL } from "./sealIndexEncode.js"
import {
  BLOCK_CHECKSUMS,
  decodeSectionTable,
  ENTRY_OFFSETS,
  findSection,
  GROUP_STARTS,
  KEY_FILTER,
  KEY_SLOTS,
  KEYS,
  type Section,
  type SectionTable,
  sectionTableLength,
  sectionVerifies,
  SEQUENCE_POINTS,
  WORD_LENGTH,
  wordsAt
} from "./sealIndexSections.js"

/** Words that lie one behind the other. */
export interface WordPlace {
  /** From the start of the index. */
  readonly offset: number
  readonly count: number
}

/** What is in memory of an index that is read by blocks. Its parts follow each other, and have the lengths that the counts ask for. */
export interface SealIndexMap {
  readonly keyCount: number
  readonly entryCount: number
  readonly dataLength: number
  readonly filter: WordPlace
  readonly slots: WordPlace
  readonly entryOffsets: WordPlace
  readonly keyStarts: WordPlace
  readonly keyBytes: { readonly offset: number; readonly length: number }
  readonly groupStarts: WordPlace
  readonly sequencePoints: WordPlace
  readonly blocks: Blocks
}

/** What a map takes of memory, about: the checksums, and what names them. */
export const mapBytes = ({ blocks }: SealIndexMap): number => blocks.checksums.byteLength + MAP_LENGTH

const MAP_LENGTH = 512

/** Where the checksums of the blocks lie, by the first bytes of an index; undefined where it has none. */
export const checksumsSection = (tableBytes: Uint8Array, tableChecksum: number): Section | undefined => {
  const table = decodeSectionTable(tableBytes, tableChecksum)
  return table._tag === "ok" ? findSection(table.value, BLOCK_CHECKSUMS) : undefined
}

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
  const blocks = openBlocks(table.value, content, indexLength)
  return blocks === undefined ? undefined : placeParts(table.value, blocks, expected.dataLength)
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

const placeParts = (table: SectionTable, blocks: Blocks, dataLength: number): SealIndexMap | undefined => {
  const { entryCount, keyCount } = table
  const filter = wordPlace(table, KEY_FILTER)
  const slots = wordPlace(table, KEY_SLOTS)
  const entryOffsets = wordPlace(table, ENTRY_OFFSETS, entryCount)
  const groupStarts = wordPlace(table, GROUP_STARTS, keyCount + 1)
  const sequencePoints = wordPlace(table, SEQUENCE_POINTS, Math.ceil(entryCount / POINT_INTERVAL))
  const keys = findSection(table, KEYS)
  const keyBytesAt = (keyCount + 1) * WORD_LENGTH
  if (
    filter === undefined
    || filter.count % FILTER_BLOCK_WORDS !== 0
    || slots === undefined
    || slots.count === 0
    || entryOffsets === undefined
    || groupStarts === undefined
    || sequencePoints === undefined
    || keys === undefined
    || keys.length < keyBytesAt
  ) {
    return undefined
  }
  return {
    keyCount,
    entryCount,
    dataLength,
    filter,
    slots,
    entryOffsets,
    keyStarts: { offset: keys.offset, count: keyCount + 1 },
    keyBytes: { offset: keys.offset + keyBytesAt, length: keys.length - keyBytesAt },
    groupStarts,
    sequencePoints,
    blocks
  }
}

const wordPlace = (table: SectionTable, kind: number, count?: number): WordPlace | undefined => {
  const section = findSection(table, kind)
  return section === undefined
      || section.length % WORD_LENGTH !== 0
      || (count !== undefined && section.length !== count * WORD_LENGTH)
    ? undefined
    : { offset: section.offset, count: section.length / WORD_LENGTH }
}
