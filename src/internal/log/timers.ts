/**
 * What happens by itself after a while: buffered entries are written, written ones synced, owed marks put down.
 */
import * as Effect from "effect/Effect"
import type { Signal } from "./signal.js"
import type { Syncer } from "./syncer.js"
import type { WriteState } from "./writeState.js"

/** Longer sleeps would never end: the runtime's timers count in 31 bits. */
const LONGEST_SLEEP = 24 * 86_400_000

/** Writes what is buffered, `flushInterval` after each signal; when there is nothing, it puts down an owed mark instead. */
export const runFlushTimer = (state: WriteState, signal: Signal, wakeWriter: () => void): Effect.Effect<never> =>
  signal.wait.pipe(
    Effect.zipRight(Effect.sleep(Math.min(state.settings.flushInterval, LONGEST_SLEEP))),
    Effect.zipRight(Effect.sync(() => {
      if (state.open !== undefined && state.life === "open" && state.failure === undefined) {
        state.frameMark(state.open)
      }
      if (!state.filling.isEmpty) {
        state.flush = "now"
        wakeWriter()
      }
    })),
    Effect.forever
  )

/** Syncs, `syncInterval` after each signal, if anything is written that is not synced then. */
export const runSyncTimer = (state: WriteState, signal: Signal, syncer: Syncer): Effect.Effect<never> =>
  signal.wait.pipe(
    Effect.zipRight(Effect.sleep(Math.min(state.settings.syncInterval, LONGEST_SLEEP))),
    Effect.zipRight(Effect.suspend(() => (state.hasUnsyncedEntries ? syncer.syncWritten : Effect.void))),
    Effect.catchAll((cause) =>
      Effect.annotateLogs(Effect.logError("the log takes no more writes: a sync in the background failed", cause), {
        directory: state.settings.directory
      })
    ),
    Effect.forever
  )
