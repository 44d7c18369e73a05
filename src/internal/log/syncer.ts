/**
 * The fsyncs: one at a time, each for everybody whose write had completed when it began.
 */
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import type { WalMetrics } from "./metrics.js"
import { Signal } from "./signal.js"
import type { OpenSegment, WriteState } from "./writeState.js"

export interface Syncer {
  /** Somebody waits for an fsync. */
  readonly wake: () => void
  /** Makes everything written so far durable now. What fails it fails the log. */
  readonly syncWritten: Effect.Effect<void, WalIoError>
  /** Runs while no fsync is under way, and none begins. */
  readonly exclusively: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Serves those who wait until the log is closed. */
  readonly run: Effect.Effect<void>
}

export const makeSyncer = (state: WriteState, metrics: WalMetrics, onSynced: () => void): Syncer => {
  const signal = new Signal()
  const gate = Effect.unsafeMakeSemaphore(1)

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

  const syncWritten = gate.withPermits(1)(
    Effect.suspend(() => {
      if (state.failure !== undefined) {
        return Effect.fail(state.failure)
      }
      return state.open === undefined || state.synced.end >= state.writtenEnd ? Effect.void : fsync(state.open)
    })
  ).pipe(Effect.uninterruptible)

  /**
   * Those who were told just now are about to append again: the first yield lets them, and the second lets what they append be
   * written. A sync that began at once would not cover it, and they would wait for two each time.
   */
  const others = Effect.zipRight(Effect.yieldNow(), Effect.yieldNow())

  const step = Effect.suspend(() => state.wantsSync ? Effect.zipRight(Effect.ignore(syncWritten), others) : signal.wait)

  return {
    wake: () => signal.raise(),
    syncWritten,
    exclusively: (effect) => Effect.uninterruptible(gate.withPermits(1)(effect)),
    run: Effect.repeat(step, { while: () => state.life !== "closed" }).pipe(Effect.asVoid)
  }
}
