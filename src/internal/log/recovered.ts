/**
 * What opening hands to the log: the segments that there are, and how the last of them goes on.
 */
import type { LostRange, TornTail } from "../../WalReport.js"
import type { ActiveIndex } from "../segment/activeIndex.js"
import type { Segment } from "../segment/segment.js"
import type { SegmentFile } from "../segment/segmentFile.js"

export interface Recovered {
  /** Oldest first, the last one included. */
  readonly segments: ReadonlyArray<Segment>
  readonly last: LastSegment
  /** Those that could be sealed, because they are not the last and have no seal that verifies. */
  readonly unsealed: ReadonlyArray<Unsealed>
  readonly tornTails: ReadonlyArray<TornTail>
  readonly lost: ReadonlyArray<LostRange>
  /** The highest timestamp that the log has ever had, as far as it is still told. */
  readonly highestTimestamp: number
}

export interface Unsealed {
  readonly segment: Segment
  readonly index: ActiveIndex
}

export type LastSegment =
  /** A new segment is needed before anything can be appended: there is none, or the last one is damaged. */
  | { readonly _tag: "Needed"; readonly id: number; readonly baseSequence: number; readonly previousDataLength: number }
  /** It was closed, and stays so until something is appended. */
  | { readonly _tag: "Closed" }
  /** It was not closed: its file is open, and everything that counts in it is on disk. */
  | {
    readonly _tag: "Open"
    readonly file: SegmentFile
    readonly index: ActiveIndex
    readonly entryEnd: number
    readonly claimed: number
  }
