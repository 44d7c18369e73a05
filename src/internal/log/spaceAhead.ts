/**
 * Zeros written ahead of the frames, so that a sync has to write data only, and not the file's new size with it.
 */
import type { Group } from "./group.js"

type Framed = Pick<Group, "end" | "length" | "synced">

/** What is synced in larger groups does not notice the file's size. */
const LARGEST_GROUP = 64 * 1024
const SHORTEST_RANGE = 64 * 1024
const LONGEST_RANGE = 1024 * 1024

/**
 * Of the active segment's file. The zeros stand behind every group that is on its way to the file: they are written by the one
 * who writes groups, before the group that wants them. Zeros behind the last frame are the end of the data for every reader.
 *
 * Invariant: the file has zeros, and nothing else, between its last frame and `end`, if that is beyond it.
 */
export class SpaceAhead {
  private end = 0
  private stage: "possible" | "given up" = "possible"

  /** No segment is longer than `limit`. */
  constructor(private readonly limit: number) {}

  /** In a file that has none. */
  begin(): void {
    this.end = 0
    this.stage = "possible"
  }

  /** Only those who wait for a sync gain by it. */
  isWantedFor(group: Framed): boolean {
    return this.stage === "possible" && group.synced.length > 0 && group.length <= LARGEST_GROUP
      && group.end > this.end && group.end < this.limit
  }

  /** As much as the segment holds already, within limits: a small log stays small. */
  rangeFor(group: Framed): { readonly start: number; readonly end: number } {
    const length = Math.min(Math.max(group.end, SHORTEST_RANGE), LONGEST_RANGE)
    return { start: group.end, end: Math.min(group.end + length, this.limit) }
  }

  reachedTo(end: number): void {
    this.end = end
  }

  /** There is no room for it. Answers where the file ended before, if its frames end at `dataLength`. */
  giveUp(dataLength: number): number {
    this.stage = "given up"
    return Math.max(this.end, dataLength)
  }
}
