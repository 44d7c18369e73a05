/**
 * What time it is for what is appended, and whether the active segment has been active for its window.
 */
import type { Segment } from "../segment/segment.js"

/** Wall clock and monotonic clock, both in milliseconds. */
export interface Clocks {
  readonly wall: () => number
  readonly monotonic: () => number
}

/** So many appends in one millisecond of the wall clock share a look at the monotonic one. */
const MOST_LOOKS_SAVED = 64

/**
 * Reading the monotonic clock costs as much as framing an entry, so it is asked when the wall clock has gone on, or after a while.
 *
 * Invariants: `now` is what the wall clock said at the last look. `isWindowOver` was true or false for the segment then, or at one
 * of the looks before it, which `looksSaved` counts.
 */
export class ActiveTime {
  now = NaN
  isWindowOver = false
  private looksSaved = 0
  /** On the monotonic clock: since when this process knows the active segment. */
  private since: number

  constructor(private readonly clocks: Clocks, private readonly window: number) {
    this.since = clocks.monotonic()
  }

  /** Another segment is active from now on. */
  begin(): void {
    this.now = NaN
    this.since = this.clocks.monotonic()
  }

  look(active: Segment | undefined): void {
    const before = this.now
    this.now = this.clocks.wall()
    if (this.now !== before || this.looksSaved >= MOST_LOOKS_SAVED) {
      this.looksSaved = 0
      this.isWindowOver = active !== undefined && this.isOverFor(active)
    }
    this.looksSaved++
  }

  /** By the larger of both clocks' accounts, so that a wall clock that steps back does not keep a segment active. */
  isOverFor(segment: Segment): boolean {
    const { clocks } = this
    return Math.max(clocks.wall() - segment.createdAt, clocks.monotonic() - this.since) >= this.window
  }
}
