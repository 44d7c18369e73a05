/**
 * Which segments have had their time: decided from plain values, the oldest first.
 */
import type { RemovedSegment } from "../../WalReport.js"
import { SEAL_TRAILER_LENGTH } from "../format/sealTrailer.js"
import { isEmpty, type Segment } from "../segment/segment.js"
import type { LogView } from "./view.js"

export interface Condemned {
  readonly segment: Segment
  readonly reason: RemovedSegment["reason"]
}

/** Nothing behind `after` has been processed by everybody, and so many bytes at most are kept for that. */
export interface Hold {
  readonly after: number
  readonly atMostBytes: number
}

export interface Judgement {
  readonly condemned: ReadonlyArray<Condemned>
  /** What is left only because of the hold. */
  readonly held: ReadonlyArray<Segment>
}

/** Spares those that hold somebody's unprocessed entries, as far as they are not too large together. */
export const withHold = (condemned: ReadonlyArray<Condemned>, hold: Hold): Judgement => {
  const processed = condemned.findIndex(({ segment }) => segment.lastSequence > hold.after)
  if (processed < 0) {
    return { condemned, held: [] }
  }
  const wanted = condemned.slice(processed)
  let heldBytes = wanted.reduce((sum, { segment }) => sum + bytesOf(segment), 0)
  let broken = 0
  for (const { segment } of wanted) {
    if (heldBytes <= hold.atMostBytes) {
      break
    }
    heldBytes -= bytesOf(segment)
    broken++
  }
  return {
    condemned: [
      ...condemned.slice(0, processed),
      ...wanted.slice(0, broken).map(({ segment }): Condemned => ({ segment, reason: "holdBroken" }))
    ],
    held: wanted.slice(broken).map(({ segment }) => segment)
  }
}

/** The sealed segments that expired, and those that `retainBytes` leaves no room for. */
export const condemn = (
  view: LogView,
  now: number,
  rules: { readonly entryRetention: number; readonly retainBytes: number }
): ReadonlyArray<Condemned> => {
  const condemned: Array<Condemned> = []
  let total = view.sealed.reduce((sum, segment) => sum + bytesOf(segment), bytesOf(view.active))
  for (const segment of view.sealed) {
    const reason = hasExpired(segment, now, rules.entryRetention)
      ? "expired"
      : total > rules.retainBytes
      ? "retainBytes"
      : undefined
    if (reason === undefined) {
      break
    }
    condemned.push({ segment, reason })
    total -= bytesOf(segment)
  }
  return condemned
}

/** The sealed segments whose every entry comes before `sequence`. */
export const condemnBefore = (view: LogView, sequence: number): ReadonlyArray<Condemned> =>
  view.sealed
    .filter((segment) => segment.lastSequence < sequence)
    .map((segment) => ({ segment, reason: "truncated" }))

/** On disk, seal included. */
export const bytesOf = (segment: Segment): number =>
  segment.dataLength + (segment.index._tag === "Sealed" ? segment.index.length + SEAL_TRAILER_LENGTH : 0)

const hasExpired = (segment: Segment, now: number, retention: number): boolean =>
  now - youngest(segment, now) >= retention

/** A time that lies in the future is not believed; what is left then is when this process first saw the segment. */
const youngest = (segment: Segment, now: number): number => {
  const written = isEmpty(segment) ? segment.createdAt : segment.highestTimestamp
  if (written <= now) {
    return written
  }
  return segment.sealedAt > 0 && segment.sealedAt <= now ? segment.sealedAt : segment.firstSeenAt
}

/** The clock was wrong when it said that a segment was first seen at a time that is still to come: it counts as seen `now`. */
export const withTimesBy = (view: LogView, now: number): LogView => ({
  sealed: view.sealed.map((segment) => segment.firstSeenAt > now ? { ...segment, firstSeenAt: now } : segment),
  active: view.active
})

/** How far the wall clock has moved against the monotonic one since the last look. */
export interface ClockLook {
  readonly wall: number
  readonly monotonic: number
}

export const hasJumped = (before: ClockLook, after: ClockLook, window: number): boolean =>
  Math.abs(after.wall - before.wall - (after.monotonic - before.monotonic)) > window
