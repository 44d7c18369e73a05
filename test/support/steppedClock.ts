/**
 * A wall clock that a test sets apart from the monotonic one, as an administrator or a time server would.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

export interface SteppedClock {
  /** Runs with this clock: what is opened in it goes by it. */
  readonly use: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Moves the wall clock by so many milliseconds; no time passes. */
  readonly step: (by: number) => Effect.Effect<void>
}

/** A clock above the current one, which is the test's own. */
export const makeSteppedClock: Effect.Effect<SteppedClock> = Effect.map(Effect.clock, (base) => {
  let offset = 0
  const now = (): number => base.unsafeCurrentTimeMillis() + offset
  const clock: Clock.Clock = {
    ...base,
    unsafeCurrentTimeMillis: now,
    currentTimeMillis: Effect.sync(now),
    unsafeCurrentTimeNanos: () => base.unsafeCurrentTimeNanos(),
    currentTimeNanos: base.currentTimeNanos,
    sleep: (duration) => base.sleep(duration)
  }
  return {
    use: Effect.withClock(clock),
    step: (by) =>
      Effect.sync(() => {
        offset += by
      })
  }
})
