/**
 * Retention at work: on demand, by schedule, and after each rotation.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { AppendError, WalClosedError, WalFailedError, WalIoError } from "../../WalError.js"
import type { CompactionReport } from "../../WalReport.js"
import type { Compaction } from "./compaction.js"
import type { LiveView } from "./liveView.js"
import { type ClockLook, condemn, condemnBefore, hasJumped, withTimesBy } from "./retention.js"
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

  const byAge: Effect.Effect<CompactionReport, WalIoError | AppendError> = Effect.suspend(() => {
    const now = look()
    const jumped = hasJumped(before, now, settings.window)
    before = now
    return Effect.zipRight(
      view.update((current) => withTimesBy(current, now.wall)),
      jumped ? skipped : Effect.zipRight(
        rotateIdle,
        compaction.remove("completed", (view) => condemn(view, now.wall, settings))
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

  const once = compact.pipe(
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
    run: settings.compaction === "manual" ? Effect.void : Effect.all([
      Effect.repeat(once, scheduleOf(settings)),
      Effect.forever(Effect.zipRight(rotatedSignal.wait, once))
    ], { concurrency: "unbounded", discard: true })
  }
}

const scheduleOf = (
  settings: WriteState["settings"]
): Schedule.Schedule<unknown> =>
  settings.compaction === "default" || settings.compaction === "manual"
    ? Schedule.spaced(Duration.millis(Math.min(settings.window, LONGEST_PAUSE)))
    : settings.compaction
