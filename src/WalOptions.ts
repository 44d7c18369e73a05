/**
 * What a log can be told when it is opened: options, their defaults and their rules.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { isConsumerName } from "./internal/format/fileName.js"
import type { Durability } from "./WalEntry.js"
import { WalConfigError } from "./WalError.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface WalOptions {
  /** Where the log's files are. Created, with its parents, if it is not there. */
  readonly directory: string
  /** How long an entry is kept: at least that, and at most one window more. Default: 7 days. */
  readonly entryRetention?: Duration.DurationInput | undefined
  /** Into how many windows `entryRetention` is divided; a window is how long one segment is active. Default: 10. */
  readonly segments?: number | undefined
  /** How large a segment's entries may grow, up to 2 GiB. Default: 64 MiB. */
  readonly maxSegmentBytes?: FileSystem.SizeInput | undefined
  /** A cap on the size of all segments; the oldest ones go first, expired or not. Default: none. */
  readonly retainBytes?: FileSystem.SizeInput | undefined
  /** What an append waits for when it does not say. Default: `"written"`. */
  readonly durability?: Durability | undefined
  /** How long a `"buffered"` entry may stay unwritten. Default: 10 ms. */
  readonly flushInterval?: Duration.DurationInput | undefined
  /** How long a written entry may stay unsynced. Default: 1 second. */
  readonly syncInterval?: Duration.DurationInput | "never" | undefined
  /** How many bytes may wait to be written before appenders wait too. Default: 16 MiB. */
  readonly maxPendingBytes?: FileSystem.SizeInput | undefined
  /** How large one entry may be, framed. Default: 16 MiB, or a segment's size if that is smaller. */
  readonly maxEntryBytes?: FileSystem.SizeInput | undefined
  /** When expired segments are looked for. Default: once a window, and at least once an hour. */
  readonly compaction?: Schedule.Schedule<unknown> | "manual" | undefined
  /** What opening does when acknowledged data is damaged. Default: `"fail"`. */
  readonly onDamage?: "fail" | "salvage" | undefined
  /** How much memory the indexes of sealed segments may take. Default: 64 MiB. */
  readonly indexCacheBytes?: FileSystem.SizeInput | undefined
  /** Keeps what consumers have not processed, although retention would take it. Default: nothing is held for anybody. */
  readonly holdFor?: HoldOptions | undefined
}

/**
 * For whom retention waits, and how long.
 *
 * @since 0.1.0
 * @category models
 */
export interface HoldOptions {
  /** The names of `WalConsumer`s. For one that was never made everything is held. */
  readonly consumers: ReadonlyArray<string>
  /**
   * How many bytes may be there only for their sake. What is held past that goes, the oldest first, and it is reported: a
   * consumer that has stopped for good would otherwise fill the disk.
   */
  readonly atMostBytes: FileSystem.SizeInput
}

/**
 * Options as the log uses them: durations in milliseconds, sizes in bytes, everything within its rule.
 *
 * @internal
 */
export interface Settings {
  readonly directory: string
  readonly entryRetention: number
  readonly window: number
  readonly maxSegmentBytes: number
  readonly retainBytes: number
  readonly durability: Durability
  readonly flushInterval: number
  readonly syncInterval: number
  readonly maxPendingBytes: number
  readonly maxEntryBytes: number
  readonly compaction: Schedule.Schedule<unknown> | "manual" | "default"
  readonly onDamage: "fail" | "salvage"
  readonly indexCacheBytes: number
  readonly holdFor: HoldSettings | undefined
}

/**
 * @internal
 */
export interface HoldSettings {
  readonly consumers: ReadonlyArray<string>
  readonly atMostBytes: number
}

/**
 * How a log is read that another process writes.
 *
 * @since 0.1.0
 * @category options
 */
export interface ReaderOptions {
  /** Where the log's files are. */
  readonly directory: string
  /** How long a follower that has seen everything waits before it looks again. Default: 100 ms. */
  readonly pollInterval?: Duration.DurationInput | undefined
  /** How much memory the indexes of ended segments may take. Default: 64 MiB. */
  readonly indexCacheBytes?: FileSystem.SizeInput | undefined
}

/**
 * The same, checked, in milliseconds and bytes.
 *
 * @internal
 */
export interface ReaderSettings {
  readonly directory: string
  readonly pollInterval: number
  readonly indexCacheBytes: number
}

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const SMALLEST_SEGMENT = 4 * KIB

/**
 * The options within their rules, or the first one that is not.
 *
 * @internal
 */
export const resolve = (options: WalOptions): Either.Either<Settings, WalConfigError> =>
  Either.gen(function*() {
    const directory = yield* check("directory", options.directory, isNonEmptyString, "a non-empty path")
    const retention = options.entryRetention ?? "7 days"
    const entryRetention = yield* duration("entryRetention", retention)
    const segments = yield* check("segments", options.segments ?? 10, isCount, "a whole number of at least 1")
    const window = entryRetention / segments
    yield* check(
      "entryRetention",
      retention,
      () => window >= 1000,
      `at least one second for each of the ${segments} segments`
    )
    const maxSegmentBytes = yield* size(
      "maxSegmentBytes",
      options.maxSegmentBytes ?? 64 * MIB,
      SMALLEST_SEGMENT,
      2 * GIB
    )
    const maxEntryBytes = yield* size(
      "maxEntryBytes",
      options.maxEntryBytes ?? Math.min(16 * MIB, maxSegmentBytes),
      1,
      maxSegmentBytes
    )
    return {
      directory,
      entryRetention,
      window,
      maxSegmentBytes,
      maxEntryBytes,
      retainBytes: options.retainBytes === undefined
        ? Infinity
        : yield* size("retainBytes", options.retainBytes, SMALLEST_SEGMENT, Number.MAX_SAFE_INTEGER),
      durability: yield* literal("durability", options.durability ?? "written", ["buffered", "written", "synced"]),
      flushInterval: yield* duration("flushInterval", options.flushInterval ?? "10 millis"),
      syncInterval: options.syncInterval === "never"
        ? Infinity
        : yield* duration("syncInterval", options.syncInterval ?? "1 second"),
      maxPendingBytes: yield* size("maxPendingBytes", options.maxPendingBytes ?? 16 * MIB, 1, GIB),
      compaction: yield* check("compaction", options.compaction ?? "default", isCompaction, "a Schedule or manual"),
      onDamage: yield* literal("onDamage", options.onDamage ?? "fail", ["fail", "salvage"]),
      indexCacheBytes: yield* size("indexCacheBytes", options.indexCacheBytes ?? 64 * MIB, 0, Number.MAX_SAFE_INTEGER),
      holdFor: options.holdFor === undefined ? undefined : yield* hold(options.holdFor)
    }
  })

const hold = ({ atMostBytes, consumers }: HoldOptions): Either.Either<HoldSettings, WalConfigError> =>
  Either.all({
    consumers: check("holdFor.consumers", consumers, areConsumers, "one name of a consumer, or several"),
    atMostBytes: size("holdFor.atMostBytes", atMostBytes, SMALLEST_SEGMENT, Number.MAX_SAFE_INTEGER)
  })

const areConsumers = (names: ReadonlyArray<string>): boolean =>
  Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === "string" && isConsumerName(name))

/**
 * The options within their rules, or the first one that is not.
 *
 * @internal
 */
export const resolveReader = (options: ReaderOptions): Either.Either<ReaderSettings, WalConfigError> =>
  Either.gen(function*() {
    return {
      directory: yield* check("directory", options.directory, isNonEmptyString, "a non-empty path"),
      pollInterval: yield* duration("pollInterval", options.pollInterval ?? "100 millis"),
      indexCacheBytes: yield* size("indexCacheBytes", options.indexCacheBytes ?? 64 * MIB, 0, Number.MAX_SAFE_INTEGER)
    }
  })

const isNonEmptyString = (value: unknown): boolean =>
  typeof value === "string" && value.length > 0 && !value.includes("\0")

const isCompaction = (value: unknown): boolean =>
  value === "manual" || value === "default" || Schedule.isSchedule(value)

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 1

const check = <A>(
  option: string,
  value: A,
  holds: (value: A) => boolean,
  rule: string
): Either.Either<A, WalConfigError> =>
  holds(value) ? Either.right(value) : Either.left(new WalConfigError({ option, value, rule }))

const literal = <const A extends string>(
  option: string,
  value: A,
  allowed: ReadonlyArray<A>
): Either.Either<A, WalConfigError> =>
  check(option, value, (value) => allowed.includes(value), `one of ${allowed.join(", ")}`)

/** In milliseconds. `Duration.decode` would throw on nonsense and take a negative one for zero. */
const duration = (option: string, value: Duration.DurationInput): Either.Either<number, WalConfigError> =>
  Option.match(isNegative(value) ? Option.none() : Duration.decodeUnknown(value), {
    onNone: () => Either.left(new WalConfigError({ option, value, rule: "a duration that is not negative" })),
    onSome: (decoded) => Either.right(Duration.toMillis(decoded))
  })

const isNegative = (value: Duration.DurationInput): boolean =>
  (typeof value === "number" && !(value >= 0))
  || (typeof value === "bigint" && value < 0n)
  || (typeof value === "string" && value.trimStart().startsWith("-"))
  || (Array.isArray(value) && !value.every((part) => part >= 0))

const size = (
  option: string,
  value: FileSystem.SizeInput,
  smallest: number,
  largest: number
): Either.Either<number, WalConfigError> =>
  Either.map(
    check(
      option,
      value,
      (size) => Number.isSafeInteger(Number(size)) && size >= smallest && size <= largest,
      `a whole number of bytes from ${smallest} to ${largest}`
    ),
    Number
  )
