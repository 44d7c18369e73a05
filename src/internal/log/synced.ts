/**
 * What of the active segment is on disk, and who waits for more of it.
 */
import type { WalFailedError } from "../../WalError.js"
import type { Waiter } from "./group.js"

interface Waiting {
  readonly target: number
  readonly waiter: Waiter
}

/**
 * Invariants: everything before `end` is on disk, and with it every entry up to and including `sequence`, the last of which in this
 * segment ends at `entryEnd`. Whoever is in `waiting` waits for more than that.
 */
export class Synced {
  end = 0
  entryEnd = 0
  sequence = 0
  private waiting: Array<Waiting> = []

  get isAwaited(): boolean {
    return this.waiting.length > 0
  }

  /** Until everything before `target` is on disk. An fsync may have covered it already. */
  waitFor(target: number, waiter: Waiter): void {
    if (target <= this.end) {
      waiter.succeed()
    } else {
      this.waiting.push({ target, waiter })
    }
  }

  /** Everything before `end` is on disk; `entryEnd` and `sequence` are those of the last entry before it. */
  reach(end: number, entryEnd: number, sequence: number): void {
    this.end = Math.max(this.end, end)
    this.entryEnd = Math.max(this.entryEnd, entryEnd)
    this.sequence = Math.max(this.sequence, sequence)
    const done = this.waiting.filter(({ target }) => target <= this.end)
    this.waiting = this.waiting.filter(({ target }) => target > this.end)
    for (const { waiter } of done) {
      waiter.succeed()
    }
  }

  /** Goes on in a segment of which everything is on disk. */
  turnTo(end: number, entryEnd: number): void {
    this.end = end
    this.entryEnd = entryEnd
  }

  /** Nothing more will be. */
  fail(error: WalFailedError): void {
    const { waiting } = this
    this.waiting = []
    for (const { waiter } of waiting) {
      waiter.fail(error)
    }
  }
}
