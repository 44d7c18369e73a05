/**
 * What is asked of an index that is read by blocks: each question says which ranges it needs, one after the other.
 *
 * Ranges come with a checksum that matched, and not with the rules that a whole index is held to; so each question holds what
 * it uses to them.
 */
import { equalRange, readU32 } from "./bytes.js"
import type { IndexRange } from "./indexBlocks.js"
import { FILTER_BLOCK_WORDS, firstWordOf, mayContain } from "./keyFilter.js"
import { endOfWindow, type KeyWindow, NO_KEYS } from "./keyWindow.js"
import { firstSlot, POINT_INTERVAL } from "./sealIndexEncode.js"
import type { SealIndexMap } from "./sealIndexMap.js"
import { ascends, type WordPlace } from "./sealIndexPlaces.js"
import { type Checked, damaged, ok, WORD_LENGTH, wordsAt } from "./sealIndexSections.js"

/** Yields a range of the index and goes on with its bytes, which it does not change. */
export type Question<A> = Generator<IndexRange, Checked<A>, Uint8Array>

/** Where the frames of some of a key's entries begin. */
export interface KeyOffsets {
  readonly offsets: Uint32Array
  /** The key has entries in the segment behind them. */
  readonly hasMore: boolean
}

export const NO_OFFSETS: KeyOffsets = { offsets: new Uint32Array(0), hasMore: false }

/** Whether the key filter knows the hash; false is certain. */
export function* inFilter({ filter }: SealIndexMap, hash: number): Question<boolean> {
  if (filter.count === 0) {
    return ok(false)
  }
  const block = yield words(filter, firstWordOf(hash, filter.count), FILTER_BLOCK_WORDS)
  return ok(mayContain(wordsAt(block, 0, FILTER_BLOCK_WORDS), hash))
}

/** The offsets of a key's entries from its entry `from` on, at most so many. */
export function* keyOffsets(
  map: SealIndexMap,
  key: Uint8Array,
  hash: number,
  from: number,
  most: number
): Question<KeyOffsets> {
  const group = yield* findGroup(map, key, hash)
  if (group._tag === "damaged") {
    return group
  }
  if (group.value === undefined) {
    return ok(NO_OFFSETS)
  }
  const { end, start } = group.value
  const count = Math.min(most, end - start - from)
  if (count <= 0) {
    return ok(NO_OFFSETS)
  }
  const bytes = yield words(map.entryOffsets, start + from, count)
  // Copied, so that whoever keeps them does not keep the blocks.
  const offsets = wordsAt(bytes, 0, count).slice()
  return ascends(offsets, 0, count, map.dataLength)
    ? ok({ offsets, hasMore: start + from + count < end })
    : damaged("the offsets of a key's entries do not ascend within the segment")
}

/** Where the frame of a key's last entry begins. */
export function* lastOffset(map: SealIndexMap, key: Uint8Array, hash: number): Question<number | undefined> {
  const group = yield* findGroup(map, key, hash)
  if (group._tag === "damaged" || group.value === undefined) {
    return group._tag === "damaged" ? group : ok(undefined)
  }
  const offset = readU32(yield words(map.entryOffsets, group.value.end - 1, 1), 0)
  return offset < map.dataLength ? ok(offset) : damaged("an entry lies behind the segment's data")
}

/** Where the last sequence point at or before an ordinal lies; the end of the frames where there are no entries. */
export function* pointBefore(map: SealIndexMap, ordinal: number): Question<number> {
  const { dataLength, sequencePoints } = map
  if (sequencePoints.count === 0) {
    return ok(dataLength)
  }
  const point = Math.max(0, Math.min(Math.floor(ordinal / POINT_INTERVAL), sequencePoints.count - 1))
  const offset = readU32(yield words(sequencePoints, point, 1), 0)
  return offset < dataLength ? ok(offset) : damaged("a sequence point lies behind the segment's data")
}

/** Keys from the one at `position` on, as many as fit into so many bytes. */
export function* keysFrom(map: SealIndexMap, position: number, mostBytes: number): Question<KeyWindow> {
  const { keyBytes, keyCount, keyStarts } = map
  if (position >= keyCount) {
    return ok(NO_KEYS)
  }
  const usual = keyBytes.length / keyCount + WORD_LENGTH
  const asked = Math.min(keyCount - position, Math.max(1, Math.floor(mostBytes / usual)))
  const starts = wordsAt(yield words(keyStarts, position, asked + 1), 0, asked + 1)
  const count = endOfWindow(starts, 0, asked, mostBytes)
  const first = starts[0] ?? 0
  const end = starts[count] ?? 0
  if (!ascends(starts, 0, starts.length, keyBytes.length + 1)) {
    return damaged("the keys do not add up")
  }
  const bytes = yield { start: keyBytes.offset + first, end: keyBytes.offset + end }
  return ok({ starts: starts.slice(0, count + 1), bytes: bytes.slice(), isLast: position + count === keyCount })
}

/** The entries of a key among the entry offsets, from `start` up to `end`: at least one. */
interface Group {
  readonly start: number
  readonly end: number
}

function* findGroup(map: SealIndexMap, key: Uint8Array, hash: number): Question<Group | undefined> {
  const { slots } = map
  let slot = firstSlot(hash, slots.count)
  for (let probes = 0; probes < slots.count; probes++) {
    const group = readU32(yield words(slots, slot, 1), 0) - 1
    if (group < 0) {
      return ok(undefined)
    }
    const isItsOwn = yield* isKeyOf(map, group, key)
    if (isItsOwn._tag === "damaged") {
      return isItsOwn
    }
    if (isItsOwn.value) {
      const pair = yield words(map.groupStarts, group, 2)
      const found = { start: readU32(pair, 0), end: readU32(pair, WORD_LENGTH) }
      return found.start < found.end && found.end <= map.entryCount ? ok(found) : damaged("the groups do not add up")
    }
    slot = slot + 1 === slots.count ? 0 : slot + 1
  }
  return damaged("the hash table has no empty slot")
}

function* isKeyOf(map: SealIndexMap, group: number, key: Uint8Array): Question<boolean> {
  const { keyBytes, keyCount, keyStarts } = map
  if (group >= keyCount) {
    return damaged("the hash table does not add up")
  }
  const pair = yield words(keyStarts, group, 2)
  const start = readU32(pair, 0)
  const end = readU32(pair, WORD_LENGTH)
  if (start >= end || end > keyBytes.length) {
    return damaged("the keys do not add up")
  }
  if (end - start !== key.length) {
    return ok(false)
  }
  const bytes = yield { start: keyBytes.offset + start, end: keyBytes.offset + end }
  return ok(equalRange(bytes, 0, key, 0, key.length))
}

const words = ({ offset }: WordPlace, first: number, count: number): IndexRange => ({
  start: offset + first * WORD_LENGTH,
  end: offset + (first + count) * WORD_LENGTH
})
