/**
 * Looks at both ends of a segment's file: its header, and its seal if it has one.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import { type DecodedTrailer, decodeSealTrailer, SEAL_TRAILER_LENGTH } from "../format/sealTrailer.js"
import { type DecodedHeader, decodeSegmentHeader, SEGMENT_HEADER_LENGTH } from "../format/segmentHeader.js"
import { type DirectNames, directNamesOf, type OpenNow } from "./directNames.js"
import { toIoError } from "./ioError.js"
import { readBlock } from "./scan.js"
import { readFullyNow, type SegmentFile, withSegmentFile } from "./segmentFile.js"
import { CALL } from "./turn.js"

export interface Probe {
  /** As the file's name says. */
  readonly id: number
  readonly path: string
  readonly size: number
  readonly header: DecodedHeader
  readonly trailer: DecodedTrailer
}

export const probeSegment = (fs: FileSystem.FileSystem, path: string, id: number): Effect.Effect<Probe, WalIoError> => {
  const names = directNamesOf(fs)
  return names === undefined
    ? withSegmentFile(fs, path, "r", (file) => Effect.flatMap(file.size, (size) => probeFile(file, id, size)))
    : names.turn.during(() => {
      const probe = probeNow(names, path, id)
      return "_tag" in probe ? Effect.fail(probe) : Effect.succeed(probe)
    })
}

/** Looks at many, one after the other where that is done at once, and else several at the same time. */
export const probeSegments = (
  fs: FileSystem.FileSystem,
  segments: ReadonlyArray<Pick<Probe, "id" | "path">>
): Effect.Effect<Array<Probe>, WalIoError> =>
  Effect.forEach(segments, ({ id, path }) => probeSegment(fs, path, id), {
    concurrency: directNamesOf(fs) === undefined && segments.length > FEW ? PROBES_AT_ONCE : 1
  })

/** Of a few segments, the fibers that probing them at once takes cost more than they save. */
const PROBES_AT_ONCE = 16
const FEW = 4

const probeFile = (file: SegmentFile, id: number, size: number): Effect.Effect<Probe, WalIoError> => {
  const head = readBlock(file, 0, Math.min(size, SEGMENT_HEADER_LENGTH))
  const tail = readBlock(file, Math.max(0, size - SEAL_TRAILER_LENGTH), Math.min(size, SEAL_TRAILER_LENGTH))
  return Effect.zipWith(head, tail, (head, tail) => probeOf(id, file.path, size, head, tail))
}

const probeNow = (names: DirectNames, path: string, id: number): Probe | WalIoError => {
  // Opening, asking how long it is, closing.
  names.turn.count(2 * CALL)
  const file = names.openNow(path)
  if ("_tag" in file) {
    return toIoError("open", path)(file)
  }
  try {
    const size = file.sizeNow()
    return typeof size === "number" ? probeOpenNow(file, path, id, size) : toIoError("stat", path)(size)
  } finally {
    file.closeNow()
  }
}

const probeOpenNow = (file: OpenNow, path: string, id: number, size: number): Probe | WalIoError => {
  const readAt = readFullyNow(file, path)
  const ends = new Uint8Array(SEGMENT_HEADER_LENGTH + SEAL_TRAILER_LENGTH)
  const head = readAt(ends, 0, Math.min(size, SEGMENT_HEADER_LENGTH), 0)
  if (typeof head !== "number") {
    return head
  }
  const wanted = Math.min(size, SEAL_TRAILER_LENGTH)
  const tail = readAt(ends, SEGMENT_HEADER_LENGTH, wanted, size - wanted)
  return typeof tail === "number"
    ? probeOf(
      id,
      path,
      size,
      ends.subarray(0, head),
      ends.subarray(SEGMENT_HEADER_LENGTH, SEGMENT_HEADER_LENGTH + tail)
    )
    : tail
}

const probeOf = (id: number, path: string, size: number, head: Uint8Array, tail: Uint8Array): Probe => ({
  id,
  path,
  size,
  header: decodeSegmentHeader(head),
  trailer: decodeSealTrailer(tail)
})
