/**
 * What there is, counted from the view.
 */
import type { SegmentStats, WalStats } from "../../WalReport.js"
import { isEmpty, type Segment } from "../segment/segment.js"
import { toSequence } from "./nominal.js"
import { bytesOf } from "./retention.js"
import { entryCount, type LogView, segmentsOf } from "./view.js"
import type { WriteState } from "./writeState.js"

export const statsOf = (view: LogView, state: WriteState): WalStats => {
  const segments = segmentsOf(view)
  const filled = segments.filter((segment) => !isEmpty(segment))
  const oldest = filled[0]
  const newest = filled.at(-1)
  return {
    directory: state.settings.directory,
    entries: entryCount(view),
    bytes: segments.reduce((sum, segment) => sum + bytesOf(segment), 0),
    pendingBytes: state.pendingBytes,
    ...(oldest === undefined
      ? {}
      : { oldest: { sequence: toSequence(oldest.baseSequence), timestamp: oldest.lowestTimestamp } }),
    ...(newest === undefined
      ? {}
      : { newest: { sequence: toSequence(newest.lastSequence), timestamp: newest.highestTimestamp } }),
    syncedSequence: toSequence(state.syncedSequence),
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
