/**
 * What is done with a batch that fails: tried again, then given up to the dead letters, if there are any.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type { DeadLetter, Entries, Handler } from "../../WalConsumer.js"
import type { ConsumerMetrics } from "./metrics.js"

/** Only failures are tried again: a defect is the same the next time. */
export const withRetry = <E, R, RS>(
  handler: Handler<E, R>,
  retry: Schedule.Schedule<unknown, E, RS> | undefined
) =>
(entries: Entries): Effect.Effect<void, E, R | RS> => {
  const once = Effect.asVoid(Effect.suspend(() => handler(entries)))
  return retry === undefined ? once : Effect.retry(once, retry)
}

/** An interruption gives nothing up: it ends the run. */
export const withDeadLetters = <E, R, ED, RD>(
  work: Handler<E, R>,
  deadLetter: DeadLetter<E, ED, RD>,
  metrics: ConsumerMetrics
) =>
(entries: Entries): Effect.Effect<void, ED, R | RD> =>
  Effect.catchAllCause(
    Effect.asVoid(work(entries)),
    (cause) =>
      Cause.isInterruptedOnly(cause) ? Effect.interrupt : Effect.map(
        Effect.suspend(() => deadLetter(entries, cause)),
        () => metrics.deadLetters(entries.length)
      )
  )
