/**
 * A log that another process writes, as its files show it: looked at again for each read, never written, without the lock.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { WalCodecError, WalCorruptionError, WalIoError } from "../../WalError.js"
import { segmentFileName } from "../format/fileName.js"
import { SEGMENT_HEADER_LENGTH, type SegmentHeader } from "../format/segmentHeader.js"
import { ActiveIndex } from "../segment/activeIndex.js"
import { type Probe, probeSegments } from "../segment/probe.js"
import { scanOn, searchFrames } from "../segment/scan.js"
import type { Segment } from "../segment/segment.js"
import { withSegmentFile } from "../segment/segmentFile.js"
import { type Scan, SegmentScanner } from "../segment/segmentScanner.js"
import { emptySegment } from "./activeSegments.js"
import { scanUpTo, segmentOf, unknownFormat } from "./assess.js"
import { belongs, isWhole, judgeChain, type Promised, promisedBySeal } from "./chain.js"
import { listFiles } from "./listing.js"
import { judgeEnd } from "./segmentEnd.js"
import type { LogView } from "./view.js"

export type FollowError = WalIoError | WalCodecError | WalCorruptionError

/** The last segment, and the walk over it that goes on when it has grown. */
interface Tail {
  readonly probe: Probe
  readonly header: SegmentHeader
  readonly scanner: SegmentScanner
  readonly scan: Scan
  /** Where its frames end at the latest: at its seal, or with the file. */
  readonly limit: number
  /** How many looks in a row ended where no frame begins, and at the same place. */
  readonly misses: number
}

/** A write that is under way ends one look or two. After more of them what was there before has been taken back: all is read again. */
const MOST_MISSES = 3

export interface Look {
  readonly view: LogView
  /** The last sequence that a mark says is on disk. */
  readonly syncedSequence: number
}

/** While the writer goes on, one look may not join up: a segment ends, or is removed, between two calls. */
const LOOKS = 5

/**
 * Invariants: `sealed` are the segments before the last one, as they were found; they do not change. `tail` is the last one as far
 * as it was looked at.
 */
export class FollowedLog {
  private sealed: ReadonlyArray<Segment> = []
  private tail: Tail | undefined = undefined

  constructor(
    private readonly fs: FileSystem.FileSystem,
    private readonly directory: string,
    private readonly now: () => number
  ) {}

  /** What is there now. Its users run it one at a time. */
  readonly look: Effect.Effect<Look, FollowError> = Effect.suspend(() => this.lookUntil(LOOKS))

  private lookUntil(looks: number): Effect.Effect<Look, FollowError> {
    return Effect.catchIf(
      this.lookOnce(),
      (error) => looks > 1 && (error._tag === "WalCorruptionError" || isGone(error)),
      () =>
        Effect.zipRight(
          Effect.sync(() => this.forget()),
          Effect.zipRight(Effect.yieldNow(), this.lookUntil(looks - 1))
        )
    )
  }

  private forget(): void {
    this.sealed = []
    this.tail = undefined
  }

  private lookOnce(): Effect.Effect<Look, FollowError> {
    return Effect.gen(this, function*() {
      const { ids } = yield* listFiles(this.fs, this.directory)
      if (ids.length === 0) {
        this.forget()
        return emptyLook(this.directory)
      }
      const known = this.knownAmong(ids)
      const knownIds = new Set<number>(known.map(({ id }) => id))
      const probes = yield* probeSegments(
        this.fs,
        ids.filter((id) => !knownIds.has(id)).map((id) => ({ id, path: `${this.directory}/${segmentFileName(id)}` }))
      )
      if (!this.isStillThere(probes)) {
        // Another log has taken the place of the one that was followed.
        this.forget()
        return yield* this.lookOnce()
      }
      const found = yield* this.sealedAmong(probes)
      const tail = yield* this.lookAtTail(probes.at(-1))
      this.sealed = [...known, ...found]
      this.tail = tail
      return lookOf(this.sealed, tail, this.now())
    })
  }

  /** Those that were found sealed before, as long as the last one is still the log's that was followed. */
  private knownAmong(ids: ReadonlyArray<number>): ReadonlyArray<Segment> {
    const last = ids.at(-1) ?? 0
    const there = new Set(ids)
    const { tail } = this
    return tail === undefined || last < tail.probe.id
      ? []
      : this.sealed.filter(({ id }) => there.has(id))
  }

  /** Salts are random: a segment with the same number and another salt is another log's. */
  private isStillThere(probes: ReadonlyArray<Probe>): boolean {
    const { tail } = this
    const header = probes.find(({ id }) => id === tail?.probe.id)?.header
    return tail === undefined || header?._tag !== "Header" || header.header.salt === tail.header.salt
  }

  private sealedAmong(probes: ReadonlyArray<Probe>): Effect.Effect<ReadonlyArray<Segment>, FollowError> {
    return Effect.gen(this, function*() {
      const verdicts = yield* judgeChain(probes, this.now())
      return yield* Effect.forEach(verdicts.slice(0, -1), (verdict) => {
        switch (verdict._tag) {
          case "Trusted":
            return Effect.succeed(verdict.segment)
          case "ScanUpTo":
            return Effect.map(scanUpTo(this.fs, verdict, this.now()), ({ segment }) => segment)
          case "FindEnd":
            return Effect.dieMessage("only the last segment's end has to be found")
        }
      })
    })
  }

  private lookAtTail(probe: Probe | undefined): Effect.Effect<Tail, FollowError> {
    if (probe === undefined || probe.header._tag !== "Header") {
      return Effect.dieMessage("a segment that was judged has a header")
    }
    const { header } = probe.header
    const limit = endOf(probe, header)
    const before = this.tailBefore(header, limit)
    return before !== undefined && before.limit === limit && before.scan.validEnd === limit
      ? Effect.succeed({ ...before, probe })
      : this.walk(probe, header, limit, before)
  }

  /** What was known of this very segment, as long as it only grows. */
  private tailBefore(header: SegmentHeader, limit: number): Tail | undefined {
    const { tail } = this
    return tail !== undefined && tail.header.id === header.id && tail.header.salt === header.salt
        && limit >= tail.scan.validEnd && tail.misses < MOST_MISSES
      ? tail
      : undefined
  }

  private walk(
    probe: Probe,
    header: SegmentHeader,
    limit: number,
    before: Tail | undefined
  ): Effect.Effect<Tail, FollowError> {
    const scanner = before?.scanner ?? new SegmentScanner(header, SEGMENT_HEADER_LENGTH)
    return withSegmentFile(this.fs, probe.path, "r", (file) =>
      Effect.gen(function*() {
        const scan = yield* scanOn(file, scanner, limit)
        if (scan.end._tag === "Unknown") {
          return yield* unknownFormat(probe, scan)
        }
        if (scan.end._tag === "EndOfData") {
          return { probe, header, scanner, scan, limit, misses: 0 }
        }
        const search = yield* searchFrames(file, header.salt, scan.validEnd, limit)
        const end = judgeEnd(probe, scan, search, promisedIn(probe, header))
        if (end._tag === "Damaged") {
          return yield* end.error
        }
        const isSame = before?.scan.validEnd === scan.validEnd
        return { probe, header, scanner, scan, limit, misses: isSame ? before.misses + 1 : 1 }
      }))
  }
}

const endOf = (probe: Probe, header: SegmentHeader): number =>
  probe.trailer._tag === "Trailer" && belongs(probe.trailer.trailer, header) && isWhole(probe.trailer.trailer, probe)
    ? probe.trailer.trailer.dataLength
    : probe.size

const isGone = (error: FollowError): boolean => error._tag === "WalIoError" && error.reason === "NotFound"

/** What the segment's own seal promises, if it has one. */
const promisedIn = ({ trailer }: Probe, header: SegmentHeader): Promised =>
  trailer._tag === "Trailer" && belongs(trailer.trailer, header)
    ? promisedBySeal(trailer.trailer)
    : { offset: SEGMENT_HEADER_LENGTH, by: "its name", lastSequence: undefined }

/** A reader shows whole writes only: what a write that is under way has brought so far may be taken back. */
const lookOf = (sealed: ReadonlyArray<Segment>, { header, probe, scan, scanner }: Tail, now: number): Look => {
  const { dataLength, highestTimestamp, lastSequence } = scanner.wholeWrites
  const active: Segment = {
    ...segmentOf(probe, header, scan, now),
    dataLength,
    highestTimestamp,
    lastSequence,
    entryCount: lastSequence - header.baseSequence + 1
  }
  return { view: { sealed, active }, syncedSequence: header.baseSequence + entriesBefore(scan) - 1 }
}

/** How many entries lie before what the last mark claims: found by halves, as their offsets ascend. */
const entriesBefore = ({ claimed, index }: Scan): number => {
  let low = 0
  let high = index.entryCount
  while (low < high) {
    const middle = (low + high) >>> 1
    if (index.offsetAt(middle) < claimed) {
      low = middle + 1
    } else {
      high = middle
    }
  }
  return low
}

const emptyLook = (directory: string): Look => {
  const header: SegmentHeader = {
    id: 1,
    baseSequence: 1,
    createdAt: 0,
    salt: 0,
    previousDataLength: 0,
    previousHighestTimestamp: 0
  }
  const path = `${directory}/${segmentFileName(header.id)}`
  return { view: { sealed: [], active: emptySegment(header, path, new ActiveIndex()) }, syncedSequence: 0 }
}
