/**
 * The hash of a key: pinned by the format, because sealed indexes are probed with it on disk.
 */

const PRIME = 0x01000193

/**
 * A u32: FNV-1a of the bytes from `start` up to `end`, then MurmurHash3's 32-bit finalizer. FNV-1a alone leaves
 * bits of short keys that hardly differ, and slots and filter bits are chosen by all of them.
 *
 * It is not keyed: whoever chooses the keys can make them collide, which costs time and never correctness.
 */
export const hashKey = (bytes: Uint8Array, start: number, end: number): number => {
  let hash = HASH_OF_NOTHING
  for (let index = start; index < end; index++) {
    hash = hashOn(hash, bytes[index] ?? 0)
  }
  return finishHash(hash)
}

/** For who has the bytes one by one: where their hash begins, how each goes on, and how it ends. */
export const HASH_OF_NOTHING = 0x811c9dc5

export const hashOn = (hash: number, byte: number): number => Math.imul(hash ^ byte, PRIME)

export const finishHash = (hash: number): number => {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
