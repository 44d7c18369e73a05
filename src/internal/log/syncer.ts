/**
 * The fsyncs: one at a time, each for everybody whose write had completed when it began.
 */
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type { WalIoError } from "../../WalError.js"
import type { WalMetrics } from "./metrics.js"
import { OneAtATime } from "./oneAtATime.js"
import type { OpenSegment, WriteState } from "./writeState.js"

export interface Syncer {
  /** Somebody waits for an fsync: it begins before this returns, or when the one under way has ended. */
  readonly wake: () => void
  /** Makes everything written so far durable now. What fails it fails the log. */
  readonly syncWritten: Effect.Effect<void, WalIoError>
  /** Runs while no fsync is under way, and none begins. */
  readonly exclusively: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
}

export const makeSyncer = (
  state: WriteState,
  metrics: WalMetrics,
  runtime: Runtime.Runtime<never>,
  onSynced: () => void
): Syncer => {
  const gate = new OneAtATime()
  const runFork = Runtime.runFork(runtime)

  const fsync = (open: OpenSegment): Effect.Effect<void, WalIoError> =>
    Effect.suspend(() => {
      const { writtenEnd, writtenEntryEnd, writtenSequence } = state
      const started = state.clocks.monotonic()
      return Effect.matchEffect(open.file.sync, {
        onFailure: (cause) =>
          Effect.suspend(() => {
            metrics.failures(1)
            state.fail(cause)
            return Effect.fail(cause)
          }),
        onSuccess: () =>
          Effect.sync(() => {
            metrics.syncTime(state.clocks.monotonic() - started)
            state.reachSynced(writtenEnd, writtenEntryEnd, writtenSequence)
            onSynced()
          })
      })
    })

  /** From the write on that wants it, without the turn that a fiber which waits for it would take. */
  const wake = (): void => {
    const { open } = state
    if (open !== undefined && state.wantsSync && gate.take() === "taken") {
      runFork(flight(open))
    }
  }

  const flight = (open: OpenSegment): Effect.Effect<void> =>
    Effect.zipRight(
      Effect.ignore(fsync(open)),
      Effect.suspend(() => {
        gate.giveBack()
        return state.wantsSync ? Effect.zipRight(others, Effect.sync(wake)) : Effect.void
      })
    )

  /**
   * Those who were told just now are about to append again: the first yield lets them, and the second lets what they append be
   * written. A sync that began at once would not cover it, and they would wait for two each time.
   */
  const others = Effect.zipRight(Effect.yieldNow(), Effect.yieldNow())

  const exclusively = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.ensuring(gate.run(effect), Effect.sync(wake))

  const syncWritten = exclusively(
    Effect.suspend(() => {
      if (state.failure !== undefined) {
        return Effect.fail(state.failure)
      }
      return state.open === undefined || state.synced.end >= state.writtenEnd ? Effect.void : fsync(state.open)
    })
  )

  return { wake, syncWritten, exclusively }
}
