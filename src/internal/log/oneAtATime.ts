/**
 * Something that only one may do at a time; the others wait, and come in their order.
 */
import * as Effect from "effect/Effect"

/**
 * Invariants: it is taken while somebody does it, and then handed over without being free in between. Nobody waits while it is free.
 * Waiting cannot be given up: whoever may be interrupted does not wait here.
 */
export class OneAtATime {
  private state: "free" | "taken" = "free"
  private readonly waiting: Array<() => void> = []

  /** Takes it if it is free. */
  take(): "taken" | "busy" {
    if (this.state === "taken") {
      return "busy"
    }
    this.state = "taken"
    return "taken"
  }

  giveBack(): void {
    const next = this.waiting.shift()
    if (next === undefined) {
      this.state = "free"
    } else {
      next()
    }
  }

  /** Runs when it is the effect's turn. */
  run<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.uninterruptible(
      Effect.zipRight(this.taken, Effect.ensuring(effect, Effect.sync(() => this.giveBack())))
    )
  }

  private readonly taken: Effect.Effect<void> = Effect.async((resume) => {
    if (this.take() === "taken") {
      resume(Effect.void)
    } else {
      this.waiting.push(() => resume(Effect.void))
    }
  })
}
