/**
 * Merges the sorted keys of segments, each of which gives its own in windows.
 *
 * It is a tree of losers with offset-value codes: keys of logs have long beginnings in common, and most comparisons are over with
 * two numbers that say where each of two keys departs from the one that was taken before them.
 */
import { EMPTY } from "../format/bytes.js"
import type { KeyWindow } from "../format/keyWindow.js"

/** What a merge needs before it can go on: keys of the segment at `place`, from its key `position` on. */
export interface Awaited {
  readonly place: number
  readonly position: number
}

/**
 * Invariants: sources before `given` have given a window. Once all have, `winner` has the smallest key, `losers[node]` lost at that
 * node of the tree, and its code is relative to the key that it lost to; so those on the way up from the winner are all relative
 * to the winner's. Only the winner can be awaited, and then its key was taken. Every key up to and including `last` was
 * taken, and none beyond it.
 */
export class KeyMerge {
  private readonly sources: ReadonlyArray<Source>
  private readonly losers: Array<Source> = []
  private winner: Source | undefined = undefined
  private given = 0
  private last: Uint8Array = EMPTY

  constructor(count: number) {
    this.sources = Array.from({ length: count }, (_, place) => new Source(place))
  }

  get awaited(): Awaited | undefined {
    return this.given < this.sources.length
      ? this.sources[this.given]
      : this.winner?.isAwaited === true
      ? this.winner
      : undefined
  }

  get isOver(): boolean {
    return this.given === this.sources.length && (this.winner === undefined || this.winner.isOver)
  }

  /** The keys that are awaited. */
  give(window: KeyWindow): void {
    const first = this.sources[this.given]
    if (first === undefined) {
      this.winner?.give(window, this.last)
      this.playAgain()
      return
    }
    first.give(window, this.last)
    this.given++
    if (this.given === this.sources.length) {
      this.playAll()
    }
  }

  /**
   * Adds the smallest keys, each once and copied, so that no window is held by them. Takes at most so many steps, one for each
   * segment's own key, and fewer where keys are awaited; answers how many are left.
   */
  take(keys: Array<Uint8Array>, most: number): number {
    for (let left = most; left > 0; left--) {
      const { winner } = this
      if (winner === undefined || winner.isAwaited || winner.isOver) {
        return left
      }
      if (!winner.isSameAgain) {
        this.last = winner.key()
        keys.push(this.last)
      }
      winner.advance()
      if (!winner.isAwaited) {
        this.playAgain()
      }
    }
    return 0
  }

  /** The leaves are the sources, at the places behind the inner nodes; a node's parent is at half its place. */
  private playAll(): void {
    const { length } = this.sources
    const winners = [...this.sources, ...this.sources]
    for (let node = length - 1; node > 0; node--) {
      const left = winners[2 * node]
      const right = winners[2 * node + 1]
      if (left !== undefined && right !== undefined) {
        const leftWins = left.beats(right)
        winners[node] = leftWins ? left : right
        this.losers[node] = leftWins ? right : left
      }
    }
    this.winner = winners[1]
  }

  /** The winner's source has another key: it plays against those that had lost to it, and whoever wins goes on. */
  private playAgain(): void {
    const { losers, sources } = this
    let winner = this.winner
    if (winner === undefined) {
      return
    }
    for (let node = (sources.length + winner.place) >>> 1; node > 0; node >>>= 1) {
      const loser = losers[node]
      if (loser?.beats(winner) === true) {
        losers[node] = winner
        winner = loser
      }
    }
    this.winner = winner
  }
}

/** How many bits of a code say which byte it is. */
const BYTE_BITS = 9
const BYTE_MASK = 2 ** BYTE_BITS - 1
const LONGEST_KEY = 65_535

/** Larger than any code. */
const OVER = 2 ** 30

/**
 * A segment's keys.
 *
 * Invariants: its next key is `bytes` from `start` up to `end`, unless it is awaited or over; it is number `at` of `window`, whose
 * first one is number `origin` of the segment. `code` says where the key departs from one that is not larger, and with which byte:
 * the longer the beginning they have in common, the smaller it is, and of two that depart at the same place that with
 * the smaller byte. The byte is 0 where the key ends there, which is where it is the same, and otherwise larger by one.
 */
class Source implements Awaited {
  private code = 0
  private window: KeyWindow | undefined = undefined
  private count = 0
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
    return this.at === this.count && this.code !== OVER
  }

  get isOver(): boolean {
    return this.code === OVER
  }

  /** Whether its key is the one that was taken before. */
  get isSameAgain(): boolean {
    return (this.code & BYTE_MASK) === 0
  }

  /** `last` is the key that was taken before. */
  give(window: KeyWindow, last: Uint8Array): void {
    this.origin += this.at
    this.at = 0
    this.window = window
    this.count = window.starts.length - 1
    this.bytes = window.bytes
    this.start = 0
    this.turnTo(last, 0, last.length)
  }

  advance(): void {
    const { bytes, end, start } = this
    this.at++
    this.start = end
    this.turnTo(bytes, start, end)
  }

  /**
   * Whether this key comes first, or is the same. Both codes are relative to the same key; the loser's is relative to the
   * winner's afterwards, which it already was where the codes differ.
   */
  beats(other: Source): boolean {
    const { code } = this
    if (code !== other.code) {
      return code < other.code
    }
    if (code === OVER || this.isSameAgain) {
      return true
    }
    const same = this.sameLength(other, LONGEST_KEY - (code >>> BYTE_BITS) + 1)
    const wins = this.codeAt(same) <= other.codeAt(same)
    const loser = wins ? other : this
    loser.code = loser.codeAt(same)
    return wins
  }

  key(): Uint8Array {
    return this.bytes.slice(this.start, this.end)
  }

  /** Goes to the key that begins at `start`, and says how it departs from the one before it. */
  private turnTo(before: Uint8Array, beforeStart: number, beforeEnd: number): void {
    const { at, count, window } = this
    if (window === undefined || at === count) {
      this.code = window?.isLast === true ? OVER : 0
      return
    }
    this.end = (window.starts[at + 1] ?? 0) - (window.starts[0] ?? 0)
    const shared = Math.min(beforeEnd - beforeStart, this.end - this.start)
    let same = 0
    while (same < shared && before[beforeStart + same] === this.bytes[this.start + same]) {
      same++
    }
    this.code = this.codeAt(same)
  }

  /** How much both keys have in common, which is `known` bytes at least. */
  private sameLength(other: Source, known: number): number {
    const shared = Math.min(this.end - this.start, other.end - other.start)
    let same = known
    while (same < shared && this.bytes[this.start + same] === other.bytes[other.start + same]) {
      same++
    }
    return same
  }

  private codeAt(same: number): number {
    const at = this.start + same
    return ((LONGEST_KEY - same) << BYTE_BITS) + (at < this.end ? (this.bytes[at] ?? 0) + 1 : 0)
  }
}
