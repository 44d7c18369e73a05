/**
 * Retention at work: on demand, by schedule, and after each rotation.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { AppendError, WalClosedError, WalFailedError, WalIoError } from "../../WalError.js"
import type { HoldSettings } from "../../WalOptions.js"
import type { CompactionReport } from "../../WalReport.js"
import type { Compaction, Removal } from "./compaction.js"
import type { Cursors } from "./cursors.js"
import { type Behind, furthestBehind } from "./holds.js"
import type { LiveView } from "./liveView.js"
import {
  bytesOf,
  type ClockLook,
  condemn,
  condemnBefore,
  hasJumped,
  type Judgement,
  withHold,
  withTimesBy
} from "./retention.js"
import type { Signal } from "./signal.js"
import type { WriteState } from "./writeState.js"

export type CompactError = WalIoError | WalFailedError | WalClosedError

export interface Maintenance {
  readonly compact: Effect.Effect<CompactionReport, CompactError>
  readonly truncateBefore: (sequence: number) => Effect.Effect<CompactionReport, CompactError>
  /** Compacts by its schedule and whenever a segment was rotated; it survives its own errors. */
  readonly run: Effect.Effect<void>
  /** Ends when no file is being removed any more; none is once the log is closing. */
  readonly settled: Effect.Effect<void>
}

const LONGEST_PAUSE = 3_600_000

export const makeMaintenance = (
  state: WriteState,
  view: LiveView,
  compaction: Compaction,
  cursors: Cursors,
  rotatedSignal: Signal,
  wakeWriter: () => void
): Maintenance => {
  const { clocks, settings } = state
  const look = (): ClockLook => ({ wall: clocks.wall(), monotonic: clocks.monotonic() })
  let before = look()
  const gate = Effect.unsafeMakeSemaphore(1)

  /** Whoever is interrupted just as it is given a semaphore's permit keeps it for ever, so that moment is uninterruptible. */
  const oneAtATime = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.uninterruptibleMask((restore) => gate.withPermits(1)(restore(effect)))

  const whileOpen = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E | WalClosedError | WalFailedError> =>
    oneAtATime(Effect.suspend((): Effect.Effect<A, E | WalClosedError | WalFailedError> => {
      const refusal = state.refusal()
      return refusal?._tag === "WalClosedError" ? Effect.fail(refusal) : effect
    }))

  const rotated = Effect.async<void, AppendError>((resume) => {
    const refusal = state.refusal()
    if (refusal === undefined) {
      state.rotationWaiters.push({
        succeed: () => resume(Effect.void),
        fail: (error) => resume(Effect.fail(error))
      })
      wakeWriter()
    } else {
      resume(Effect.fail(refusal))
    }
  })

  const keepIdle = (error: WalIoError | WalFailedError): Effect.Effect<void> =>
    Effect.annotateLogs(Effect.logWarning("an idle segment could not be rotated, and is kept", error), {
      directory: settings.directory
    })

  /** So that an idle segment can expire too. Best effort: neither a full disk nor a failed log stops a compaction. */
  const rotateIdle: Effect.Effect<void, AppendError> = Effect.flatMap(
    view.get,
    ({ active }) => state.failure === undefined && state.isPastWindow(active) ? rotated : Effect.void
  ).pipe(Effect.catchTags({ WalIoError: keepIdle, WalFailedError: keepIdle }))

  const skipped = Effect.zipRight(
    Effect.annotateLogs(
      Effect.logWarning("the wall clock has jumped by more than a window: nothing is judged by its age this time"),
      { directory: settings.directory }
    ),
    compaction.remove("clockJumped", () => [])
  )

  const removeExpired = (now: number) => compaction.remove("completed", (view) => condemn(view, now, settings))

  /** What consumers have not processed stays, up to a limit; it is judged as the segments are taken out of the view. */
  const removeUnlessHeld = (now: number, holdFor: HoldSettings): Effect.Effect<CompactionReport, WalIoError> =>
    Effect.gen(function*() {
      const behind = yield* furthestBehind(cursors, holdFor)
      const hold = { after: behind.after, atMostBytes: holdFor.atMostBytes }
      let judgement: Judgement = { condemned: [], held: [] }
      const removal = yield* compaction.remove("completed", (view) => {
        judgement = withHold(condemn(view, now, settings), hold)
        return judgement.condemned
      })
      const report = withHeld(removal, judgement, behind)
      yield* reportBroken(report, behind, settings.directory)
      return report
    })

  const byAge: Effect.Effect<CompactionReport, WalIoError | AppendError> = Effect.suspend(() => {
    const now = look()
    const jumped = hasJumped(before, now, settings.window)
    before = now
    return Effect.zipRight(
      view.update((current) => withTimesBy(current, now.wall)),
      jumped ? skipped : Effect.zipRight(
        rotateIdle,
        settings.holdFor === undefined ? removeExpired(now.wall) : removeUnlessHeld(now.wall, settings.holdFor)
      )
    )
  })

  const compact = whileOpen(byAge).pipe(
    Effect.catchTag("WalCodecError", (error) => Effect.die(error)),
    Effect.withSpan("effect-wal.compact", { attributes: { directory: settings.directory } })
  )

  const truncateBefore: Maintenance["truncateBefore"] = (sequence) =>
    whileOpen(compaction.remove("completed", (view) => condemnBefore(view, sequence))).pipe(
      Effect.withSpan("effect-wal.truncate", { attributes: { directory: settings.directory, sequence } })
    )

  /** A log that was closed meanwhile has nothing to be told. */
  const once = compact.pipe(
    Effect.catchTag("WalClosedError", () => Effect.void),
    Effect.catchAllCause((cause) =>
      Effect.annotateLogs(Effect.logWarning("compaction failed, and is tried again later", cause), {
        directory: settings.directory
      })
    )
  )

  return {
    compact,
    truncateBefore,
    settled: oneAtATime(Effect.void),
    run: Effect.suspend(() =>
      settings.compaction === "manual" ? Effect.void : Effect.all([
        Effect.repeat(once, scheduleOf(settings)),
        Effect.forever(Effect.zipRight(rotatedSignal.wait, once))
      ], { concurrency: "unbounded", discard: true })
    )
  }
}

const withHeld = (removal: Removal, { held }: Judgement, { consumers }: Behind): CompactionReport =>
  held.length === 0 ? removal : {
    ...removal,
    held: {
      segments: held.map((segment) => segment.id),
      bytes: held.reduce((sum, segment) => sum + bytesOf(segment), 0),
      consumers
    }
  }

const reportBroken = ({ removed }: CompactionReport, behind: Behind, directory: string): Effect.Effect<void> => {
  const broken = removed.filter(({ reason }) => reason === "holdBroken")
  return broken.length === 0 ? Effect.void : Effect.annotateLogs(
    Effect.logWarning("more was held for consumers than may be: segments are removed that they have not processed"),
    { directory, consumers: behind.consumers, processed: behind.after, segments: broken.map(({ segment }) => segment) }
  )
}

const scheduleOf = (
  settings: WriteState["settings"]
): Schedule.Schedule<unknown> =>
  settings.compaction === "default" || settings.compaction === "manual"
    ? Schedule.spaced(Duration.millis(Math.min(settings.window, LONGEST_PAUSE)))
    : settings.compaction
