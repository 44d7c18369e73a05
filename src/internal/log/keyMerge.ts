/**
 * Merges the sorted keys of segments, each of which gives its own in windows.
 */
import { compareRanges, EMPTY, equalRange } from "../format/bytes.js"
import type { KeyWindow } from "../format/keyWindow.js"

/** What a merge needs before it can go on: keys of the segment at `place`, from its key `position` on. */
export interface Awaited {
  readonly place: number
  readonly position: number
}

/**
 * Invariants: `heap` has the sources that have keys left, the one with the smallest key first; a source is no larger than the
 * two whose places are twice its own, and one or two more. Only the first one can be awaited, and only then may this be untrue of it.
 * Sources from `given` on have given nothing yet. Every key up to and including `last` was taken, and none beyond it.
 */
export class KeyMerge {
  private readonly sources: ReadonlyArray<Source>
  private readonly heap: Array<Source> = []
  private given = 0
  private last: Uint8Array = EMPTY

  constructor(count: number) {
    this.sources = Array.from({ length: count }, (_, place) => new Source(place))
  }

  get awaited(): Awaited | undefined {
    return this.given < this.sources.length
      ? this.sources[this.given]
      : this.heap[0]?.isAwaited
      ? this.heap[0]
      : undefined
  }

  get isOver(): boolean {
    return this.given === this.sources.length && this.heap.length === 0
  }

  /** The keys that are awaited. */
  give(window: KeyWindow): void {
    const added = this.sources[this.given]
    if (added === undefined) {
      this.heap[0]?.give(window)
      this.settle()
      return
    }
    this.given++
    added.give(window)
    if (!added.isOver) {
      this.heap.push(added)
      this.rise(added)
    }
  }

  /**
   * Adds the smallest keys, each once and copied, so that no window is held by them. Takes at most so many steps, one for each
   * segment's own key, and fewer where keys are awaited; answers how many are left.
   */
  take(keys: Array<Uint8Array>, most: number): number {
    if (this.given < this.sources.length) {
      return most
    }
    for (let left = most; left > 0; left--) {
      const [source] = this.heap
      if (source === undefined || source.isAwaited) {
        return left
      }
      if (!source.isAt(this.last)) {
        this.last = source.key()
        keys.push(this.last)
      }
      source.advance()
      if (!source.isAwaited) {
        this.settle()
      }
    }
    return 0
  }

  /** The first source has another key, or none any more. */
  private settle(): void {
    const { heap } = this
    const [first] = heap
    const moved = first?.isOver === true ? heap.pop() : first
    if (moved !== undefined && heap.length > 0) {
      this.sink(moved)
    }
  }

  /** Puts a source in the first one's place, or as far below as it belongs. */
  private sink(moved: Source): void {
    const { heap } = this
    let at = 0
    for (;;) {
      const left = heap[2 * at + 1]
      const right = heap[2 * at + 2]
      const lower = right !== undefined && left !== undefined && right.isBefore(left) ? 2 * at + 2 : 2 * at + 1
      const smaller = heap[lower]
      if (smaller === undefined || !smaller.isBefore(moved)) {
        heap[at] = moved
        return
      }
      heap[at] = smaller
      at = lower
    }
  }

  /** Lets the last source rise as far as it belongs. */
  private rise(moved: Source): void {
    const { heap } = this
    let at = heap.length - 1
    while (at > 0) {
      const above = (at - 1) >>> 1
      const larger = heap[above]
      if (larger === undefined || !moved.isBefore(larger)) {
        break
      }
      heap[at] = larger
      at = above
    }
    heap[at] = moved
  }
}

/**
 * A segment's keys.
 *
 * Invariant: its next key is `bytes` from `start` up to `end`, unless it is awaited or over. It is number `at` of `window`, whose
 * first one is number `origin` of the segment.
 */
class Source implements Awaited {
  private window: KeyWindow | undefined = undefined
  private count = 0
  private first = 0
  private origin = 0
  private at = 0
  private bytes = EMPTY
  private start = 0
  private end = 0

  constructor(readonly place: number) {}

  get position(): number {
    return this.origin + this.at
  }

  get isAwaited(): boolean {
    return this.at === this.count && this.window?.isLast !== true
  }

  get isOver(): boolean {
    return this.at === this.count && this.window?.isLast === true
  }

  give(window: KeyWindow): void {
    this.origin += this.at
    this.at = 0
    this.window = window
    this.count = window.starts.length - 1
    this.first = window.starts[0] ?? 0
    this.bytes = window.bytes
    this.start = 0
    this.end = (window.starts[1] ?? 0) - this.first
  }

  advance(): void {
    this.at++
    this.start = this.end
    this.end = (this.window?.starts[this.at + 1] ?? 0) - this.first
  }

  isBefore(other: Source): boolean {
    return compareRanges(this.bytes, this.start, this.end, other.bytes, other.start, other.end) < 0
  }

  isAt(key: Uint8Array): boolean {
    return this.end - this.start === key.length && equalRange(this.bytes, this.start, key, 0, key.length)
  }

  key(): Uint8Array {
    return this.bytes.slice(this.start, this.end)
  }
}
