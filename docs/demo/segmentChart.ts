/**
 * A bar for each segment: its size, its entries, and how old the youngest of them is.
 */
import type { WalReport } from "effect-wal"
import { bar, count, size, time } from "./format.js"
import { SEGMENT_BYTES } from "./logOptions.js"

const WIDTH = 24

export const segmentChart = (
  segments: ReadonlyArray<WalReport.SegmentStats>,
  now: number
): ReadonlyArray<string> => [
  `segment  ${"size".padEnd(WIDTH + 12)}entries  youngest entry`,
  ...segments.map((segment) => row(segment, now))
]

const row = (segment: WalReport.SegmentStats, now: number): string =>
  [
    String(segment.segment).padStart(7),
    `${bar(segment.bytes, SEGMENT_BYTES, WIDTH)} ${size(segment.bytes).padStart(9)}`,
    count(segment.entries).padStart(8),
    age(segment, now).padStart(10),
    segment.state === "active" ? "active" : ""
  ].join("  ").trimEnd()

const age = ({ entries, highestTimestamp }: WalReport.SegmentStats, now: number): string =>
  entries === 0 ? "empty" : `${time(Math.max(0, now - highestTimestamp))} ago`
