/**
 * Looks at both ends of a segment's file: its header, and its seal if it has one.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import { type DecodedTrailer, decodeSealTrailer, SEAL_TRAILER_LENGTH } from "../format/sealTrailer.js"
import { type DecodedHeader, decodeSegmentHeader, SEGMENT_HEADER_LENGTH } from "../format/segmentHeader.js"
import { readBlock } from "./scan.js"
import { type SegmentFile, withSegmentFile } from "./segmentFile.js"

export interface Probe {
  /** As the file's name says. */
  readonly id: number
  readonly path: string
  readonly size: number
  readonly header: DecodedHeader
  readonly trailer: DecodedTrailer
}

export const probeSegment = (fs: FileSystem.FileSystem, path: string, id: number): Effect.Effect<Probe, WalIoError> =>
  withSegmentFile(fs, path, "r", (file) => Effect.flatMap(file.size, (size) => probeFile(file, id, size)))

const probeFile = (file: SegmentFile, id: number, size: number): Effect.Effect<Probe, WalIoError> => {
  const head = readBlock(file, 0, Math.min(size, SEGMENT_HEADER_LENGTH))
  const tail = readBlock(file, Math.max(0, size - SEAL_TRAILER_LENGTH), Math.min(size, SEAL_TRAILER_LENGTH))
  return Effect.zipWith(head, tail, (head, tail) => ({
    id,
    path: file.path,
    size,
    header: decodeSegmentHeader(head),
    trailer: decodeSealTrailer(tail)
  }))
}
