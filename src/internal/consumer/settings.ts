/**
 * What a run can be told: the defaults and the rules.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { RunOptions } from "../../WalConsumer.js"
import { WalConfigError, type WalRetentionError } from "../../WalError.js"

export interface RunSettings {
  readonly batch: number
  readonly lanes: "one" | "per-key"
  /** How many handlers run at once. */
  readonly handlers: number
  readonly saveEntries: number
  /** In milliseconds. */
  readonly saveInterval: number
  readonly onLost: "fail" | "skip"
  readonly onExpired: "report" | "fail" | ((gap: WalRetentionError) => Effect.Effect<void>)
}

const HANDLERS = 16
const SAVE_ENTRIES = 1000
const SAVE_INTERVAL = "1 second"

export const resolveRun = (options: RunOptions): Effect.Effect<RunSettings, WalConfigError> => {
  const { concurrency, onExpired = "report", onLost = "fail", saveEvery } = options
  return Effect.all({
    batch: count("batch", options.batch),
    handlers: concurrency === 1 ? Effect.succeed(1) : count("handlers", options.handlers ?? HANDLERS),
    saveEntries: count("saveEvery.entries", saveEvery?.entries ?? SAVE_ENTRIES),
    saveInterval: interval("saveEvery.interval", saveEvery?.interval ?? SAVE_INTERVAL)
  }).pipe(
    Effect.zipLeft(
      concurrency === 1 || concurrency === "per-key"
        ? Effect.void
        : new WalConfigError({ option: "concurrency", value: concurrency, rule: "1 or per-key" })
    ),
    Effect.map((rest): RunSettings => ({ ...rest, lanes: concurrency === 1 ? "one" : concurrency, onLost, onExpired }))
  )
}

const count = (option: string, value: number): Effect.Effect<number, WalConfigError> =>
  Number.isSafeInteger(value) && value >= 1
    ? Effect.succeed(value)
    : Effect.fail(new WalConfigError({ option, value, rule: "a whole number of at least 1" }))

const interval = (option: string, value: Duration.DurationInput): Effect.Effect<number, WalConfigError> =>
  Option.match(Option.filter(Duration.decodeUnknown(value), (duration) => Duration.toMillis(duration) >= 1), {
    onNone: () => Effect.fail(new WalConfigError({ option, value, rule: "a duration of at least 1 ms" })),
    onSome: (duration) => Effect.succeed(Duration.toMillis(duration))
  })
