/**
 * What a consumer counts: each metric is tagged with the log's directory and the consumer's name.
 */
import * as Metric from "effect/Metric"
import type * as MetricLabel from "effect/MetricLabel"

export interface ConsumerMetrics {
  /** Entries that are in the log and were not processed. */
  readonly lag: (entries: number) => void
  readonly processed: (entries: number) => void
  readonly deadLetters: (entries: number) => void
  readonly missed: (entries: number) => void
}

const counter = (name: string, description: string) =>
  Metric.counter(`effect_wal_consumer_${name}`, { description, incremental: true })

const lag = Metric.gauge("effect_wal_consumer_lag", { description: "Entries that are written and not processed" })
const processed = counter("processed", "Entries that were processed, dead letters among them")
const deadLetters = counter("dead_letters", "Entries that were given up")
const missed = counter("missed", "Entries that retention took before they were processed")

export const makeConsumerMetrics = (directory: string, consumer: string): ConsumerMetrics => {
  const update = <Type, Out>(metric: Metric.Metric<Type, number, Out>) => {
    const tagged = metric.pipe(Metric.tagged("log", directory), Metric.tagged("consumer", consumer))
    return (value: number): void => tagged.unsafeUpdate(value, NO_MORE_TAGS)
  }
  return {
    lag: update(lag),
    processed: update(processed),
    deadLetters: update(deadLetters),
    missed: update(missed)
  }
}

const NO_MORE_TAGS: ReadonlyArray<MetricLabel.MetricLabel> = []
