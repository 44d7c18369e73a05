/**
 * The first 128 bytes of a segment: which one it is, where its sequences begin, and its account of its predecessor.
 */
import {
  hasAscii,
  isZero,
  readU16,
  readU32,
  readU64,
  UNSAFE,
  writeAscii,
  writeU16,
  writeU32,
  writeU64
} from "./bytes.js"
import { crc32 } from "./crc32.js"

export const SEGMENT_HEADER_LENGTH = 128
export const FORMAT_VERSION = 1

const MAGIC = "NANO-WAL"
const CHECKSUM_AT = 124

export interface SegmentHeader {
  readonly id: number
  readonly baseSequence: number
  readonly createdAt: number
  /** Seeds the checksums of the segment's frames, so that bytes of another file never verify. */
  readonly salt: number
  /** Where the predecessor's frames end, 0 where there is none. */
  readonly previousDataLength: number
  readonly previousHighestTimestamp: number
}

export type DecodedHeader =
  | { readonly _tag: "Header"; readonly header: SegmentHeader }
  /** Not a segment at all. */
  | { readonly _tag: "Foreign"; readonly what: string }
  /** A segment, whole, but of a later version. */
  | { readonly _tag: "Unknown"; readonly what: string }
  | { readonly _tag: "Damaged"; readonly what: string }

export const encodeSegmentHeader = (header: SegmentHeader): Uint8Array => {
  const bytes = new Uint8Array(SEGMENT_HEADER_LENGTH)
  writeAscii(bytes, 0, MAGIC)
  writeU16(bytes, 8, FORMAT_VERSION)
  writeU16(bytes, 10, SEGMENT_HEADER_LENGTH)
  writeU64(bytes, 16, header.id)
  writeU64(bytes, 24, header.baseSequence)
  writeU64(bytes, 32, header.createdAt)
  writeU32(bytes, 40, header.salt)
  writeU64(bytes, 48, header.previousDataLength)
  writeU64(bytes, 56, header.previousHighestTimestamp)
  writeU32(bytes, CHECKSUM_AT, crc32(bytes, 0, CHECKSUM_AT, 0))
  return bytes
}

export const decodeSegmentHeader = (bytes: Uint8Array): DecodedHeader => {
  if (bytes.length < SEGMENT_HEADER_LENGTH) {
    return { _tag: "Damaged", what: `a header has ${SEGMENT_HEADER_LENGTH} bytes, the file ${bytes.length}` }
  }
  if (!hasAscii(bytes, 0, MAGIC)) {
    return isDamagedMagic(bytes)
      ? { _tag: "Damaged", what: "the header's magic is damaged" }
      : { _tag: "Foreign", what: `the file does not begin with ${MAGIC}` }
  }
  if (readU32(bytes, CHECKSUM_AT) !== crc32(bytes, 0, CHECKSUM_AT, 0)) {
    return { _tag: "Damaged", what: "the header's checksum does not match" }
  }
  return decodeVerified(bytes)
}

/** A header that verifies once its magic is put right, or a file of zeros, was a segment once. */
const isDamagedMagic = (bytes: Uint8Array): boolean => {
  const mended = bytes.slice(0, SEGMENT_HEADER_LENGTH)
  writeAscii(mended, 0, MAGIC)
  return readU32(mended, CHECKSUM_AT) === crc32(mended, 0, CHECKSUM_AT, 0) || isZero(bytes, 0, SEGMENT_HEADER_LENGTH)
}

const decodeVerified = (bytes: Uint8Array): DecodedHeader => {
  const version = readU16(bytes, 8)
  if (version !== FORMAT_VERSION || readU16(bytes, 10) !== SEGMENT_HEADER_LENGTH) {
    return { _tag: "Unknown", what: `the segment has format version ${version}, this library reads ${FORMAT_VERSION}` }
  }
  const flags = readU32(bytes, 12)
  if (flags !== 0) {
    return { _tag: "Unknown", what: `the segment has the flags ${flags}, this library knows none` }
  }
  const header: SegmentHeader = {
    id: readU64(bytes, 16),
    baseSequence: readU64(bytes, 24),
    createdAt: readU64(bytes, 32),
    salt: readU32(bytes, 40),
    previousDataLength: readU64(bytes, 48),
    previousHighestTimestamp: readU64(bytes, 56)
  }
  return isInRange(header)
    ? { _tag: "Header", header }
    : { _tag: "Damaged", what: "the header holds a number above 2^53 - 1" }
}

const isInRange = (header: SegmentHeader): boolean =>
  header.id !== UNSAFE && header.id > 0
  && header.baseSequence !== UNSAFE && header.baseSequence > 0
  && header.createdAt !== UNSAFE
  && header.previousDataLength !== UNSAFE
  && header.previousHighestTimestamp !== UNSAFE
