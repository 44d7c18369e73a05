/**
 * How the demo opens its log.
 */
import type { WalOptions } from "effect-wal"

/** Small, so that 20,000 flights fill several of them. An application would rather leave this at 64 MiB. */
export const SEGMENT_BYTES = 256 * 1024

export const logOptions = (directory: string): WalOptions.WalOptions => ({
  directory,
  maxSegmentBytes: SEGMENT_BYTES
})

/** A new segment each second, and none older than four. */
export const shortRetention = (directory: string): WalOptions.WalOptions => ({
  ...logOptions(directory),
  entryRetention: "4 seconds",
  segments: 4,
  /** The demo compacts by hand, to show what it does; by default the log does it by itself. */
  compaction: "manual"
})
