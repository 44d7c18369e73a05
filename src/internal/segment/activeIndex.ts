/**
 * The index of the segment that is being written: entries are only ever added, and found while that goes on.
 */
import { copyBytes, equalRange } from "../format/bytes.js"
import { POINT_INTERVAL, type SealIndexSource } from "../format/sealIndexEncode.js"
import { SEGMENT_HEADER_LENGTH } from "../format/segmentHeader.js"
import { keyOrder } from "./keyOrder.js"

const INITIAL_ENTRIES = 64
const INITIAL_KEYS = 16
const INITIAL_SLOTS = 32
const INITIAL_KEY_BYTES = 256

/**
 * A snapshot is a count: "the first so many entries", which stay what they are whatever is added behind them.
 *
 * Invariants:
 * - `rows` has two words an entry, side by side because whoever needs one needs the other: where its frame begins, and the
 *   entry of the same key before it, as ordinal + 1, or 0. A key's newest entry is `latest[id]`, likewise as ordinal + 1.
 * - Keys have ids in the order in which they first came: key `id` is `keyBytes[keyStarts[id], keyStarts[id + 1])`, and its
 *   hash `hashes[id]`.
 * - `slots` is a hash table with open addressing: id + 1, or 0. Its length is a power of two, at most two thirds are taken.
 * - Arrays are replaced by longer ones, and what they hold below the counts is never written again, but for `latest`.
 */
export class ActiveIndex {
  private entries = 0
  private rows = new Uint32Array(INITIAL_ENTRIES * 2)

  private keys = 0
  private keyStarts = new Uint32Array(INITIAL_KEYS)
  private hashes = new Uint32Array(INITIAL_KEYS)
  private latest = new Uint32Array(INITIAL_KEYS)
  private keyBytes = new Uint8Array(INITIAL_KEY_BYTES)
  private slots = new Uint32Array(INITIAL_SLOTS)

  get entryCount(): number {
    return this.entries
  }

  get keyCount(): number {
    return this.keys
  }

  /** How much memory the index holds on to. */
  get byteLength(): number {
    const { hashes, keyBytes, keyStarts, latest, rows, slots } = this
    return [rows, keyStarts, hashes, latest, keyBytes, slots].reduce((length, array) => length + array.byteLength, 0)
  }

  /** Adds the next entry, whose key is `length` of the `bytes` from `start` on; they are copied where the key is new. */
  add(bytes: Uint8Array, start: number, length: number, hash: number, offset: number): void {
    const slot = this.slotOf(bytes, start, length, hash)
    const found = (this.slots[slot] ?? 0) - 1
    const id = found < 0 ? this.addKey(bytes, start, length, hash, slot) : found
    const row = this.entries * 2
    if (row === this.rows.length) {
      this.rows = grown(this.rows)
    }
    this.entries++
    this.rows[row] = offset
    this.rows[row + 1] = this.latest[id] ?? 0
    this.latest[id] = this.entries
  }

  /** The key's id, or -1; its entries may all lie behind a snapshot. */
  find(key: Uint8Array, hash: number): number {
    return (this.slots[this.slotOf(key, 0, key.length, hash)] ?? 0) - 1
  }

  /** How many entries there are up to the key's last one, that one included; undefined if it has none. */
  countUpToLast(key: Uint8Array, length: number, hash: number): number | undefined {
    const id = (this.slots[this.slotOf(key, 0, length, hash)] ?? 0) - 1
    return id < 0 ? undefined : this.latest[id]
  }

  /** Where the frames of the key's entries among the first `count` begin, in order. */
  offsetsOf(id: number, count: number): Uint32Array {
    const newest = this.newestWithin(id, count)
    let length = 0
    for (let link = newest; link !== 0; link = this.linkBefore(link)) {
      length++
    }
    const found = new Uint32Array(length)
    for (let link = newest; link !== 0; link = this.linkBefore(link)) {
      length--
      found[length] = this.rows[link * 2 - 2] ?? 0
    }
    return found
  }

  /** Where the frame of the key's last entry among the first `count` begins; undefined if it has none there. */
  lastOffsetOf(id: number, count: number): number | undefined {
    const newest = this.newestWithin(id, count)
    return newest === 0 ? undefined : this.rows[newest * 2 - 2]
  }

  /** Where the frame of an entry begins; of the last entry where there are fewer, and the first frame's place where there is none. */
  offsetAt(ordinal: number): number {
    return this.rows[Math.min(ordinal, this.entries - 1) * 2] ?? SEGMENT_HEADER_LENGTH
  }

  /** The keys with an entry among the first `count`, in the order of their bytes, in memory of their own. */
  sortedKeys(count: number): Pick<SealIndexSource, "keyBytes" | "keyStarts"> {
    return this.keysIn(this.inOrder(this.keysWithin(count)))
  }

  /** Everything, in the order in which a sealed segment's index has it. */
  toSealSource(): SealIndexSource {
    const order = this.inOrder(this.keys)
    const sequencePoints = Uint32Array.from(
      { length: Math.ceil(this.entries / POINT_INTERVAL) },
      (_, point) => this.offsetAt(point * POINT_INTERVAL)
    )
    const hashes = order.map((id) => this.hashes[id] ?? 0)
    return { ...this.keysIn(order), ...this.groupsIn(order), hashes, sequencePoints }
  }

  /** The ids of the first so many keys, in the order of their bytes. */
  private inOrder(keyCount: number): Uint32Array {
    return keyOrder({ bytes: this.keyBytes, starts: this.keyStarts }, keyCount)
  }

  private keysIn(order: Uint32Array): Pick<SealIndexSource, "keyBytes" | "keyStarts"> {
    const keyBytes = new Uint8Array(this.keyStarts[order.length] ?? 0)
    const keyStarts = new Uint32Array(order.length + 1)
    let end = 0
    for (let group = 0; group < order.length; group++) {
      const id = order[group] ?? 0
      const start = this.keyStarts[id] ?? 0
      const length = (this.keyStarts[id + 1] ?? 0) - start
      copyBytes(this.keyBytes, start, length, keyBytes, end)
      end += length
      keyStarts[group + 1] = end
    }
    return { keyBytes, keyStarts }
  }

  /**
   * A counting sort, and not a walk along each key's links: that would wait for memory at every step, which took 140 ns an
   * entry where this takes 13.
   */
  private groupsIn(order: Uint32Array): Pick<SealIndexSource, "entryOffsets" | "groupStarts"> {
    const groupOf = this.groupsOfEntries(order)
    const groupStarts = new Uint32Array(order.length + 1)
    for (const group of groupOf) {
      groupStarts[group] = (groupStarts[group] ?? 0) + 1
    }
    let end = 0
    for (let group = 0; group < groupStarts.length; group++) {
      end += groupStarts[group] ?? 0
      groupStarts[group] = end
    }
    // The ends become the starts, as the groups are filled from their ends.
    const entryOffsets = new Uint32Array(this.entries)
    for (let ordinal = this.entries - 1; ordinal >= 0; ordinal--) {
      const group = groupOf[ordinal] ?? 0
      const at = (groupStarts[group] ?? 0) - 1
      groupStarts[group] = at
      entryOffsets[at] = this.rows[ordinal * 2] ?? 0
    }
    return { entryOffsets, groupStarts }
  }

  /** An entry is in the group of the one before it; where there is none, its key is the next that came. */
  private groupsOfEntries(order: Uint32Array): Uint32Array {
    const groupOfKey = new Uint32Array(order.length)
    order.forEach((id, group) => {
      groupOfKey[id] = group
    })
    const groupOf = new Uint32Array(this.entries)
    let nextKey = 0
    for (let ordinal = 0; ordinal < groupOf.length; ordinal++) {
      const link = this.linkBefore(ordinal + 1)
      groupOf[ordinal] = (link === 0 ? groupOfKey[nextKey++] : groupOf[link - 1]) ?? 0
    }
    return groupOf
  }

  private newestWithin(id: number, count: number): number {
    let link = this.latest[id] ?? 0
    while (link > count) {
      link = this.linkBefore(link)
    }
    return link
  }

  private linkBefore(link: number): number {
    return this.rows[link * 2 - 1] ?? 0
  }

  /** Ids ascend with the keys' first entries, so those of a snapshot are the first ones. */
  private keysWithin(count: number): number {
    let keys = this.keys
    for (let ordinal = count; ordinal < this.entries; ordinal++) {
      keys -= this.linkBefore(ordinal + 1) === 0 ? 1 : 0
    }
    return keys
  }

  /** The key's slot, or the empty one where it belongs. */
  private slotOf(bytes: Uint8Array, start: number, length: number, hash: number): number {
    const { slots } = this
    const mask = slots.length - 1
    let slot = hash & mask
    for (;;) {
      const id = (slots[slot] ?? 0) - 1
      if (id < 0 || this.isKeyOf(id, bytes, start, length, hash)) {
        return slot
      }
      slot = (slot + 1) & mask
    }
  }

  private isKeyOf(id: number, bytes: Uint8Array, start: number, length: number, hash: number): boolean {
    const keyStart = this.keyStarts[id] ?? 0
    return this.hashes[id] === hash
      && (this.keyStarts[id + 1] ?? 0) - keyStart === length
      && equalRange(this.keyBytes, keyStart, bytes, start, length)
  }

  private addKey(bytes: Uint8Array, start: number, length: number, hash: number, slot: number): number {
    const id = this.keys
    const keyStart = this.keyStarts[id] ?? 0
    // One more start than keys: the last one is where the next key begins.
    if (id + 1 === this.keyStarts.length) {
      this.keyStarts = grown(this.keyStarts)
      this.hashes = grown(this.hashes)
      this.latest = grown(this.latest)
    }
    if (keyStart + length > this.keyBytes.length) {
      this.keyBytes = grownBytes(this.keyBytes, keyStart, keyStart + length)
    }
    copyBytes(bytes, start, length, this.keyBytes, keyStart)
    this.keyStarts[id + 1] = keyStart + length
    this.hashes[id] = hash
    this.slots[slot] = id + 1
    this.keys = id + 1
    if (this.keys * 3 > this.slots.length * 2) {
      this.growSlots()
    }
    return id
  }

  private growSlots(): void {
    const slots = new Uint32Array(this.slots.length * 2)
    const mask = slots.length - 1
    for (let id = 0; id < this.keys; id++) {
      let slot = (this.hashes[id] ?? 0) & mask
      while (slots[slot] !== 0) {
        slot = (slot + 1) & mask
      }
      slots[slot] = id + 1
    }
    this.slots = slots
  }
}

/** By a half, to an even length, as rows have two words: what is allocated and unused stays below a third. */
const grown = (array: Uint32Array): Uint32Array<ArrayBuffer> => {
  const longer = new Uint32Array(array.length + Math.ceil(array.length / 4) * 2)
  longer.set(array)
  return longer
}

const grownBytes = (bytes: Uint8Array, used: number, needed: number): Uint8Array<ArrayBuffer> => {
  const longer = new Uint8Array(Math.max(needed, bytes.length + Math.floor(bytes.length / 2)))
  longer.set(bytes.subarray(0, used))
  return longer
}
