/**
 * The last 128 bytes of a sealed segment: what it holds, so that one read opens it.
 */
import { hasAscii, readU16, readU32, readU64, UNSAFE, writeAscii, writeU16, writeU32, writeU64 } from "./bytes.js"
import { crc32 } from "./crc32.js"
import { FORMAT_VERSION } from "./segmentHeader.js"

export const SEAL_TRAILER_LENGTH = 128

const MAGIC = "NANOSEAL"
const CHECKSUM_AT = 124
const ROTATED = 1

/** Rotated: a successor exists. Closed: it was the last one, and may be reopened. */
export type SealKind = "rotated" | "closed"

export interface SealTrailer {
  readonly kind: SealKind
  readonly id: number
  readonly baseSequence: number
  /** `baseSequence - 1` when the segment is empty. */
  readonly lastSequence: number
  readonly lowestTimestamp: number
  readonly highestTimestamp: number
  readonly sealedAt: number
  /** Where the frames end and the index begins. */
  readonly dataLength: number
  readonly indexLength: number
  readonly entryCount: number
  readonly salt: number
  readonly indexTableChecksum: number
}

export type DecodedTrailer =
  | { readonly _tag: "Trailer"; readonly trailer: SealTrailer }
  | { readonly _tag: "Unknown"; readonly what: string; readonly id: number; readonly salt: number }
  /** No seal, or a damaged one: the segment is scanned. */
  | { readonly _tag: "None" }

export const encodeSealTrailer = (trailer: SealTrailer): Uint8Array => {
  const bytes = new Uint8Array(SEAL_TRAILER_LENGTH)
  writeAscii(bytes, 0, MAGIC)
  writeU16(bytes, 8, FORMAT_VERSION)
  writeU16(bytes, 10, SEAL_TRAILER_LENGTH)
  writeU32(bytes, 12, trailer.kind === "rotated" ? ROTATED : 0)
  writeU64(bytes, 16, trailer.id)
  writeU64(bytes, 24, trailer.baseSequence)
  writeU64(bytes, 32, trailer.lastSequence)
  writeU64(bytes, 40, trailer.lowestTimestamp)
  writeU64(bytes, 48, trailer.highestTimestamp)
  writeU64(bytes, 56, trailer.sealedAt)
  writeU64(bytes, 64, trailer.dataLength)
  writeU64(bytes, 72, trailer.indexLength)
  writeU32(bytes, 80, trailer.entryCount)
  writeU32(bytes, 84, trailer.salt)
  writeU32(bytes, 120, trailer.indexTableChecksum)
  writeU32(bytes, CHECKSUM_AT, crc32(bytes, 0, CHECKSUM_AT, 0))
  return bytes
}

/** Decodes the last 128 bytes of a file. */
export const decodeSealTrailer = (bytes: Uint8Array): DecodedTrailer => {
  if (
    bytes.length !== SEAL_TRAILER_LENGTH
    || !hasAscii(bytes, 0, MAGIC)
    || readU32(bytes, CHECKSUM_AT) !== crc32(bytes, 0, CHECKSUM_AT, 0)
  ) {
    return { _tag: "None" }
  }
  const version = readU16(bytes, 8)
  const flags = readU32(bytes, 12)
  const length = readU16(bytes, 10)
  if (version !== FORMAT_VERSION || length !== SEAL_TRAILER_LENGTH || flags > ROTATED) {
    const what = `the seal has format version ${version}, length ${length} and flags ${flags}`
    return { _tag: "Unknown", what, id: readU64(bytes, 16), salt: readU32(bytes, 84) }
  }
  const trailer: SealTrailer = {
    kind: flags === ROTATED ? "rotated" : "closed",
    id: readU64(bytes, 16),
    baseSequence: readU64(bytes, 24),
    lastSequence: readU64(bytes, 32),
    lowestTimestamp: readU64(bytes, 40),
    highestTimestamp: readU64(bytes, 48),
    sealedAt: readU64(bytes, 56),
    dataLength: readU64(bytes, 64),
    indexLength: readU64(bytes, 72),
    entryCount: readU32(bytes, 80),
    salt: readU32(bytes, 84),
    indexTableChecksum: readU32(bytes, 120)
  }
  return isInRange(trailer) ? { _tag: "Trailer", trailer } : { _tag: "None" }
}

const isInRange = (trailer: SealTrailer): boolean =>
  trailer.id !== UNSAFE && trailer.id > 0
  && trailer.baseSequence !== UNSAFE && trailer.baseSequence > 0
  && trailer.lastSequence === trailer.baseSequence + trailer.entryCount - 1
  && trailer.lowestTimestamp !== UNSAFE
  && trailer.highestTimestamp !== UNSAFE
  && trailer.sealedAt !== UNSAFE
  && trailer.dataLength !== UNSAFE
  && trailer.indexLength !== UNSAFE
