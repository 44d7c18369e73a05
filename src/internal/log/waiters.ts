/**
 * Those who wait for their append: fibers that are resumed when it is known what came of it.
 */
import * as Effect from "effect/Effect"
import type { AppendError } from "../../WalError.js"
import type { Waiter } from "./group.js"

export type Resume<A, E = never> = (effect: Effect.Effect<A, E | AppendError>) => void

/** Resumes a fiber that waits already. */
export class ResumingWaiter<A> implements Waiter {
  constructor(
    private readonly resume: Resume<A>,
    private readonly value: A
  ) {}

  succeed(): void {
    this.resume(Effect.succeed(this.value))
  }

  fail(error: AppendError): void {
    this.resume(Effect.fail(error))
  }
}

/**
 * Of a fiber that begins to wait later, so that it may be told before that.
 *
 * Invariant: `told` is what it was told, once it was; `resume` is whom to tell, once it waits.
 */
export class LateWaiter<A> implements Waiter {
  private told: Effect.Effect<A, AppendError> | undefined = undefined
  private resume: Resume<A> | undefined = undefined

  constructor(private readonly value: A) {}

  readonly outcome: Effect.Effect<A, AppendError> = Effect.async<A, AppendError>((resume) => {
    if (this.told === undefined) {
      this.resume = resume
    } else {
      resume(this.told)
    }
  })

  succeed(): void {
    this.tell(Effect.succeed(this.value))
  }

  fail(error: AppendError): void {
    this.tell(Effect.fail(error))
  }

  private tell(outcome: Effect.Effect<A, AppendError>): void {
    this.told = outcome
    this.resume?.(outcome)
  }
}
