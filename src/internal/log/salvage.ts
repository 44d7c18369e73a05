/**
 * Assesses a damaged log for what can still be read of it. Nothing is written here, and nothing damaged is ever edited:
 * gaps are stepped over and reported, and a damaged segment is followed by a new one.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { WalCodecError, type WalCorruptionError } from "../../WalError.js"
import type { LostRange } from "../../WalReport.js"
import type { SealTrailer } from "../format/sealTrailer.js"
import { SEGMENT_HEADER_LENGTH, type SegmentHeader } from "../format/segmentHeader.js"
import { ActiveIndex } from "../segment/activeIndex.js"
import type { Search } from "../segment/frameSearch.js"
import type { Probe } from "../segment/probe.js"
import { salvageSegment, searchFrames } from "../segment/scan.js"
import { nextSequence, type Segment } from "../segment/segment.js"
import { withSegmentFile } from "../segment/segmentFile.js"
import type { Scan } from "../segment/segmentScanner.js"
import { findEnd, type FoundEnd, type Refusal, scanUpTo, segmentOf, unknownFormat } from "./assess.js"
import { agrees, belongs, isWhole, type Promised, promisedByHeader, promisedBySeal, trusted } from "./chain.js"
import { lostRanges } from "./lostRanges.js"
import { toSegmentId, toSequence } from "./nominal.js"
import type { LastSegment, Recovered } from "./recovered.js"
import type { DamagedSegment } from "./salvageRecord.js"

/** More entries than one segment can have held: it is at most 2 GiB and a little, and an entry takes 56 bytes. */
const MOST_IN_A_SEGMENT = 2 ** 27
/** More than all the segments can have held of which there is no trace. */
const MOST_IN_MISSING_SEGMENTS = 2 ** 40

export interface Salvage {
  /** As it is once the loss is accepted; how the last segment goes on is in `ending`. */
  readonly recovered: Omit<Recovered, "last" | "tornTails">
  readonly ending: Ending
  readonly damaged: ReadonlyArray<DamagedSegment>
}

/** How the log ends: decided already, or with an undamaged segment whose end is to be made true on the disk. */
export type Ending =
  | { readonly _tag: "Decided"; readonly last: LastSegment }
  | { readonly _tag: "Unsettled"; readonly end: FoundEnd }

/** A segment as far as both its ends can be made out; one without a header cannot be read at all. */
interface Part {
  readonly probe: Probe
  readonly header: SegmentHeader | undefined
  readonly isHeaderWhole: boolean
  readonly trailer: SealTrailer | undefined
}

/** A part that can be read, and what comes behind it. */
interface Readable extends Part {
  readonly header: SegmentHeader
  /** The next part that can be read; with none in between if it is the `successor`. */
  readonly follower: Part | undefined
  readonly successor: Part | undefined
  readonly isLast: boolean
}

interface Assessment {
  readonly segment: Segment
  readonly state: "whole" | "damaged"
  readonly ending: Ending
}

export const salvage = (
  fs: FileSystem.FileSystem,
  probes: ReadonlyArray<Probe>,
  now: number,
  error: WalCorruptionError
): Effect.Effect<Salvage, Refusal> =>
  Effect.gen(function*() {
    const parts = yield* Effect.forEach(probes, partOf)
    const segments: Array<Segment> = []
    const losses = new Losses()
    let ending: Ending = needed(0, 1, 0)
    for (const [position, part] of parts.entries()) {
      const before = segments.at(-1)
      const follower = parts.slice(position + 1).find(({ header }) => header !== undefined)
      const { header } = part
      if (header === undefined) {
        const segment = unreadable(part, before, follower, now)
        losses.unreadable(segment, before)
        segments.push(segment)
        ending = needed(segment.id, nextSequence(segment), part.probe.size)
        continue
      }
      if (before !== undefined && header.baseSequence < nextSequence(before)) {
        return yield* error
      }
      losses.between(before, header.baseSequence)
      const successor = follower?.probe.id === part.probe.id + 1 ? follower : undefined
      const readable: Readable = { ...part, header, follower, successor, isLast: position === parts.length - 1 }
      const found: Assessment = yield* assess(fs, readable, now)
      segments.push(found.segment)
      if (found.state === "damaged") {
        losses.within(found.segment)
      }
      ending = found.ending
    }
    if (ending._tag === "Decided" && ending.last._tag === "Needed") {
      losses.between(segments.at(-1), ending.last.baseSequence)
    }
    return {
      recovered: {
        segments,
        unsealed: [],
        lost: losses.all,
        highestTimestamp: highestTimestamp(parts, segments)
      },
      ending,
      damaged: losses.damaged
    }
  })

const highestTimestamp = (parts: ReadonlyArray<Part>, segments: ReadonlyArray<Segment>): number =>
  Math.max(
    0,
    ...parts.map(({ header }) => header?.previousHighestTimestamp ?? 0),
    ...segments.map((segment) => segment.highestTimestamp)
  )

const needed = (afterId: number, baseSequence: number, previousDataLength: number): Ending => ({
  _tag: "Decided",
  last: { _tag: "Needed", id: afterId + 1, baseSequence, previousDataLength }
})

/** The seal that closed the last segment stays; also said of segments that are not the last, where it does not count. */
const CLOSED: Ending = { _tag: "Decided", last: { _tag: "Closed" } }

/** Both ends of a segment, as far as they verify. A header that does not may be known from a whole seal. */
const partOf = (probe: Probe): Effect.Effect<Part, WalCodecError> => {
  const { header, trailer } = probe
  if (header._tag === "Foreign" || header._tag === "Unknown") {
    return Effect.fail(new WalCodecError({ reason: "UnknownFormat", description: header.what, path: probe.path }))
  }
  if (trailer._tag === "Unknown") {
    return Effect.fail(new WalCodecError({ reason: "UnknownFormat", description: trailer.what, path: probe.path }))
  }
  const seal = trailer._tag === "Trailer" && trailer.trailer.id === probe.id ? trailer.trailer : undefined
  if (header._tag === "Damaged") {
    const whole = seal !== undefined && isWhole(seal, probe) ? seal : undefined
    const known = whole === undefined ? undefined : headerFrom(whole)
    return Effect.succeed({ probe, header: known, isHeaderWhole: false, trailer: whole })
  }
  return Effect.succeed(
    header.header.id === probe.id
      ? { probe, header: header.header, isHeaderWhole: true, trailer: own(seal, header.header) }
      : { probe, header: undefined, isHeaderWhole: false, trailer: undefined }
  )
}

const own = (seal: SealTrailer | undefined, header: SegmentHeader): SealTrailer | undefined =>
  seal !== undefined && belongs(seal, header) ? seal : undefined

const headerFrom = (trailer: SealTrailer): SegmentHeader => ({
  id: trailer.id,
  baseSequence: trailer.baseSequence,
  createdAt: trailer.lowestTimestamp,
  salt: trailer.salt,
  previousDataLength: 0,
  previousHighestTimestamp: 0
})

/** A segment of which nothing can be read: it stands for every sequence that it may have held. */
const unreadable = (
  { probe }: Part,
  before: Segment | undefined,
  follower: Part | undefined,
  now: number
): Segment => {
  const first = before === undefined ? 1 : nextSequence(before)
  const end = follower?.header?.baseSequence ?? beyond(probe.id, before, first)
  const promisedBy = "its name, which appears only after its header was synced"
  return {
    id: toSegmentId(probe.id),
    path: probe.path,
    salt: 0,
    createdAt: follower?.header?.createdAt ?? now,
    baseSequence: first,
    lastSequence: end - 1,
    entryCount: 0,
    lost: end > first ? [lostRange(probe.id, first, end - 1, promisedBy)] : [],
    dataLength: probe.size,
    lowestTimestamp: 0,
    highestTimestamp: 0,
    sealedAt: 0,
    firstSeenAt: now,
    index: { _tag: "Growing", index: new ActiveIndex() }
  }
}

/** Beyond everything that a segment can have held, and all between it and the one `before`. */
const beyond = (id: number, before: Segment | undefined, first: number): number => {
  const unseen = before === undefined && id > 1 ? MOST_IN_MISSING_SEGMENTS : 0
  return first + (id - (before?.id ?? 0)) * MOST_IN_A_SEGMENT + unseen
}

const assess = (fs: FileSystem.FileSystem, part: Readable, now: number): Effect.Effect<Assessment, Refusal> => {
  const { follower, header, isLast, probe, successor, trailer } = part
  const next = follower?.header?.baseSequence ?? Infinity
  if (trailer !== undefined && isWhole(trailer, probe) && trailer.lastSequence < next) {
    return Effect.succeed(assessSealed(part, trailer, now))
  }
  const promised = promiseOf(part)
  if (isLast) {
    return findEnd(fs, { probe, header, promised: promised ?? NOTHING_PROMISED }, now).pipe(
      Effect.map((end): Assessment => ({ segment: end.segment, state: "whole", ending: { _tag: "Unsettled", end } })),
      Effect.catchTag("WalCorruptionError", () => assessDamaged(fs, part, promised, now))
    )
  }
  if (promised !== undefined && successor !== undefined) {
    return scanUpTo(fs, { probe, header, promised }, now).pipe(
      Effect.map(({ segment }): Assessment => ({ segment, state: "whole", ending: CLOSED })),
      Effect.catchTag("WalCorruptionError", () => assessDamaged(fs, part, promised, now))
    )
  }
  return assessDamaged(fs, part, promised, now)
}

const NOTHING_PROMISED: Promised = { offset: 0, by: "nothing", lastSequence: undefined }

/** Where the segment's frames end, if its successor's header or its own seal tells. */
const promiseOf = ({ successor, trailer }: Readable): Promised | undefined => {
  if (successor?.header !== undefined && successor.isHeaderWhole) {
    return promisedByHeader(successor.probe.path, successor.header)
  }
  return trailer === undefined ? undefined : promisedBySeal(trailer)
}

/** A whole seal is believed; what can be damaged beside it is the header, or the successor's account. */
const assessSealed = (part: Readable, trailer: SealTrailer, now: number): Assessment => {
  const { header, isHeaderWhole, isLast, probe, successor } = part
  const { segment } = trusted(probe, header, trailer, now)
  const account = successor?.isHeaderWhole === true ? successor.header : undefined
  const isTold = account === undefined || agrees(trailer, account)
  return {
    segment,
    state: isHeaderWhole && isTold ? "whole" : "damaged",
    ending: isLast ? endingBehind(segment, trailer, isHeaderWhole) : CLOSED
  }
}

const endingBehind = (segment: Segment, { kind }: SealTrailer, isHeaderWhole: boolean): Ending => {
  if (kind === "rotated") {
    return needed(segment.id, nextSequence(segment) + MOST_IN_MISSING_SEGMENTS, segment.dataLength)
  }
  return isHeaderWhole ? CLOSED : needed(segment.id, nextSequence(segment), segment.dataLength)
}

/** Walks a segment that is damaged, or whose end nobody tells, and steps over what cannot be read. */
const assessDamaged = (
  fs: FileSystem.FileSystem,
  part: Readable,
  told: Promised | undefined,
  now: number
): Effect.Effect<Assessment, Refusal> =>
  withSegmentFile(fs, part.probe.path, "r", (file) =>
    Effect.gen(function*() {
      const { header, probe } = part
      const search = yield* searchFrames(file, header.salt, SEGMENT_HEADER_LENGTH, probe.size)
      const promised = told ?? (part.isLast ? promiseOfMark(search) : promiseOfSize(probe))
      const limit = told === undefined ? probe.size : Math.min(told.offset, probe.size)
      const scan = yield* salvageSegment(file, header, limit, promised.offset)
      if (scan.end._tag === "Unknown" || search.unknown === "found") {
        return yield* unknownFormat(probe, scan)
      }
      const last = promised.lastSequence ?? lastSequenceOf(part, scan)
      const lost = lostRanges(probe, scan, last, promised.by)
      const segment: Segment = { ...segmentOf(probe, header, scan, now), lastSequence: last, lost }
      const dataLength = Math.max(promised.offset, scan.dataLength)
      return {
        segment,
        state: told === undefined && !part.isLast && isUnharmed(scan, lost) ? "whole" : "damaged",
        ending: needed(probe.id, nextSequence(segment), dataLength)
      } satisfies Assessment
    }))

/** Whether nothing is missing, as far as anything tells. */
const isUnharmed = (scan: Scan, lost: ReadonlyArray<LostRange>): boolean =>
  lost.length === 0 && scan.end._tag === "EndOfData"

const promiseOfMark = (search: Search): Promised => ({
  offset: search.claimed,
  by: `the sync mark at offset ${search.claimedBy}`,
  lastSequence: undefined
})

/** All of a segment was synced before it was followed by another. */
const promiseOfSize = ({ size }: Probe): Promised => ({
  offset: size,
  by: "the segments behind it",
  lastSequence: undefined
})

/** The last sequence that the segment can have held, as far as no header and no seal says it. */
const lastSequenceOf = ({ header, isLast, successor }: Readable, scan: Scan): number => {
  if (isLast) {
    return header.baseSequence + MOST_IN_A_SEGMENT - 1
  }
  return successor?.header === undefined ? scan.lastSequence : successor.header.baseSequence - 1
}

/** Sequences of which no place in the file is known. */
const lostRange = (id: number, first: number, last: number, promisedBy: string): LostRange => ({
  segment: toSegmentId(id),
  sequences: { first: toSequence(first), last: toSequence(last) },
  startOffset: 0,
  endOffset: 0,
  keys: [],
  promisedBy
})

/**
 * What was lost, segment by segment.
 *
 * Invariant: a damaged segment is noted once, with its losses in the order of their sequences.
 */
class Losses {
  private readonly bySegment = new Map<number, DamagedSegment>()

  /** A damaged segment, possibly with nothing lost. */
  within({ id, lost }: Segment): void {
    this.note(id, lost, "exact")
  }

  /** Where nothing readable stands before it, what it may have held is a guess. */
  unreadable({ id, lost }: Segment, before: Segment | undefined): void {
    this.note(id, lost, before === undefined ? "guessed" : "exact")
  }

  /** Everything from where a segment ends up to where the next one begins; what was before the first has expired. */
  between(before: Segment | undefined, next: number): void {
    if (before !== undefined && nextSequence(before) < next) {
      this.note(before.id, [lostRange(before.id, nextSequence(before), next - 1, "the segments around it")], "exact")
    }
  }

  private note(id: number, lost: ReadonlyArray<LostRange>, extent: DamagedSegment["extent"]): void {
    const known = this.bySegment.get(id)
    this.bySegment.set(id, { id, lost: [...known?.lost ?? [], ...lost], extent })
  }

  get all(): ReadonlyArray<LostRange> {
    return this.damaged.flatMap(({ lost }) => lost)
  }

  get damaged(): ReadonlyArray<DamagedSegment> {
    return [...this.bySegment.values()]
  }
}
