/**
 * The one fiber that writes: group after group, with rotations in between, until the log is closed.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { WalIoError } from "../../WalError.js"
import type { ActiveSegments, Obstacle } from "./activeSegments.js"
import type { Group } from "./group.js"
import type { WalMetrics } from "./metrics.js"
import type { Signal } from "./signal.js"
import type { Syncer } from "./syncer.js"
import { type LogView, withActive } from "./view.js"
import type { OpenSegment, WriteState } from "./writeState.js"

export interface WriterParts {
  readonly state: WriteState
  readonly view: Ref.Ref<LogView>
  readonly syncer: Syncer
  readonly activeSegments: ActiveSegments
  readonly signal: Signal
  readonly metrics: WalMetrics
  /** A group was written that is not synced yet. */
  readonly onUnsynced: () => void
}

/** Runs until everything that was taken is written or told, once the log is closing. */
export const runWriter = (parts: WriterParts): Effect.Effect<void> => {
  const { activeSegments, metrics, onUnsynced, signal, state, syncer, view } = parts

  const writeGroup = (open: OpenSegment): Effect.Effect<void> =>
    Effect.suspend(() => {
      const group = state.takeOff()
      const started = state.clocks.monotonic()
      metrics.pendingBytes(state.pendingBytes)
      return Effect.matchEffect(open.file.writeAt(group.seal(), group.start), {
        onFailure: (cause) => rollBack(open, cause),
        onSuccess: () => {
          metrics.commitTime(state.clocks.monotonic() - started)
          return state.failure === undefined ? land(open) : abandon(state.failure)
        }
      })
    }).pipe(Effect.uninterruptible)

  const land = (open: OpenSegment): Effect.Effect<void> =>
    Effect.suspend(() => {
      state.landed(open)
      count(state.flying)
      const active = state.activeSegment(open)
      return Effect.map(Ref.update(view, (current) => withActive(current, active)), () => {
        state.acknowledgeFlying()
        onUnsynced()
        if (state.hasSyncWaiters) {
          syncer.wake()
        }
      })
    })

  const count = ({ entryCount, length }: Group): void => {
    metrics.groupSize(entryCount)
    metrics.entriesAppended(entryCount)
    metrics.bytesAppended(length)
  }

  const abandon = (cause: WalIoError): Effect.Effect<void> => Effect.sync(() => state.abandonFlying(cause))

  /** Nobody is told, and nothing else is written, before what may be in the file is gone from it. */
  const rollBack = (open: OpenSegment, cause: WalIoError): Effect.Effect<void> =>
    syncer.exclusively(
      Effect.suspend(() => {
        metrics.failures(1)
        if (state.failure !== undefined) {
          return abandon(cause)
        }
        const { writtenEnd, writtenEntryEnd, writtenSequence } = state
        return Effect.matchEffect(Effect.zipRight(open.file.truncate(writtenEnd), open.file.sync), {
          onFailure: () => abandon(cause),
          onSuccess: () =>
            Effect.sync(() => {
              state.synced(writtenEnd, writtenEntryEnd, writtenSequence)
              state.rolledBack(cause)
            })
        })
      })
    )

  const admitQueued = (open: OpenSegment): void => {
    let head = state.nextQueued()
    while (head !== undefined && state.hasRoomFor(head.length)) {
      state.queue.shift()
      head.frame(open)
      head = state.nextQueued()
    }
  }

  const stopBefore = (obstacle: Obstacle): void => {
    state.stage = "steady"
    if (obstacle._tag === "Unknown") {
      state.fail(obstacle.cause)
    } else {
      state.refuseQueued(obstacle.cause)
    }
  }

  const next: Effect.Effect<void> = Effect.suspend(() => {
    const { failure, filling, flush, life, open, rotationWaiters } = state
    if (failure !== undefined) {
      return refuseAll(failure)
    }
    const head = state.nextQueued()
    const isAskedFor = head !== undefined || rotationWaiters.length > 0
    if (open !== undefined && !filling.isEmpty && (flush === "now" || isAskedFor || life !== "open")) {
      return writeGroup(open)
    }
    if (isAskedFor) {
      state.stage = "changing"
      return Effect.match(activeSegments.prepare(head?.length ?? 0), {
        onFailure: stopBefore,
        onSuccess: (prepared) => {
          state.stage = "steady"
          admitQueued(prepared)
          state.rotationServed()
        }
      })
    }
    return signal.wait
  })

  const refuseAll = (failure: WalIoError): Effect.Effect<void> =>
    Effect.suspend(() => {
      state.fail(failure)
      return state.life === "open" ? signal.wait : Effect.void
    })

  const isDone = (): boolean =>
    state.life !== "open" && state.filling.isEmpty && state.queue.length === 0 && state.rotationWaiters.length === 0

  return Effect.repeat(next, { until: isDone }).pipe(Effect.asVoid)
}
