/**
 * What is known of one segment: the plain values that readers, recovery and retention work on.
 */
import type { SegmentId } from "../../WalEntry.js"
import type { LostRange } from "../../WalReport.js"
import type { ActiveIndex } from "./activeIndex.js"

/** Where a segment's index is to be had. */
export type IndexSource =
  /** In memory, growing with the segment; the first `entryCount` entries of it are the segment's. */
  | { readonly _tag: "Growing"; readonly index: ActiveIndex }
  /** In the file, behind the frames. */
  | { readonly _tag: "Sealed"; readonly length: number; readonly tableChecksum: number }
  /** Nowhere: it is made by a scan when it is first needed. */
  | { readonly _tag: "Missing" }

export interface Segment {
  readonly id: SegmentId
  readonly path: string
  readonly salt: number
  readonly createdAt: number
  readonly baseSequence: number
  /** `baseSequence - 1` in an empty segment. */
  readonly lastSequence: number
  /** Of those that can be read: all of them, but for the `lost` ones. */
  readonly entryCount: number
  /** Ascending; empty but in a segment that was salvaged. */
  readonly lost: ReadonlyArray<LostRange>
  /** Where the frames end. */
  readonly dataLength: number
  /** 0 in an empty segment. */
  readonly lowestTimestamp: number
  readonly highestTimestamp: number
  /** When it was sealed, or first seen by this process, as far as its own timestamps cannot be believed. */
  readonly sealedAt: number
  readonly firstSeenAt: number
  readonly index: IndexSource
}

/** The sequence that the next segment's header gives as its own base. */
export const nextSequence = (segment: Segment): number => segment.lastSequence + 1

export const isEmpty = (segment: Segment): boolean => segment.entryCount === 0

/** How many readable entries of the segment come before `sequence`. */
export const ordinalOf = (segment: Segment, sequence: number): number =>
  segment.lost.reduce(
    (ordinal, { sequences }) => ordinal - Math.max(0, Math.min(sequences.last + 1, sequence) - sequences.first),
    sequence - segment.baseSequence
  )
