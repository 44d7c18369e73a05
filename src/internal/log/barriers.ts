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
  const waiting = (join: (waiter: Waiter) => void): Effect.Effect<void, AppendError> =>
    Effect.async<void, AppendError>((resume) =>
      join({ succeed: () => resume(Effect.void), fail: (error) => resume(Effect.fail(error)) })
    )

  const flushNow = (): void => {
    state.flush = "now"
    wakeWriter()
  }

  const flushed = Effect.suspend(() => {
    if (state.life === "closed") {
      return Effect.fail(new WalClosedError({ directory: state.settings.directory }))
    }
    if (state.filling.buffered > 0) {
      return waiting((waiter) => {
        state.filling.written.push(waiter)
        flushNow()
      })
    }
    return state.flying.buffered > 0 ? waiting((waiter) => state.flying.written.push(waiter)) : Effect.void
  }).pipe(
    Effect.catchTags({
      // What was buffered is lost, and this read was to see it. Later ones go on with what is there.
      WalFailedError: (error) => Effect.fail(error.cause),
      WalCodecError: (error) => Effect.die(error)
    })
  )

  const sync = Effect.suspend(() => {
    const refusal = state.refusal()
    if (refusal !== undefined) {
      return Effect.fail(refusal)
    }
    return Effect.map(syncEverything(), () => toSequence(state.syncedSequence))
  }).pipe(Effect.catchTag("WalCodecError", (error) => Effect.die(error)))

  const syncEverything = (): Effect.Effect<void, AppendError> => {
    if (!state.filling.isEmpty) {
      return waiting((waiter) => {
        state.filling.synced.push(waiter)
        flushNow()
      })
    }
    if (!state.flying.isEmpty) {
      return waiting((waiter) => state.flying.synced.push(waiter))
    }
    return state.hasUnsyncedEntries
      ? waiting((waiter) => {
        state.waitForSync(waiter)
        syncer.wake()
      })
      : Effect.void
  }

  return { flushed, sync }
}
