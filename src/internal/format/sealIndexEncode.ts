/**
 * Writes the index of a sealed segment, in the form in which it is read: words and bytes that need no parsing.
 */
import { EMPTY } from "./bytes.js"
import { encodeKeyFilter } from "./keyFilter.js"
import {
  encodeSections,
  ENTRY_OFFSETS,
  GROUP_STARTS,
  KEY_FILTER,
  KEY_SLOTS,
  KEYS,
  type SectionContent,
  SEQUENCE_POINTS
} from "./sealIndexSections.js"

/** Every 64th entry's frame can be found by its ordinal alone. */
export const POINT_INTERVAL = 64

/** What is indexed: the keys in the order of their bytes, and the entries of each, its group, in the order of their frames. */
export interface SealIndexSource {
  /** Key i is `keyBytes[keyStarts[i], keyStarts[i + 1])`. */
  readonly keyStarts: Uint32Array
  readonly keyBytes: Uint8Array
  /** Of key i, as `hashKey` has it. */
  readonly hashes: Uint32Array
  /** The entries of key i are `entryOffsets[groupStarts[i], groupStarts[i + 1])`. */
  readonly groupStarts: Uint32Array
  readonly entryOffsets: Uint32Array
  /** Where the frames of the entries 0, 64, 128 … begin. */
  readonly sequencePoints: Uint32Array
}

export const encodeSealIndex = (
  source: SealIndexSource
): { readonly bytes: Uint8Array; readonly tableChecksum: number } =>
  encodeSections({ entryCount: source.entryOffsets.length, keyCount: source.hashes.length }, [
    wordSection(KEY_FILTER, encodeKeyFilter(source.hashes)),
    wordSection(KEY_SLOTS, keySlots(source.hashes)),
    wordSection(ENTRY_OFFSETS, source.entryOffsets),
    { kind: KEYS, words: source.keyStarts, bytes: source.keyBytes },
    wordSection(GROUP_STARTS, source.groupStarts),
    wordSection(SEQUENCE_POINTS, source.sequencePoints)
  ])

const wordSection = (kind: number, words: Uint32Array): SectionContent => ({ kind, words, bytes: EMPTY })

/** Of a hash table: where the search for a key begins, to go on at the next slot and from the last to the first. */
export const firstSlot = (hash: number, slotCount: number): number => (hash >>> 0) % slotCount

/** Group + 1, or 0 where a slot is empty; at most two of three slots are taken, so that every search ends soon. */
const keySlots = (hashes: Uint32Array): Uint32Array => {
  const slots = new Uint32Array(hashes.length + Math.floor(hashes.length / 2) + 1)
  for (let group = 0; group < hashes.length; group++) {
    let slot = firstSlot(hashes[group] ?? 0, slots.length)
    while (slots[slot] !== 0) {
      slot = slot + 1 === slots.length ? 0 : slot + 1
    }
    slots[slot] = group + 1
  }
  return slots
}
