/**
 * Consumers of a log: each has a name and a durable cursor, and processes every entry at least once, in order.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import { begin } from "./internal/consumer/begin.js"
import { makeConsumerMetrics } from "./internal/consumer/metrics.js"
import { type Consuming, lagOf, run } from "./internal/consumer/run.js"
import { resolveRun } from "./internal/consumer/settings.js"
import { withDeadLetters, withRetry } from "./internal/consumer/work.js"
import { toSequence } from "./internal/log/nominal.js"
import type * as Wal from "./Wal.js"
import type { Entry, Key, Sequence } from "./WalEntry.js"
import type { ReadError, WalConfigError, WalConsumerError, WalFailedError, WalRetentionError } from "./WalError.js"
import type { ConsumerRecovery } from "./WalReport.js"

/**
 * Who consumes which log.
 *
 * @since 0.1.0
 * @category options
 */
export interface Options {
  /** 1 to 100 of the characters `A-Z a-z 0-9 . _ -`, not with a dot first. Its cursor is `{name}.cursor` beside the log's segments. */
  readonly name: string
  readonly wal: Wal.Service
  /** Where a consumer without a cursor begins: with the oldest entry there is, or with what comes from now on. */
  readonly from: "earliest" | "latest"
  /** Only the entries of this key. The others are read over, so that the cursor does not fall behind with a quiet key. */
  readonly key?: Key | undefined
  /**
   * Whether a handler gets an entry once it is on disk, or once it is written, when a power loss can still take back what the handler
   * has acted on. Default: `"synced"`.
   */
  readonly visibility?: "synced" | "written" | undefined
}

/**
 * How a consumer runs. What depends on the work has no default.
 *
 * @since 0.1.0
 * @category options
 */
export interface RunOptions {
  /** How many entries a handler gets at once, at most. It never waits for them to become so many. */
  readonly batch: number
  /** 1: one handler at a time, in the log's order. `"per-key"`: a handler gets entries of one key in their order, beside those of other keys. */
  readonly concurrency: 1 | "per-key"
  /** How many handlers run at once, at most, where keys go side by side. Default: 16. */
  readonly handlers?: number | undefined
  /** The cursor is saved after so many sequences, or after so long, whichever comes first, and when the run ends. */
  readonly saveEvery?: {
    /** Default: 1,000. */
    readonly entries?: number | undefined
    /** Default: 1 second. */
    readonly interval?: Duration.DurationInput | undefined
  } | undefined
  /** What to do where a salvaged log has lost entries to damage. Default: `"fail"`. */
  readonly onLost?: "fail" | "skip" | undefined
  /**
   * What to do about entries that retention has taken before they were processed: fail, or report it and go on with the oldest one that
   * is there. Default: a warning in the log.
   */
  readonly onExpired?: "fail" | ((gap: WalRetentionError) => Effect.Effect<void>) | undefined
}

/**
 * When a failed batch is tried again, with the same entries, and how often. Without it, it is not.
 *
 * @since 0.1.0
 * @category options
 */
export interface RetryOptions<E, R = never> {
  readonly retry?: Schedule.Schedule<unknown, E, R> | undefined
}

/**
 * @since 0.1.0
 * @category options
 */
export interface DeadLetterOptions<E, ED = never, RD = never> {
  /** What is done with a batch that has failed for good, or died. When it has succeeded, the batch counts as processed. */
  readonly deadLetter: DeadLetter<E, ED, RD>
}

/**
 * @since 0.1.0
 * @category models
 */
export type Entries = readonly [Entry, ...ReadonlyArray<Entry>]

/**
 * Processes entries, at least once each: what it does should be safe to do again.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler<E = never, R = never> = (entries: Entries) => Effect.Effect<unknown, E, R>

/**
 * @since 0.1.0
 * @category models
 */
export type DeadLetter<E, ED = never, RD = never> = (
  entries: Entries,
  cause: Cause.Cause<E>
) => Effect.Effect<unknown, ED, RD>

/**
 * What making a consumer can meet.
 *
 * @since 0.1.0
 * @category errors
 */
export type MakeError = WalConsumerError | ReadError | WalFailedError

/**
 * What a run can meet besides its handler's errors.
 *
 * @since 0.1.0
 * @category errors
 */
export type RunError = WalConfigError | WalConsumerError | ReadError | WalRetentionError | WalFailedError

/**
 * A named place in a log, and the means to go on from it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Consumer {
  readonly name: string
  /** How the cursor and the log agreed when the consumer was made. */
  readonly recovery: ConsumerRecovery
  /** Everything up to this sequence was processed. */
  readonly position: Effect.Effect<Sequence>
  /** How many entries are in the log that were not processed. While it runs, it is the gauge `effect_wal_consumer_lag`, too. */
  readonly lag: Effect.Effect<number>
  /**
   * Hands every entry behind the cursor to the handler, then each as it comes, until it is interrupted or the log closes. One run
   * at a time: another of that name on this log fails with `WalConsumerError`, `AlreadyRunning`.
   *
   * A batch that fails, and is not to be tried again, ends the run with its error, and the cursor stays before it; with `deadLetter`
   * it is given up instead.
   */
  readonly run: {
    <E, R, ED, RD, RS = never>(
      handler: Handler<E, R>,
      options: RunOptions & RetryOptions<E, RS> & DeadLetterOptions<E, ED, RD>
    ): Effect.Effect<void, RunError | ED, R | RD | RS>
    <E, R, RS = never>(
      handler: Handler<E, R>,
      options: RunOptions & RetryOptions<E, RS>
    ): Effect.Effect<void, RunError | E, R | RS>
  }
}

/**
 * Makes a consumer of an open log: finds its cursor, and holds it against the log, or makes it if there is none yet.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as Wal from "effect-wal/Wal"
 * import * as WalConsumer from "effect-wal/WalConsumer"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Schedule from "effect/Schedule"
 *
 * const billing = Effect.gen(function*() {
 *   const consumer = yield* WalConsumer.make({ name: "billing", wal: yield* Wal.Wal, from: "earliest" })
 *   yield* consumer.run(
 *     (entries) => Console.log("bill", entries.length),
 *     { batch: 100, concurrency: 1, retry: Schedule.exponential("100 millis").pipe(Schedule.upTo("1 minute")) }
 *   )
 * })
 */
export const make = (options: Options): Effect.Effect<Consumer, MakeError> =>
  Effect.map(begin(options), ({ key, name, recovery }) => {
    const { visibility = "synced", wal } = options
    const metrics = makeConsumerMetrics(wal.cursors.directory, name)
    const consuming: Consuming = { name, wal, key, visibility, metrics }
    if (recovery._tag === "Expired") {
      metrics.missed(recovery.missed.last - recovery.missed.first + 1)
    }
    return {
      name,
      recovery,
      position: Effect.sync(() => toSequence(wal.cursors.positionOf(name))),
      lag: Effect.sync(() => lagOf(consuming)),
      run: runOf(consuming)
    }
  })

const runOf = (consuming: Consuming): Consumer["run"] =>
<E, R, ED, RD, RS = never>(
  handler: Handler<E, R>,
  options: RunOptions & RetryOptions<E, RS> & Partial<DeadLetterOptions<E, ED, RD>>
): Effect.Effect<void, RunError | E | ED, R | RD | RS> => {
  const { deadLetter, retry } = options
  const tried = withRetry(handler, retry)
  const work: (entries: Entries) => Effect.Effect<void, E | ED, R | RD | RS> = deadLetter === undefined
    ? tried
    : withDeadLetters(tried, deadLetter, consuming.metrics)
  return Effect.flatMap(resolveRun(options), (settings) => run(consuming, settings, work))
}
