/**
 * Where the parts of an index lie, whether all of it is at hand or not.
 */
import { POINT_INTERVAL } from "./sealIndexEncode.js"
import {
  ENTRY_OFFSETS,
  findSection,
  GROUP_STARTS,
  KEY_FILTER,
  KEY_SLOTS,
  KEYS,
  type SectionTable,
  SEQUENCE_POINTS,
  WORD_LENGTH
} from "./sealIndexSections.js"

/** Words that lie one behind the other. */
export interface WordPlace {
  /** From the start of the index. */
  readonly offset: number
  readonly count: number
}

export interface Places {
  readonly filter: WordPlace
  readonly slots: WordPlace
  readonly entryOffsets: WordPlace
  readonly keyStarts: WordPlace
  readonly keyBytes: { readonly offset: number; readonly length: number }
  readonly groupStarts: WordPlace
  readonly sequencePoints: WordPlace
}

/** Undefined where a section is missing, or has not the length that the counts ask for. */
export const placeParts = (table: SectionTable): Places | undefined => {
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
    || slots === undefined
    || entryOffsets === undefined
    || groupStarts === undefined
    || sequencePoints === undefined
    || keys === undefined
    || keys.length < keyBytesAt
  ) {
    return undefined
  }
  return {
    filter,
    slots,
    entryOffsets,
    keyStarts: { offset: keys.offset, count: keyCount + 1 },
    keyBytes: { offset: keys.offset + keyBytesAt, length: keys.length - keyBytesAt },
    groupStarts,
    sequencePoints
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

/** Whether the words from `from` up to `to` ascend strictly, and the last one is below `limit`. */
export const ascends = (words: Uint32Array, from: number, to: number, limit: number): boolean => {
  let least = 0
  for (let index = from; index < to; index++) {
    const word = words[index] ?? 0
    if (word < least) {
      return false
    }
    least = word + 1
  }
  return least <= limit
}
