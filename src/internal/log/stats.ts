/**
 * What there is, counted from the view.
 */
import type { SegmentStats, WalStats } from "../../WalReport.js"
import { isEmpty, type Segment } from "../segment/segment.js"
import { toSequence } from "./nominal.js"
import { bytesOf } from "./retention.js"
import { entryCount, type LogView, segmentsOf } from "./view.js"

/** What the view does not tell. */
export interface Account {
  readonly directory: string
  readonly pendingBytes: number
  readonly syncedSequence: number
}

export const statsOf = (view: LogView, account: Account): WalStats => {
  const segments = segmentsOf(view)
  const filled = segments.filter((segment) => !isEmpty(segment))
  const oldest = filled[0]
  const newest = filled.at(-1)
  return {
    directory: account.directory,
    entries: entryCount(view),
    bytes: segments.reduce((sum, segment) => sum + bytesOf(segment), 0),
    pendingBytes: account.pendingBytes,
    ...(oldest === undefined
      ? {}
      : { oldest: { sequence: toSequence(oldest.baseSequence), timestamp: oldest.lowestTimestamp } }),
    ...(newest === undefined
      ? {}
      : { newest: { sequence: toSequence(newest.lastSequence), timestamp: newest.highestTimestamp } }),
    syncedSequence: toSequence(account.syncedSequence),
    segments: segments.map((segment) => segmentStats(segment, segment === view.active ? "active" : "sealed"))
  }
}

const segmentStats = (segment: Segment, state: SegmentStats["state"]): SegmentStats => ({
  segment: segment.id,
  state,
  path: segment.path,
  bytes: segment.dataLength,
  entries: segment.entryCount,
  firstSequence: toSequence(segment.baseSequence),
  lastSequence: toSequence(segment.lastSequence),
  createdAt: segment.createdAt,
  lowestTimestamp: segment.lowestTimestamp,
  highestTimestamp: segment.highestTimestamp
})
