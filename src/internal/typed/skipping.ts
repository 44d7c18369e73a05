/**
 * What is left out because it does not fit: counted, and told once for each chunk.
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Wal from "../../Wal.js"
import type { WalCodecError } from "../../WalError.js"

/** What a read is made of. */
export type Readable = "entries" | "keys"

const counter = (what: Readable) =>
  Metric.counter(`effect_wal_${what}_skipped`, {
    description: `${what} that a typed read left out, because they do not fit the schemas`,
    incremental: true
  })

const counters = { entries: counter("entries"), keys: counter("keys") }

/** `first` is what is wrong with the first of them. */
export const reportSkipped = (
  wal: Wal.Reader,
  what: Readable,
  count: number,
  first: WalCodecError
): Effect.Effect<void> =>
  Effect.flatMap(
    directoryOf(wal),
    (directory) =>
      Effect.logWarning(`${what} that do not fit the schemas are left out; the first: ${first.message}`).pipe(
        Effect.annotateLogs({
          directory,
          skipped: count,
          ...(first.sequence === undefined ? {} : { sequence: first.sequence })
        }),
        Effect.zipLeft(Metric.incrementBy(Metric.tagged(counters[what], "log", directory), count))
      )
  )

const directoryOf = (wal: Wal.Reader): Effect.Effect<string> =>
  wal.stats.pipe(Effect.map(({ directory }) => directory), Effect.orElseSucceed(() => "unknown"))
