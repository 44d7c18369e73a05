/**
 * Wakes the one fiber that waits for work, without a queue or a Deferred of its own for each wait.
 */
import * as Effect from "effect/Effect"

/**
 * Invariant: a raise is never lost: it ends the wait that is under way, or the next one.
 */
export class Signal {
  private state: "quiet" | "raised" = "quiet"
  private resume: (() => void) | undefined = undefined

  raise(): void {
    const resume = this.resume
    if (resume === undefined) {
      this.state = "raised"
    } else {
      this.resume = undefined
      resume()
    }
  }

  readonly wait: Effect.Effect<void> = Effect.async<void>((resume) => {
    if (this.state === "raised") {
      this.state = "quiet"
      resume(Effect.void)
      return
    }
    this.resume = () => resume(Effect.void)
    return Effect.sync(() => {
      this.resume = undefined
    })
  })
}
