/**
 * The one fiber that writes: group after group, with rotations in between, until the log is closed.
 */
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import type { ActiveSegments, Obstacle } from "./activeSegments.js"
import type { Committer } from "./committer.js"
import type { WalMetrics } from "./metrics.js"
import type { Signal } from "./signal.js"
import type { Syncer } from "./syncer.js"
import type { OpenSegment, WriteState } from "./writeState.js"

export interface WriterParts {
  readonly state: WriteState
  readonly syncer: Syncer
  readonly activeSegments: ActiveSegments
  readonly committer: Committer
  readonly signal: Signal
  readonly metrics: WalMetrics
}

/** Runs until everything that was taken is written or told, once the log is closing. */
export const runWriter = (parts: WriterParts): Effect.Effect<void> => {
  const { activeSegments, committer, metrics, signal, state, syncer } = parts

  const writeGroup = (open: OpenSegment): Effect.Effect<void> =>
    Effect.suspend(() => {
      const isWanted = open.file.now !== undefined && state.space.isWantedFor(state.filling)
      return isWanted ? Effect.zipRight(writeAhead(open), writeFilling(open)) : writeFilling(open)
    }).pipe(Effect.uninterruptible)

  /** Best effort: without it a sync takes longer, and that is all. */
  const writeAhead = (open: OpenSegment): Effect.Effect<void> =>
    Effect.suspend(() => {
      const { end, start } = state.space.rangeFor(state.filling)
      return Effect.matchEffect(open.file.writeAt(new Uint8Array(end - start), start), {
        onFailure: () => {
          const before = state.space.giveUp(state.writtenEnd)
          return Effect.ignore(open.file.truncate(before))
        },
        onSuccess: () => Effect.sync(() => state.space.reachedTo(end))
      })
    })

  const writeFilling = (open: OpenSegment): Effect.Effect<void> =>
    Effect.suspend(() => {
      const group = state.takeOff()
      const started = state.clocks.monotonic()
      metrics.pendingBytes(state.pendingBytes)
      group.seal()
      return Effect.matchEffect(open.file.writeAt(group.sealedBytes, group.start), {
        onFailure: (cause) => rollBack(open, cause),
        onSuccess: () => {
          metrics.commitTime(state.clocks.monotonic() - started)
          return state.failure === undefined ? Effect.sync(() => committer.land(open)) : abandon(state.failure)
        }
      })
    })

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
              state.reachSynced(writtenEnd, writtenEntryEnd, writtenSequence)
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
    const { failedWrite, failure, filling, flush, life, open, rotationWaiters } = state
    if (open !== undefined && failedWrite !== undefined) {
      return rollBack(open, failedWrite)
    }
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
    state.life !== "open" && state.failedWrite === undefined && state.filling.isEmpty && state.queue.length === 0 &&
    state.rotationWaiters.length === 0

  return Effect.repeat(next, { until: isDone }).pipe(Effect.asVoid)
}
