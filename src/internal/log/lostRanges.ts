/**
 * What a walk over a damaged segment could not read, as it is reported.
 */
import type { LostRange } from "../../WalReport.js"
import type { Probe } from "../segment/probe.js"
import type { Scan, ScanGap } from "../segment/segmentScanner.js"
import { toSegmentId, toSequence } from "./nominal.js"

/** The gaps of the walk, and what is missing between its end and `last`. */
export const lostRanges = (
  probe: Pick<Probe, "id" | "size">,
  scan: Scan,
  last: number,
  promisedBy: string
): ReadonlyArray<LostRange> => {
  const keys = scan.end._tag === "NoFrame" && scan.end.damagedKey !== undefined ? [scan.end.damagedKey] : []
  const tail: ScanGap = {
    first: scan.lastSequence + 1,
    last,
    startOffset: scan.dataLength,
    endOffset: Math.max(scan.dataLength, probe.size),
    keys
  }
  const gaps = last < tail.first ? scan.gaps : [...scan.gaps, tail]
  return gaps.map((gap): LostRange => ({
    segment: toSegmentId(probe.id),
    sequences: { first: toSequence(gap.first), last: toSequence(gap.last) },
    startOffset: gap.startOffset,
    endOffset: gap.endOffset,
    keys: gap.keys,
    promisedBy
  }))
}
