/**
 * The log as a reader sees it: an immutable value that the committer replaces once a group, and compaction before it
 * removes anything.
 */
import type { EntryRef, SegmentId, Sequence } from "../../WalEntry.js"
import { type IndexSource, nextSequence, type Segment } from "../segment/segment.js"

export interface LogView {
  /** Oldest first. */
  readonly sealed: ReadonlyArray<Segment>
  readonly active: Segment
}

export const segmentsOf = (view: LogView): ReadonlyArray<Segment> => [...view.sealed, view.active]

export const withActive = (view: LogView, active: Segment): LogView => ({ sealed: view.sealed, active })

/** The active segment becomes the last sealed one. */
export const rotated = (view: LogView, sealed: Segment, successor: Segment): LogView => ({
  sealed: [...view.sealed, sealed],
  active: successor
})

/** A sealed segment's index is to be had elsewhere from now on. */
export const withIndex = (view: LogView, id: SegmentId, index: IndexSource): LogView => ({
  sealed: view.sealed.map((candidate) => (candidate.id === id ? { ...candidate, index } : candidate)),
  active: view.active
})

export const withoutSegments = (view: LogView, removed: ReadonlySet<number>): LogView => ({
  sealed: view.sealed.filter((segment) => !removed.has(segment.id)),
  active: view.active
})

/** The first sequence that is retained; the next one to come where the log is empty. */
export const oldestSequence = (view: LogView): number => (view.sealed[0] ?? view.active).baseSequence

export const entryCount = (view: LogView): number =>
  view.sealed.reduce((total, segment) => total + segment.entryCount, view.active.entryCount)

export const segmentOfRef = (view: LogView, ref: EntryRef): Segment | undefined =>
  view.active.id === ref.segment ? view.active : sealedSegment(view.sealed, ref.segment)

const sealedSegment = (sealed: ReadonlyArray<Segment>, id: number): Segment | undefined => {
  let low = 0
  let high = sealed.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sealed[middle]?.id ?? id) < id) {
      low = middle + 1
    } else {
      high = middle
    }
  }
  const found = sealed[low]
  return found?.id === id ? found : undefined
}

/** The position among `segments` of the first one that holds `sequence` or something after it. */
export const firstSegmentFrom = (segments: ReadonlyArray<Segment>, sequence: Sequence | number): number => {
  let low = 0
  let high = segments.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const segment = segments[middle]
    if (segment !== undefined && nextSequence(segment) <= sequence) {
      low = middle + 1
    } else {
      high = middle
    }
  }
  return low
}
