/**
 * Reads one segment that its seal does not vouch for: up to where its successor says, or to where it ends.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { WalCodecError, type WalCorruptionError, type WalIoError } from "../../WalError.js"
import type { TornTail } from "../../WalReport.js"
import { SEGMENT_HEADER_LENGTH, type SegmentHeader } from "../format/segmentHeader.js"
import type { Probe } from "../segment/probe.js"
import { scanSegment, searchFrames } from "../segment/scan.js"
import type { Segment } from "../segment/segment.js"
import { openSegmentFile, type SegmentFile, withSegmentFile } from "../segment/segmentFile.js"
import type { Scan } from "../segment/segmentScanner.js"
import { damagedAt, type Promised } from "./chain.js"
import { toSegmentId, toSequence } from "./nominal.js"
import type { LastSegment, Unsealed } from "./recovered.js"
import { keepBytes, repairEnd } from "./repair.js"
import { judgeEnd, type SegmentEnd } from "./segmentEnd.js"

export type Refusal = WalIoError | WalCodecError | WalCorruptionError

interface Judged {
  readonly probe: Probe
  readonly header: SegmentHeader
  readonly promised: Promised
}

/** Of a segment without a seal that has a successor: everything up to where the successor says, and nothing less. */
export const scanUpTo = (
  fs: FileSystem.FileSystem,
  { header, probe, promised }: Judged,
  now: number
): Effect.Effect<Unsealed, Refusal> =>
  withSegmentFile(fs, probe.path, "r", (file) =>
    Effect.flatMap(
      scanSegment(file, header, Math.min(promised.offset, probe.size)),
      (scan): Effect.Effect<Unsealed, Refusal> => {
        if (scan.end._tag === "Unknown") {
          return Effect.fail(unknownFormat(probe, scan))
        }
        const last = promised.lastSequence ?? scan.lastSequence
        return scan.dataLength === promised.offset && scan.lastSequence === last
          ? Effect.succeed({ segment: segmentOf(probe, header, scan, now), index: scan.index })
          : Effect.fail(
            damagedAt(probe, scan.validEnd, describe(scan), promised.by, { first: scan.lastSequence + 1, last })
          )
      }
    ))

const describe = (scan: Scan): string => (scan.end._tag === "EndOfData" ? "the frames end too early" : scan.end.what)

/** Where the last segment ends, before anything is done about it. */
export interface FoundEnd {
  readonly probe: Probe
  readonly scan: Scan
  readonly end: Exclude<SegmentEnd, { readonly _tag: "Damaged" }>
  readonly segment: Segment
}

/** Looks for the end of a segment that no seal vouches for. Nothing is changed. */
export const findEnd = (
  fs: FileSystem.FileSystem,
  { header, probe, promised }: Judged,
  now: number
): Effect.Effect<FoundEnd, Refusal> =>
  withSegmentFile(fs, probe.path, "r", (file) =>
    Effect.gen(function*() {
      const scan = yield* scanSegment(file, header, probe.size)
      const search = yield* searchFrames(file, header.salt, scan.validEnd, probe.size)
      if (scan.end._tag === "Unknown" || search.unknown === "found") {
        return yield* unknownFormat(probe, scan)
      }
      const end = judgeEnd(probe, scan, search, promised)
      return end._tag === "Damaged"
        ? yield* end.error
        : { probe, scan, end, segment: segmentOf(probe, header, scan, now) }
    }))

/** Makes the end that was found true on the disk, and leaves the file open for what is appended. */
export const settleEnd = (
  fs: FileSystem.FileSystem,
  directory: string,
  { end, probe, scan, segment }: FoundEnd
): Effect.Effect<{ readonly last: LastSegment; readonly tornTails: ReadonlyArray<TornTail> }, WalIoError> =>
  Effect.flatMap(openSegmentFile(fs, probe.path, "r+"), (file) =>
    Effect.gen(function*() {
      const tornTails = end._tag === "Whole" ? [] : [yield* cutTail(fs, directory, file, probe, scan, end)]
      const { claimed, dataLength, entryEnd, index } = scan
      yield* repairEnd(fs, directory, file, segment, Math.max(claimed, SEGMENT_HEADER_LENGTH), dataLength)
      const last: LastSegment = { _tag: "Open", file, index, entryEnd, claimed }
      return { last, tornTails }
    }).pipe(Effect.onError(() => file.close)))

/** Reports what is about to be cut off, and keeps it if somebody might want to look at it. */
const cutTail = (
  fs: FileSystem.FileSystem,
  directory: string,
  file: SegmentFile,
  probe: Probe,
  scan: Scan,
  end: Extract<SegmentEnd, { readonly _tag: "Torn" }>
): Effect.Effect<TornTail> =>
  Effect.gen(function*() {
    const keptAs = end.keep === "bytes"
      ? yield* keepBytes(fs, directory, file, probe.id, scan.dataLength, probe.size)
      : undefined
    const tail: TornTail = {
      segment: toSegmentId(probe.id),
      offset: scan.dataLength,
      bytes: probe.size - scan.dataLength,
      ...(end.dropped === undefined
        ? {}
        : { dropped: { first: toSequence(end.dropped.first), last: toSequence(end.dropped.last) } }),
      ...(keptAs === undefined ? {} : { keptAs })
    }
    yield* Effect.logWarning("dropped the unfinished end of a segment").pipe(
      Effect.annotateLogs({ segment: probe.path, offset: tail.offset, bytes: tail.bytes, ...tail.dropped })
    )
    return tail
  })

/** A segment as a walk over it found it. */
export const segmentOf = (
  probe: Pick<Probe, "path">,
  header: Pick<SegmentHeader, "id" | "salt" | "createdAt" | "baseSequence">,
  scan: Scan,
  now: number
): Segment => ({
  id: toSegmentId(header.id),
  path: probe.path,
  salt: header.salt,
  createdAt: header.createdAt,
  baseSequence: header.baseSequence,
  lastSequence: scan.lastSequence,
  entryCount: scan.index.entryCount,
  lost: [],
  dataLength: scan.dataLength,
  lowestTimestamp: scan.lowestTimestamp,
  highestTimestamp: scan.highestTimestamp,
  sealedAt: 0,
  firstSeenAt: now,
  index: { _tag: "Growing", index: scan.index }
})

export const unknownFormat = (probe: Probe, scan: Scan): WalCodecError =>
  new WalCodecError({
    reason: "UnknownFormat",
    description: "a frame that verifies has a type or flags that only a later version of this library knows",
    path: probe.path,
    offset: scan.validEnd
  })
