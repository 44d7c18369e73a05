/**
 * Puts keys in the order of their bytes: a radix sort whose digits are four bytes of each key, sorted as plain numbers.
 */

/** Keys one behind the other: key i is `bytes[starts[i], starts[i + 1])`, and no two are equal. */
export interface KeyArena {
  readonly bytes: Uint8Array
  readonly starts: Uint32Array
}

/** The ids of the first `count` keys, in the order of the keys' bytes. */
export const keyOrder = (arena: KeyArena, count: number): Uint32Array => {
  const order = new KeyOrder(arena, count)
  order.sort()
  return order.ids
}

/** Up to here comparing whole keys costs less than another digit. */
const FEW = 12

/** A digit and the position of its key share the 53 bits of a number: 32 and 21, or for more keys than that 24 and 29. */
const WIDE = { digitLength: 4, positions: 2 ** 21 } as const
const NARROW = { digitLength: 3, positions: 2 ** 29 } as const

/**
 * Invariants: `ids` is a permutation of the ids. `pending` holds the ranges that are still to be sorted, each as three
 * numbers: from, to, and how many first bytes its keys are known to share. Everything outside them is in its place. It is
 * a list and not the call stack, because keys may share as many bytes as they can have.
 */
class KeyOrder {
  readonly ids: Uint32Array
  private readonly digits: Float64Array
  private readonly scratch: Uint32Array
  private readonly pending: Array<number> = []

  constructor(private readonly arena: KeyArena, count: number) {
    this.ids = new Uint32Array(count)
    for (let id = 0; id < count; id++) {
      this.ids[id] = id
    }
    this.digits = new Float64Array(count)
    this.scratch = new Uint32Array(count)
  }

  sort(): void {
    this.later(0, this.ids.length, 0)
    for (let depth = this.pending.pop(); depth !== undefined; depth = this.pending.pop()) {
      const to = this.pending.pop() ?? 0
      const from = this.pending.pop() ?? 0
      this.sortRange(from, to, depth)
    }
  }

  private later(from: number, to: number, depth: number): void {
    if (to - from > 1) {
      this.pending.push(from, to, depth)
    }
  }

  private sortRange(from: number, to: number, depth: number): void {
    if (to - from <= FEW) {
      this.sortFew(from, to, depth)
      return
    }
    const shared = this.sharedLength(from, to, depth)
    const { digitLength, positions } = to - from <= WIDE.positions ? WIDE : NARROW
    this.sortByDigit(from, to, shared, digitLength, positions)
    this.sortTies(from, to, shared + digitLength)
  }

  /** Leaves the sorted digits in `digits`. */
  private sortByDigit(from: number, to: number, depth: number, digitLength: number, positions: number): void {
    const { digits, ids, scratch } = this
    for (let at = from; at < to; at++) {
      digits[at] = this.digitOf(ids[at] ?? 0, depth, digitLength) * positions + at - from
    }
    digits.subarray(from, to).sort()
    for (let at = from; at < to; at++) {
      const packed = digits[at] ?? 0
      const digit = Math.floor(packed / positions)
      digits[at] = digit
      scratch[at] = ids[from + packed - digit * positions] ?? 0
    }
    ids.set(scratch.subarray(from, to), from)
  }

  /** Keys with the same digit: those that end in it stand before the others, and those go on behind it. */
  private sortTies(from: number, to: number, depth: number): void {
    for (let start = from; start < to;) {
      let end = start + 1
      while (end < to && this.digits[end] === this.digits[start]) {
        end++
      }
      if (end - start > 1) {
        const longer = this.endedFirst(start, end, depth)
        this.sortFew(start, longer, 0)
        this.later(longer, end, depth)
      }
      start = end
    }
  }

  /** A digit fills up with zeros behind a key's end, so that at most five different keys end in the same one. */
  private endedFirst(from: number, to: number, depth: number): number {
    const { ids } = this
    let longer = from
    for (let at = from; at < to; at++) {
      const id = ids[at] ?? 0
      if (this.lengthOf(id) <= depth) {
        ids[at] = ids[longer] ?? 0
        ids[longer] = id
        longer++
      }
    }
    return longer
  }

  private sortFew(from: number, to: number, depth: number): void {
    const { ids } = this
    for (let next = from + 1; next < to; next++) {
      const id = ids[next] ?? 0
      let at = next
      while (at > from && this.compare(ids[at - 1] ?? 0, id, depth) > 0) {
        ids[at] = ids[at - 1] ?? 0
        at--
      }
      ids[at] = id
    }
  }

  private compare(left: number, right: number, depth: number): number {
    const leftLength = this.lengthOf(left)
    const rightLength = this.lengthOf(right)
    const shared = this.sharedWith(left, right, depth, Math.min(leftLength, rightLength))
    return shared < leftLength && shared < rightLength
      ? this.byteOf(left, shared) - this.byteOf(right, shared)
      : leftLength - rightLength
  }

  /** How many first bytes all keys of a range have in common. */
  private sharedLength(from: number, to: number, depth: number): number {
    const first = this.ids[from] ?? 0
    let shared = this.lengthOf(first)
    for (let at = from + 1; at < to && shared > depth; at++) {
      const id = this.ids[at] ?? 0
      shared = this.sharedWith(first, id, depth, Math.min(shared, this.lengthOf(id)))
    }
    return shared
  }

  private sharedWith(left: number, right: number, depth: number, limit: number): number {
    const { bytes, starts } = this.arena
    const leftStart = starts[left] ?? 0
    const rightStart = starts[right] ?? 0
    let shared = depth
    while (shared < limit && bytes[leftStart + shared] === bytes[rightStart + shared]) {
      shared++
    }
    return shared
  }

  private digitOf(id: number, depth: number, digitLength: number): number {
    const { bytes, starts } = this.arena
    const at = (starts[id] ?? 0) + depth
    const end = Math.min(at + digitLength, starts[id + 1] ?? 0)
    let digit = 0
    for (let index = at; index < at + digitLength; index++) {
      digit = digit * 256 + (index < end ? bytes[index] ?? 0 : 0)
    }
    return digit
  }

  private byteOf(id: number, index: number): number {
    return this.arena.bytes[(this.arena.starts[id] ?? 0) + index] ?? 0
  }

  private lengthOf(id: number): number {
    return (this.arena.starts[id + 1] ?? 0) - (this.arena.starts[id] ?? 0)
  }
}
