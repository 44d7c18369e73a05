/**
 * How much may be done at once before the event loop has its turn: fibers that never wait for anything outside would keep it from
 * timers, from signals, and from what the thread pool has done for others.
 */
import * as Effect from "effect/Effect"

/** About a millisecond's worth. */
const MOST_IN_A_TURN = 1024 * 1024

/** What a system call takes, in bytes that could be copied meanwhile. */
export const CALL = 4 * 1024

/**
 * Shared by all files of a file system.
 *
 * Invariants: `left` is what may still be done at once. While it is not positive, the next turn is on its way; that fills it up,
 * and wakes those in `waiting`, who came first first.
 */
export class Turn {
  private left = MOST_IN_A_TURN
  private readonly waiting: Array<() => void> = []

  /** `onNextTurn` runs something after whatever else the event loop has to do. */
  constructor(private readonly onNextTurn: (begin: () => void) => void) {}

  get isOver(): boolean {
    return this.left <= 0
  }

  /** Counts a call that has read or written so many bytes. */
  count(length: number): void {
    const before = this.left
    this.left -= CALL + length
    if (before > 0 && this.left <= 0) {
      this.onNextTurn(this.begin)
    }
  }

  /** Runs something as soon as the next turn has begun; only while this one is over. */
  next(run: () => void): void {
    this.waiting.push(run)
  }

  /** Ends at once, or when the next turn has begun. */
  readonly goesOn: Effect.Effect<void> = Effect.suspend(() =>
    this.isOver ? Effect.async<void>((resume) => this.next(() => resume(Effect.void))) : Effect.void
  )

  /** Runs at once, or when the next turn has begun; begun or waiting, it is not interrupted. */
  during<A, E>(run: () => Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.suspend(() => this.isOver ? Effect.uninterruptible(Effect.flatMap(this.goesOn, run)) : run())
  }

  private readonly begin = (): void => {
    this.left = MOST_IN_A_TURN
    for (const wake of this.waiting.splice(0)) {
      wake()
    }
  }
}
