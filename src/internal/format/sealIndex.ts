/**
 * Reads the index of a sealed segment where it lies: its parts are views of the bytes, believed only after every check.
 */
import { equalRange } from "./bytes.js"
import { FILTER_BLOCK_WORDS } from "./keyFilter.js"
import { endOfWindow, type KeyWindow, NO_KEYS } from "./keyWindow.js"
import { firstSlot, POINT_INTERVAL } from "./sealIndexEncode.js"
import { ascends, placeParts, type WordPlace } from "./sealIndexPlaces.js"
import {
  type Checked,
  checkSections,
  damaged,
  decodeSectionTable,
  ok,
  type Section,
  type SectionTable,
  sectionVerifies,
  WORD_LENGTH,
  wordsAt
} from "./sealIndexSections.js"

/** What the segment's trailer says, and its index has to agree with. */
export interface ExpectedIndex {
  readonly entryCount: number
  readonly dataLength: number
}

export type OpenedIndex =
  | { readonly _tag: "ok"; readonly index: SealIndex }
  | { readonly _tag: "damaged"; readonly what: string }

/** An entry whose frame can be found by its ordinal alone. */
export interface SequencePoint {
  readonly ordinal: number
  readonly offset: number
}

interface Parts {
  readonly filter: Uint32Array
  readonly slots: Uint32Array
  readonly entryOffsets: Uint32Array
  readonly keyStarts: Uint32Array
  readonly keyBytes: Uint8Array
  readonly groupStarts: Uint32Array
  readonly sequencePoints: Uint32Array
}

/** Opens the whole index; `bytes` must not change any more, because the index consists of views of them. */
export const openSealIndex = (bytes: Uint8Array, tableChecksum: number, expected: ExpectedIndex): OpenedIndex => {
  const table = decodeSectionTable(bytes, tableChecksum)
  if (table._tag === "damaged") {
    return table
  }
  const damage = checkSections(bytes, table.value) ?? disagreement(table.value, expected)
  if (damage !== undefined) {
    return damaged(damage)
  }
  const parts = takeParts(bytes, table.value)
  if (parts._tag === "damaged") {
    return parts
  }
  const fault = faultOf(parts.value, expected)
  return fault === undefined
    ? { _tag: "ok", index: new SealIndex(parts.value, expected.dataLength, bytes.length) }
    : damaged(fault)
}

/** The key filter by the bytes of its section alone. */
export const openFilter = (content: Uint8Array, section: Section): Uint32Array | undefined =>
  sectionVerifies(content, section) && section.length % (FILTER_BLOCK_WORDS * WORD_LENGTH) === 0
    ? wordsAt(content, 0, section.length / WORD_LENGTH)
    : undefined

/**
 * Invariants: what `openSealIndex` has checked. Starts ascend from 0 to the length of what they point into, a slot is 0 or
 * names a group, at least one slot is 0, and nothing of it ever changes.
 */
export class SealIndex {
  readonly keyCount: number
  readonly entryCount: number

  constructor(
    private readonly parts: Parts,
    private readonly dataLength: number,
    /** How much memory the index holds on to. */
    readonly byteLength: number
  ) {
    this.keyCount = parts.groupStarts.length - 1
    this.entryCount = parts.entryOffsets.length
  }

  /** A view; copied, it can outlive the rest. */
  get filter(): Uint32Array {
    return this.parts.filter
  }

  /** The key's group, or -1. */
  find(key: Uint8Array, hash: number): number {
    const { slots } = this.parts
    let slot = firstSlot(hash, slots.length)
    for (;;) {
      const group = (slots[slot] ?? 0) - 1
      if (group < 0 || this.isKeyOf(group, key)) {
        return group
      }
      slot = slot + 1 === slots.length ? 0 : slot + 1
    }
  }

  /** Where the frames of a group's entries begin, in order: a view. */
  offsetsOf(group: number): Uint32Array {
    const { entryOffsets, groupStarts } = this.parts
    return entryOffsets.subarray(groupStarts[group] ?? 0, groupStarts[group + 1] ?? 0)
  }

  /** A group's key, a view; groups are in the order of their keys. */
  keyAt(group: number): Uint8Array {
    const { keyBytes, keyStarts } = this.parts
    return keyBytes.subarray(keyStarts[group] ?? 0, keyStarts[group + 1] ?? 0)
  }

  /** Copies of the keys from `position` on, as many as fit into so many bytes. */
  keysFrom(position: number, mostBytes: number): KeyWindow {
    const { keyBytes, keyStarts } = this.parts
    if (position >= this.keyCount) {
      return NO_KEYS
    }
    const end = endOfWindow(keyStarts, position, this.keyCount, mostBytes)
    return {
      starts: keyStarts.slice(position, end + 1),
      bytes: keyBytes.slice(keyStarts[position], keyStarts[end]),
      isLast: end === this.keyCount
    }
  }

  /** The last point at or before an ordinal; the end of the frames where there are no entries. */
  pointBefore(ordinal: number): SequencePoint {
    const { sequencePoints } = this.parts
    const point = Math.max(0, Math.min(Math.floor(ordinal / POINT_INTERVAL), sequencePoints.length - 1))
    return { ordinal: point * POINT_INTERVAL, offset: sequencePoints[point] ?? this.dataLength }
  }

  private isKeyOf(group: number, key: Uint8Array): boolean {
    const { keyBytes, keyStarts } = this.parts
    const start = keyStarts[group] ?? 0
    return (keyStarts[group + 1] ?? 0) - start === key.length && equalRange(keyBytes, start, key, 0, key.length)
  }
}

const disagreement = (table: SectionTable, expected: ExpectedIndex): string | undefined =>
  table.entryCount === expected.entryCount
    ? undefined
    : `the index has ${table.entryCount} entries and its segment ${expected.entryCount}`

/** Cuts the index into its parts, whose lengths must be those that the counts ask for. */
const takeParts = (bytes: Uint8Array, table: SectionTable): Checked<Parts> => {
  const places = placeParts(table)
  if (places === undefined) {
    return damaged("a section is missing, or its length does not add up")
  }
  const { keyBytes } = places
  const words = ({ count, offset }: WordPlace): Uint32Array => wordsAt(bytes, offset, count)
  return ok({
    filter: words(places.filter),
    slots: words(places.slots),
    entryOffsets: words(places.entryOffsets),
    keyStarts: words(places.keyStarts),
    keyBytes: bytes.subarray(keyBytes.offset, keyBytes.offset + keyBytes.length),
    groupStarts: words(places.groupStarts),
    sequencePoints: words(places.sequencePoints)
  })
}

/** A checksum says that the bytes are those that were written; this, that no search in them can go astray. */
const faultOf = (parts: Parts, expected: ExpectedIndex): string | undefined => {
  if (parts.filter.length % FILTER_BLOCK_WORDS !== 0) {
    return "the key filter does not consist of blocks"
  }
  if (!startsAddUp(parts.keyStarts, parts.keyBytes.length)) {
    return "the keys do not add up"
  }
  if (!startsAddUp(parts.groupStarts, parts.entryOffsets.length)) {
    return "the groups do not add up"
  }
  if (!slotsAddUp(parts.slots, parts.groupStarts.length - 1)) {
    return "the hash table does not add up"
  }
  if (!groupsAscend(parts, expected.dataLength)) {
    return "the offsets of a key's entries do not ascend within the segment"
  }
  return ascends(parts.sequencePoints, 0, parts.sequencePoints.length, expected.dataLength)
    ? undefined
    : "the sequence points do not ascend within the segment"
}

/** From 0 to the end, and nothing in between is empty: a key has at least one byte, a group at least one entry. */
const startsAddUp = (starts: Uint32Array, end: number): boolean =>
  starts[0] === 0 && starts[starts.length - 1] === end && ascends(starts, 0, starts.length, end + 1)

const slotsAddUp = (slots: Uint32Array, keyCount: number): boolean => {
  let taken = 0
  for (const slot of slots) {
    if (slot > keyCount) {
      return false
    }
    taken += slot === 0 ? 0 : 1
  }
  return taken === keyCount && taken < slots.length
}

const groupsAscend = (parts: Parts, dataLength: number): boolean => {
  const { entryOffsets, groupStarts } = parts
  for (let group = 0; group + 1 < groupStarts.length; group++) {
    if (!ascends(entryOffsets, groupStarts[group] ?? 0, groupStarts[group + 1] ?? 0, dataLength)) {
      return false
    }
  }
  return true
}
