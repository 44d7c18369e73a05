/**
 * Waits for what was appended before: until it is written, so that a read sees it, or until it is on disk.
 */
import * as Effect from "effect/Effect"
import type { Sequence } from "../../WalEntry.js"
import { type AppendError, WalClosedError, type WalFailedError, type WalIoError } from "../../WalError.js"
import type { Waiter } from "./group.js"
import { toSequence } from "./nominal.js"
import type { Syncer } from "./syncer.js"
import type { WriteState } from "./writeState.js"

export interface Barriers {
  /** Everything that was acknowledged as buffered is written; it never waits for a timer. */
  readonly flushed: Effect.Effect<void, WalIoError | WalClosedError>
  /** Everything that was acknowledged is on disk; answers the last sequence that is. */
  readonly sync: Effect.Effect<Sequence, WalIoError | WalFailedError | WalClosedError>
}

export const makeBarriers = (state: WriteState, syncer: Syncer, wakeWriter: () => void): Barriers => {
  /** `join` finds the waiter its place when it runs: a fiber may have to give way before that, and the log goes on meanwhile. */
  const waiting = (join: (waiter: Waiter) => void): Effect.Effect<void, AppendError> =>
    Effect.async<void, AppendError>((resume) =>
      join({ succeed: () => resume(Effect.void), fail: (error) => resume(Effect.fail(error)) })
    )

  const flushNow = (): void => {
    state.flush = "now"
    wakeWriter()
  }

  const joinWritten = (waiter: Waiter): void => {
    const { filling, flying } = state
    if (filling.buffered > 0) {
      filling.written.push(waiter)
      flushNow()
    } else if (flying.buffered > 0) {
      flying.written.push(waiter)
    } else {
      waiter.succeed()
    }
  }

  const flushed = Effect.suspend(() => {
    if (state.life === "closed") {
      return Effect.fail(new WalClosedError({ directory: state.settings.directory }))
    }
    return state.filling.buffered > 0 || state.flying.buffered > 0 ? waiting(joinWritten) : Effect.void
  }).pipe(
    Effect.catchTags({
      // What was buffered is lost, and this read was to see it. Later ones go on with what is there.
      WalFailedError: (error) => Effect.fail(error.cause),
      WalCodecError: (error) => Effect.die(error)
    })
  )

  const joinSynced = (waiter: Waiter): void => {
    const { filling, flying } = state
    const refusal = state.refusal()
    if (refusal !== undefined) {
      waiter.fail(refusal)
    } else if (!filling.isEmpty) {
      filling.synced.push(waiter)
      flushNow()
    } else if (!flying.isEmpty) {
      flying.synced.push(waiter)
    } else if (state.hasUnsyncedEntries) {
      state.synced.waitFor(state.writtenEnd, waiter)
      syncer.wake()
    } else {
      waiter.succeed()
    }
  }

  const sync = waiting(joinSynced).pipe(
    Effect.map(() => toSequence(state.synced.sequence)),
    Effect.catchTag("WalCodecError", (error) => Effect.die(error))
  )

  return { flushed, sync }
}
