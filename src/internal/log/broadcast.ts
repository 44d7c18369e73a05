/**
 * Wakes all who wait for something to become true, whenever it may have.
 */
import * as Effect from "effect/Effect"

/**
 * Invariant: whoever waits is in `waiting` once, and what it waits for did not hold at the last raise.
 */
export class Broadcast {
  private waiting = new Set<() => void>()

  raise(): void {
    for (const look of this.waiting) {
      look()
    }
  }

  /** Ends as soon as `isOver` holds. */
  until(isOver: () => boolean): Effect.Effect<void> {
    return Effect.async<void>((resume) => {
      if (isOver()) {
        resume(Effect.void)
        return undefined
      }
      const look = (): void => {
        if (isOver()) {
          this.waiting.delete(look)
          resume(Effect.void)
        }
      }
      this.waiting.add(look)
      return Effect.sync(() => {
        this.waiting.delete(look)
      })
    })
  }
}
