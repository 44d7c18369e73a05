/**
 * What a log counts, once a group or rarer: each metric is tagged with the log's directory.
 *
 * Writes of single entries are counted together, at the end of the turn in which they were written: one by one, that would cost
 * as much as framing them.
 */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import type * as MetricLabel from "effect/MetricLabel"
import { bytesOf } from "./retention.js"
import { type LogView, segmentsOf } from "./view.js"

export interface WalMetrics {
  /** A group of so many entries was written. */
  readonly written: (entries: number, bytes: number) => void
  /** In milliseconds. */
  readonly commitTime: (duration: number) => void
  readonly syncTime: (duration: number) => void
  readonly pendingBytes: (count: number) => void
  readonly segments: (count: number) => void
  readonly diskBytes: (count: number) => void
  readonly entriesRecovered: (count: number) => void
  readonly entriesDropped: (count: number) => void
  readonly segmentsRemoved: (count: number) => void
  readonly failures: (count: number) => void
}

const counter = (name: string, description: string) =>
  Metric.counter(`effect_wal_${name}`, { description, incremental: true })

const gauge = (name: string, description: string) => Metric.gauge(`effect_wal_${name}`, { description })

const histogram = (name: string, boundaries: MetricBoundaries.MetricBoundaries, description: string) =>
  Metric.histogram(`effect_wal_${name}`, boundaries, description)

const SIZES = MetricBoundaries.exponential({ start: 1, factor: 4, count: 10 })
const TIMES = MetricBoundaries.exponential({ start: 0.0625, factor: 2, count: 16 })

const entriesAppended = counter("entries_appended", "Entries that were written")
const bytesAppended = counter("bytes_appended", "Bytes that were written, frames included")
const groupSize = histogram("group_size", SIZES, "Entries that one write carried")
const commitTime = histogram("commit_time_ms", TIMES, "How long a write took")
const syncTime = histogram("sync_time_ms", TIMES, "How long an fsync took")
const pendingBytes = gauge("pending_bytes", "Bytes that are framed and not yet written")
const segments = gauge("segments", "Segments of the log")
const diskBytes = gauge("disk_bytes", "Bytes of all segments")
const entriesRecovered = counter("entries_recovered", "Entries that were there when the log was opened")
const entriesDropped = counter(
  "entries_dropped",
  "Whole entries that recovery dropped, because they had not been promised"
)
const segmentsRemoved = counter("segments_removed", "Segments that retention removed")
const failures = counter("failures", "Writes and fsyncs that failed")

export const makeMetrics = (directory: string): WalMetrics => {
  const update = <Type, Out>(metric: Metric.Metric<Type, number, Out>) => {
    const tagged = Metric.tagged(metric, "log", directory)
    return (value: number): void => tagged.unsafeUpdate(value, NO_MORE_TAGS)
  }
  return {
    written: countWrites(update(entriesAppended), update(bytesAppended), update(groupSize)),
    commitTime: update(commitTime),
    syncTime: update(syncTime),
    pendingBytes: update(pendingBytes),
    segments: update(segments),
    diskBytes: update(diskBytes),
    entriesRecovered: update(entriesRecovered),
    entriesDropped: update(entriesDropped),
    segmentsRemoved: update(segmentsRemoved),
    failures: update(failures)
  }
}

type Update = (value: number) => void

const NO_MORE_TAGS: ReadonlyArray<MetricLabel.MetricLabel> = []

const countWrites = (entriesAppended: Update, bytesAppended: Update, groupSize: Update): WalMetrics["written"] => {
  let singles = 0
  let singleBytes = 0

  const countSingles = (): void => {
    entriesAppended(singles)
    bytesAppended(singleBytes)
    for (; singles > 0; singles--) {
      groupSize(1)
    }
    singleBytes = 0
  }

  return (entries, bytes) => {
    if (entries !== 1) {
      groupSize(entries)
      entriesAppended(entries)
      bytesAppended(bytes)
      return
    }
    if (singles === 0) {
      queueMicrotask(countSingles)
    }
    singles++
    singleBytes += bytes
  }
}

/** Sets the gauges that follow from what there is. */
export const observe = (metrics: WalMetrics, view: LogView): void => {
  const all = segmentsOf(view)
  metrics.segments(all.length)
  metrics.diskBytes(all.reduce((sum, segment) => sum + bytesOf(segment), 0))
}
