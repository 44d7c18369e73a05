/**
 * Recovery's second decision: where a scanned segment ends, and whether what is missing there had been promised.
 */
import type { WalCorruptionError } from "../../WalError.js"
import type { Search } from "../segment/frameSearch.js"
import type { Probe } from "../segment/probe.js"
import type { Scan } from "../segment/segmentScanner.js"
import { damagedAt, type Promised } from "./chain.js"

export type SegmentEnd =
  /** Everything that was promised is there, up to the end of the file, or up to zeros. */
  | { readonly _tag: "Whole" }
  /** What follows the whole entries was never promised. */
  | {
    readonly _tag: "Torn"
    readonly dropped: { readonly first: number; readonly last: number } | undefined
    /** Whether frames verify among what is dropped, so that the bytes are worth a copy. */
    readonly keep: "bytes" | "nothing"
  }
  | { readonly _tag: "Damaged"; readonly error: WalCorruptionError }

/** `search` is what was found from the walk's end up to the end of the file. */
export const judgeEnd = (probe: Probe, scan: Scan, search: Search, promised: Promised): SegmentEnd => {
  const strongest = strongestPromise(scan, search, promised)
  if (scan.dataLength < strongest.offset) {
    const error = damagedAt(probe, scan.validEnd, describe(scan), strongest.by, lostSequences(scan, search, strongest))
    return { _tag: "Damaged", error }
  }
  if (scan.end._tag === "EndOfData" && scan.validEnd === scan.dataLength) {
    return { _tag: "Whole" }
  }
  const last = Math.max(scan.validSequence, search.highestEntry)
  return {
    _tag: "Torn",
    dropped: last > scan.lastSequence ? { first: scan.lastSequence + 1, last } : undefined,
    keep: search.first === undefined ? "nothing" : "bytes"
  }
}

const describe = (scan: Scan): string => (scan.end._tag === "EndOfData" ? "the file ends too early" : scan.end.what)

const strongestPromise = (scan: Scan, search: Search, promised: Promised): Promised => {
  const marked = search.claimed > scan.claimed
    ? { offset: search.claimed, by: `the sync mark at offset ${search.claimedBy}`, lastSequence: undefined }
    : { offset: scan.claimed, by: "a sync mark before it", lastSequence: undefined }
  return marked.offset > promised.offset ? marked : promised
}

/** Up to the next frame that verifies, or else up to the last sequence that was promised, as far as it is known. */
const lostSequences = (
  scan: Scan,
  { first: next }: Search,
  { lastSequence }: Promised
): { readonly first: number; readonly last: number } | undefined => {
  const first = scan.lastSequence + 1
  const before = next === undefined ? 0 : next.kind === "entry" ? next.sequence - 1 : next.sequence
  const last = before < first ? lastSequence : before
  return last === undefined ? undefined : { first, last }
}
