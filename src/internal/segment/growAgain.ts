/**
 * Makes an index that grows out of a sealed one, for a segment that was closed and goes on.
 */
import { entryFrameLength } from "../format/entryFrame.js"
import { hashKey } from "../format/keyHash.js"
import type { SealIndex } from "../format/sealIndex.js"
import { ActiveIndex } from "./activeIndex.js"

/** No frame is shorter, so that no two frames begin in the same stretch of this length. */
const SHORTEST_FRAME = entryFrameLength(1, 0, 0)

/** A stretch and a group share the 53 bits of a number; a segment of 2 GiB has less than 2^26 of each. */
const GROUPS = 2 ** 26

/** Adds a sealed index's entries in the order in which they were appended. */
export const growAgain = (sealed: SealIndex): ActiveIndex => {
  const keys = Array.from({ length: sealed.keyCount }, (_, group) => sealed.keyAt(group))
  const hashes = Uint32Array.from(keys, (key) => hashKey(key, 0, key.length))
  const offsets = keys.map((_, group) => sealed.offsetsOf(group))
  const taken = new Uint32Array(keys.length)
  const index = new ActiveIndex()
  for (const packed of inOrder(offsets, sealed.entryCount)) {
    const group = packed % GROUPS
    const key = keys[group]
    const next = taken[group] ?? 0
    const offset = offsets[group]?.[next]
    if (key !== undefined && offset !== undefined) {
      index.add(key, 0, key.length, hashes[group] ?? 0, offset)
      taken[group] = next + 1
    }
  }
  return index
}

/** Each entry's group below `GROUPS`, in the order of the entries' offsets: plain numbers, which are sorted without a comparison of ours. */
const inOrder = (offsets: ReadonlyArray<Uint32Array>, entryCount: number): Float64Array => {
  const packed = new Float64Array(entryCount)
  let at = 0
  offsets.forEach((ofGroup, group) => {
    for (const offset of ofGroup) {
      packed[at++] = Math.floor(offset / SHORTEST_FRAME) * GROUPS + group
    }
  })
  return packed.sort()
}
