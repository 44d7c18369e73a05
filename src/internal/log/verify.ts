/**
 * Reads all of a log and says what is there, without changing anything.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { WalIoError } from "../../WalError.js"
import type { LostRange, SegmentFinding } from "../../WalReport.js"
import { segmentFileName } from "../format/fileName.js"
import { openSealIndex } from "../format/sealIndex.js"
import type { SealTrailer } from "../format/sealTrailer.js"
import type { SegmentHeader } from "../format/segmentHeader.js"
import { type Probe, probeSegment } from "../segment/probe.js"
import { readBlock, salvageSegment, searchFrames } from "../segment/scan.js"
import { type SegmentFile, withSegmentFile } from "../segment/segmentFile.js"
import type { Scan } from "../segment/segmentScanner.js"
import { belongs, isWhole } from "./chain.js"
import { listFiles } from "./listing.js"
import { lostRanges } from "./lostRanges.js"
import { toSegmentId, toSequence } from "./nominal.js"

export const verify = (directory: string): Stream.Stream<SegmentFinding, WalIoError, FileSystem.FileSystem> =>
  Stream.unwrap(
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { ids } = yield* listFiles(fs, directory)
      return Stream.mapEffect(Stream.fromIterable(everyId(ids)), (id) => verifySegment(fs, directory, id, ids)).pipe(
        Stream.flattenIterables
      )
    })
  )

/** The missing ones between the first and the last included. */
const everyId = (ids: ReadonlyArray<number>): ReadonlyArray<number> => {
  const [first] = ids
  const last = ids.at(-1)
  return first === undefined || last === undefined
    ? []
    : Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

const verifySegment = (
  fs: FileSystem.FileSystem,
  directory: string,
  id: number,
  ids: ReadonlyArray<number>
): Effect.Effect<ReadonlyArray<SegmentFinding>, WalIoError> => {
  const path = `${directory}/${segmentFileName(id)}`
  if (!ids.includes(id)) {
    return Effect.succeed([{ ...nothingOf(id, path, 0), condition: "missing", description: "the file is not there" }])
  }
  return Effect.gen(function*() {
    const probe = yield* probeSegment(fs, path, id)
    const successor = ids.includes(id + 1)
      ? yield* probeSegment(fs, `${directory}/${segmentFileName(id + 1)}`, id + 1)
      : undefined
    return [yield* verifyProbed(fs, probe, successor)]
  }).pipe(
    // Retention may take a segment of a log in use at any time.
    Effect.catchIf((error) => error.reason === "NotFound", () => Effect.succeed([]))
  )
}

const nothingOf = (id: number, path: string, fileBytes: number) => ({
  segment: toSegmentId(id),
  path,
  fileBytes,
  dataLength: 0,
  entries: 0,
  firstSequence: toSequence(0),
  lastSequence: toSequence(0),
  promised: 0,
  promisedBy: "nothing",
  seal: "none" as const,
  index: "none" as const,
  lost: []
})

const verifyProbed = (
  fs: FileSystem.FileSystem,
  probe: Probe,
  successor: Probe | undefined
): Effect.Effect<SegmentFinding, WalIoError> => {
  const { header } = probe
  if (header._tag !== "Header" || header.header.id !== probe.id) {
    const description = header._tag === "Header" ? `its header is that of segment ${header.header.id}` : header.what
    return Effect.succeed({ ...nothingOf(probe.id, probe.path, probe.size), condition: "unreadable", description })
  }
  const next = successor?.header._tag === "Header" ? successor.header.header : undefined
  return withSegmentFile(fs, probe.path, "r", (file) => verifyFrames(file, probe, header.header, next))
}

const verifyFrames = (
  file: SegmentFile,
  probe: Probe,
  header: SegmentHeader,
  successor: SegmentHeader | undefined
): Effect.Effect<SegmentFinding, WalIoError> =>
  Effect.gen(function*() {
    const { trailer: decoded } = probe
    const trailer = decoded._tag === "Trailer" && belongs(decoded.trailer, header) ? decoded.trailer : undefined
    const sealed = trailer !== undefined && isWhole(trailer, probe) ? trailer : undefined
    const limit = Math.min(probe.size, sealed?.dataLength ?? successor?.previousDataLength ?? probe.size)
    const search = yield* searchFrames(file, header.salt, 0, limit)
    const promised = strongest([
      { offset: search.claimed, by: `the sync mark at offset ${search.claimedBy}` },
      { offset: trailer?.dataLength ?? 0, by: "its seal" },
      { offset: successor?.previousDataLength ?? 0, by: "its successor's header" }
    ])
    const scan = yield* salvageSegment(file, header, limit, promised.offset)
    const end = trailer?.lastSequence ?? (successor === undefined ? scan.lastSequence : successor.baseSequence - 1)
    const lost = lostRanges(probe, scan, end, promised.by)
    return {
      segment: toSegmentId(probe.id),
      path: probe.path,
      ...judge(scan, promised, lost, probe.size),
      fileBytes: probe.size,
      dataLength: scan.dataLength,
      entries: scan.index.entryCount,
      firstSequence: toSequence(header.baseSequence),
      lastSequence: toSequence(scan.lastSequence),
      promised: promised.offset,
      promisedBy: promised.by,
      seal: trailer?.kind ?? "none",
      index: sealed === undefined ? "none" : yield* verifyIndex(file, sealed),
      lost
    }
  })

/** Everything before `offset` was promised to be on disk. */
interface Claim {
  readonly offset: number
  readonly by: string
}

const strongest = (promises: ReadonlyArray<Claim>): Claim =>
  promises.reduce((best, candidate) => (candidate.offset > best.offset ? candidate : best), NO_PROMISE)

const NO_PROMISE: Claim = { offset: 0, by: "nothing" }

const judge = (
  scan: Scan,
  promised: Claim,
  lost: ReadonlyArray<LostRange>,
  fileBytes: number
): Pick<SegmentFinding, "condition" | "description"> => {
  if (lost.length > 0 || scan.dataLength < promised.offset) {
    const ranges = lost.map(({ sequences }) => `${sequences.first} to ${sequences.last}`).join(", ")
    const what = lost.length > 0 ? `the sequences ${ranges} are lost` : "no entry is lost"
    return { condition: "damaged", description: `promised by ${promised.by} and not there: ${what}` }
  }
  return scan.end._tag === "EndOfData" && scan.validEnd === scan.dataLength
    ? { condition: "whole", description: `${scan.index.entryCount} entries, as promised` }
    : {
      condition: "unfinished",
      description: `${scan.index.entryCount} entries, and ${fileBytes - scan.dataLength} bytes that were never promised`
    }
}

const verifyIndex = (file: SegmentFile, trailer: SealTrailer): Effect.Effect<SegmentFinding["index"], WalIoError> =>
  Effect.map(
    readBlock(file, trailer.dataLength, trailer.indexLength),
    (bytes) => openSealIndex(bytes, trailer.indexTableChecksum, trailer)._tag === "ok" ? "whole" : "damaged"
  )
