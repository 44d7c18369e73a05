/**
 * The store's keys and values in memory, and how much of each segment of the log they still need.
 */
import type { EntryRef } from "../../WalEntry.js"
import type { Value } from "./record.js"

export interface Live {
  readonly value: Value
  /** The sequence of the set that gave it this value. */
  readonly version: number
  /** Where it lies in the log: the set itself, or the last copy of it. */
  readonly segment: number
  readonly length: number
}

interface Use {
  bytes: number
  live: number
}

/** When segments are worth compacting. */
export interface Threshold {
  /** The part of them, 0 to 1, that is of no use any more. */
  readonly garbage: number
  readonly bytes: number
}

/**
 * Invariants: for each segment that holds an entry, `uses` has the bytes of its entries, and how many of those are of live
 * values. `newest` is the last segment that is known; all before it are sealed.
 */
export class Table {
  private readonly live = new Map<string, Live>()
  private readonly uses = new Map<number, Use>()
  private newest = 0

  get size(): number {
    return this.live.size
  }

  get(key: string): Live | undefined {
    return this.live.get(key)
  }

  set(key: string, value: Value, version: number, ref: EntryRef): void {
    this.release(this.live.get(key))
    this.count(ref).live += ref.length
    this.live.set(key, { value, version, segment: ref.segment, length: ref.length })
  }

  remove(key: string, ref: EntryRef): void {
    this.count(ref)
    this.release(this.live.get(key))
    this.live.delete(key)
  }

  clear(ref: EntryRef): void {
    this.count(ref)
    this.live.clear()
    for (const use of this.uses.values()) {
      use.live = 0
    }
  }

  /** Of an entry that changes nothing. */
  pass(ref: EntryRef): void {
    this.count(ref)
  }

  /** The last segment that is sealed, if there is one. */
  get lastSealed(): number | undefined {
    return this.sealed().at(-1)?.[0]
  }

  /** How far compaction is worth going: the end of the longest row of segments, from the oldest on, that is due. */
  due(threshold: Threshold): number | undefined {
    let bytes = 0
    let live = 0
    let last: number | undefined
    for (const [segment, use] of this.sealed()) {
      bytes += use.bytes
      live += use.live
      if (bytes >= threshold.bytes && bytes - live >= threshold.garbage * bytes) {
        last = segment
      }
    }
    return last
  }

  /** The keys whose values lie in that segment or before it. */
  keysUpTo(segment: number): ReadonlyArray<string> {
    const keys: Array<string> = []
    for (const [key, live] of this.live) {
      if (live.segment <= segment) {
        keys.push(key)
      }
    }
    return keys
  }

  /** That segment and those before it are gone. */
  forgetUpTo(segment: number): void {
    for (const [id] of this.sealed()) {
      if (id <= segment) {
        this.uses.delete(id)
      }
    }
  }

  private sealed(): ReadonlyArray<readonly [number, Use]> {
    return [...this.uses].filter(([segment]) => segment < this.newest).sort(([a], [b]) => a - b)
  }

  private count(ref: EntryRef): Use {
    this.newest = Math.max(this.newest, ref.segment)
    const use = this.uses.get(ref.segment) ?? { bytes: 0, live: 0 }
    use.bytes += ref.length
    this.uses.set(ref.segment, use)
    return use
  }

  private release(live: Live | undefined): void {
    const use = live === undefined ? undefined : this.uses.get(live.segment)
    if (live !== undefined && use !== undefined) {
      use.live -= live.length
    }
  }
}
