/**
 * Opens a damaged log for what can still be read of it. Nothing damaged is edited: gaps are stepped over, and reported.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { WalCodecError, type WalCorruptionError } from "../../WalError.js"
import type { LostRange } from "../../WalReport.js"
import type { SealTrailer } from "../format/sealTrailer.js"
import type { SegmentHeader } from "../format/segmentHeader.js"
import type { Probe } from "../segment/probe.js"
import { salvageSegment, searchFrames } from "../segment/scan.js"
import { nextSequence, type Segment } from "../segment/segment.js"
import { withSegmentFile } from "../segment/segmentFile.js"
import type { Scan } from "../segment/segmentScanner.js"
import { findEnd, type Refusal, segmentOf, unknownFormat } from "./assess.js"
import { belongs, isWhole, trusted } from "./chain.js"
import { toSegmentId, toSequence } from "./nominal.js"
import type { LastSegment, Recovered } from "./recovered.js"
import type { DamagedSegment } from "./salvageRecord.js"

/** More entries than one segment can have held: it is at most 2 GiB and a little, and an entry takes 56 bytes. */
const MOST_IN_A_SEGMENT = 2 ** 27
/** More than all the segments can have held that are missing at the end. */
const MOST_IN_MISSING_SEGMENTS = 2 ** 40

export interface Salvage {
  readonly recovered: Recovered
  readonly damaged: ReadonlyArray<DamagedSegment>
}

/** A segment as far as its ends can be made out; one without a header cannot be read at all. */
interface Part {
  readonly probe: Probe
  readonly header: SegmentHeader | undefined
  readonly isHeaderWhole: boolean
  readonly trailer: SealTrailer | undefined
}

interface Assessment {
  readonly segment: Segment
  readonly lost: ReadonlyArray<LostRange>
  readonly last: LastSegment
  readonly state: "whole" | "damaged"
}

export const salvage = (
  fs: FileSystem.FileSystem,
  directory: string,
  probes: ReadonlyArray<Probe>,
  now: number,
  error: WalCorruptionError
): Effect.Effect<Salvage, Refusal> =>
  Effect.gen(function*() {
    const parts = yield* Effect.forEach(probes, partOf)
    const segments: Array<Segment> = []
    const losses = new Losses()
    let unread: Part | undefined = undefined
    let last: LastSegment = needed(0, 1, 0)
    for (const [index, part] of parts.entries()) {
      const before = segments.at(-1)
      const { header } = part
      if (header === undefined) {
        unread ??= part
        losses.note(part.probe.id)
        last = needed(part.probe.id, nextBase(before) + MOST_IN_A_SEGMENT * (index + 1), part.probe.size)
        continue
      }
      if (before !== undefined && header.baseSequence < nextSequence(before)) {
        return yield* error
      }
      losses.between(before, unread?.probe.id, header.baseSequence)
      const found: Assessment = yield* assess(fs, directory, part, header, parts[index + 1], now)
      segments.push(found.segment)
      losses.take(found)
      unread = undefined
      last = found.last
    }
    if (last._tag === "Needed") {
      losses.between(segments.at(-1), unread?.probe.id, last.baseSequence)
    }
    return {
      recovered: {
        segments,
        last,
        unsealed: [],
        tornTails: [],
        lost: losses.all,
        highestTimestamp: Math.max(0, ...segments.map((segment) => segment.highestTimestamp))
      },
      damaged: losses.damaged
    }
  })

const nextBase = (before: Segment | undefined): number => (before === undefined ? 1 : nextSequence(before))

const needed = (afterId: number, baseSequence: number, previousDataLength: number): LastSegment => ({
  _tag: "Needed",
  id: afterId + 1,
  baseSequence,
  previousDataLength
})

/** Both ends of a segment, as far as they verify. A header that does not may be known from the trailer. */
const partOf = (probe: Probe): Effect.Effect<Part, WalCodecError> => {
  const { header, trailer } = probe
  const sealed = trailer._tag === "Trailer" && trailer.trailer.id === probe.id ? trailer.trailer : undefined
  switch (header._tag) {
    case "Foreign":
    case "Unknown":
      return Effect.fail(new WalCodecError({ reason: "UnknownFormat", description: header.what, path: probe.path }))
    case "Header":
      if (header.header.id === probe.id) {
        const trailer = sealed !== undefined && belongs(sealed, header.header) ? sealed : undefined
        return Effect.succeed({ probe, header: header.header, isHeaderWhole: true, trailer })
      }
      return Effect.succeed({ probe, header: undefined, isHeaderWhole: false, trailer: undefined })
    case "Damaged":
      return Effect.succeed({
        probe,
        header: sealed === undefined ? undefined : headerFrom(sealed),
        isHeaderWhole: false,
        trailer: sealed
      })
  }
}

const headerFrom = (trailer: SealTrailer): SegmentHeader => ({
  id: trailer.id,
  baseSequence: trailer.baseSequence,
  createdAt: trailer.lowestTimestamp,
  salt: trailer.salt,
  previousDataLength: 0,
  previousHighestTimestamp: 0
})

const assess = (
  fs: FileSystem.FileSystem,
  directory: string,
  part: Part,
  header: SegmentHeader,
  successor: Part | undefined,
  now: number
): Effect.Effect<Assessment, Refusal> => {
  const { probe, trailer } = part
  const told = successor?.isHeaderWhole === true ? successor.header : undefined
  if (
    trailer !== undefined && isWhole(trailer, probe) &&
    (told === undefined || told.previousDataLength <= trailer.dataLength)
  ) {
    return Effect.succeed(assessSealed(part, header, trailer, successor, now))
  }
  if (successor === undefined) {
    return findEnd(
      fs,
      directory,
      { probe, header, promised: { offset: trailer?.dataLength ?? 0, by: "its seal" } },
      now
    )
      .pipe(
        Effect.map((found): Assessment => ({ ...found, lost: [], state: "whole" })),
        Effect.catchTag("WalCorruptionError", () => assessDamaged(fs, part, header, undefined, now))
      )
  }
  return assessDamaged(fs, part, header, told, now)
}

const assessSealed = (
  part: Part,
  header: SegmentHeader,
  trailer: SealTrailer,
  successor: Part | undefined,
  now: number
): Assessment => {
  const { segment } = trusted(part.probe, header, trailer, now)
  const isLast = successor === undefined && trailer.kind === "rotated"
  return {
    segment,
    lost: [],
    state: part.isHeaderWhole ? "whole" : "damaged",
    last: isLast
      ? needed(segment.id, nextSequence(segment) + MOST_IN_MISSING_SEGMENTS, segment.dataLength)
      : { _tag: "Closed" }
  }
}

const assessDamaged = (
  fs: FileSystem.FileSystem,
  { probe }: Part,
  header: SegmentHeader,
  successor: SegmentHeader | undefined,
  now: number
): Effect.Effect<Assessment, Refusal> =>
  withSegmentFile(fs, probe.path, "r", (file) =>
    Effect.gen(function*() {
      const search = yield* searchFrames(file, header.salt, 0, probe.size)
      const promised = successor?.previousDataLength ??
        Math.max(search.claimed, probe.trailer._tag === "Trailer" ? probe.trailer.trailer.dataLength : 0)
      const scan = yield* salvageSegment(
        file,
        header,
        Math.min(successor?.previousDataLength ?? probe.size, probe.size),
        promised
      )
      if (scan.end._tag === "Unknown") {
        return yield* unknownFormat(probe, scan)
      }
      const end = successor?.baseSequence ?? header.baseSequence + MOST_IN_A_SEGMENT
      const lost = lostRanges(probe, scan, end - 1, Math.min(promised, probe.size))
      const whole = segmentOf(probe, header, scan, now, lost)
      const segment: Segment = { ...whole, lastSequence: end - 1 }
      const isWhole = lost.length === 0
      return {
        segment,
        lost,
        state: isWhole ? "whole" : "damaged",
        last: needed(probe.id, end, Math.max(promised, scan.dataLength))
      } satisfies Assessment
    }))

/** The gaps of the walk, and what is missing between its end and the next segment's first sequence. */
const lostRanges = (probe: Probe, scan: Scan, last: number, endOffset: number): ReadonlyArray<LostRange> => {
  const tail = scan.lastSequence < last
    ? [{ first: scan.lastSequence + 1, last, startOffset: scan.dataLength, endOffset, keys: [] }]
    : []
  return [...scan.gaps, ...tail].map((gap): LostRange => ({
    segment: toSegmentId(probe.id),
    sequences: { first: toSequence(gap.first), last: toSequence(gap.last) },
    startOffset: gap.startOffset,
    endOffset: gap.endOffset,
    keys: gap.keys,
    promisedBy: "a sync mark, a seal, or the next segment's header"
  }))
}

/**
 * What was lost, segment by segment.
 *
 * Invariant: a damaged segment is noted once, with its losses in the order of their sequences.
 */
class Losses {
  private readonly bySegment = new Map<number, Array<LostRange>>()

  note(id: number): Array<LostRange> {
    const known = this.bySegment.get(id) ?? []
    this.bySegment.set(id, known)
    return known
  }

  /** Everything from where the last readable segment ends up to where the next one begins. */
  between(before: Segment | undefined, id: number | undefined, next: number): void {
    const first = nextBase(before)
    if (before === undefined && id === undefined || first >= next) {
      return
    }
    const segment = id ?? before?.id ?? 1
    this.note(segment).push({
      segment: toSegmentId(segment),
      sequences: { first: toSequence(first), last: toSequence(next - 1) },
      startOffset: 0,
      endOffset: 0,
      keys: [],
      promisedBy: "the segments before and behind it"
    })
  }

  take(found: Assessment): void {
    if (found.state === "damaged") {
      this.note(found.segment.id).push(...found.lost)
    }
  }

  get all(): ReadonlyArray<LostRange> {
    return [...this.bySegment.values()].flat()
  }

  get damaged(): ReadonlyArray<DamagedSegment> {
    return Array.from(this.bySegment, ([id, lost]) => ({ id, lost }))
  }
}
