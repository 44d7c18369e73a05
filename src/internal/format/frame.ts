/**
 * A frame's 24 bytes of header: type, flags, lengths, sequence, and the checksums that make it verify.
 */
import { align, readU16, readU32, readU64, writeU16, writeU32, writeU64 } from "./bytes.js"
import { crc32 } from "./crc32.js"

export const FRAME_HEADER_LENGTH = 24

export const ENTRY = 1
export const SYNC_MARK = 2

/** More of this batch follows. */
export const FLAG_MORE = 1
/** The last frame of its write. */
export const FLAG_LAST_OF_WRITE = 2

export const KNOWN_FLAGS = FLAG_MORE | FLAG_LAST_OF_WRITE

export const HEADER_CHECKSUM_AT = 0
export const BODY_CHECKSUM_AT = 4
export const BODY_LENGTH_AT = 8
export const TYPE_AT = 12
export const FLAGS_AT = 13
export const METADATA_LENGTH_AT = 14
export const SEQUENCE_AT = 16

/** Of a frame with a body of that many bytes, padding included. */
export const frameLength = (bodyLength: number): number => align(FRAME_HEADER_LENGTH + bodyLength)

export const headerChecksumAt = (bytes: Uint8Array, at: number): number => readU32(bytes, at + HEADER_CHECKSUM_AT)
export const bodyChecksumAt = (bytes: Uint8Array, at: number): number => readU32(bytes, at + BODY_CHECKSUM_AT)
export const bodyLengthAt = (bytes: Uint8Array, at: number): number => readU32(bytes, at + BODY_LENGTH_AT)
export const typeAt = (bytes: Uint8Array, at: number): number => bytes[at + TYPE_AT] ?? 0
export const flagsAt = (bytes: Uint8Array, at: number): number => bytes[at + FLAGS_AT] ?? 0
export const metadataLengthAt = (bytes: Uint8Array, at: number): number => readU16(bytes, at + METADATA_LENGTH_AT)
export const sequenceAt = (bytes: Uint8Array, at: number): number => readU64(bytes, at + SEQUENCE_AT)

export const headerVerifies = (bytes: Uint8Array, at: number, salt: number): boolean =>
  headerChecksumAt(bytes, at) === crc32(bytes, at + BODY_CHECKSUM_AT, at + FRAME_HEADER_LENGTH, salt)

export const bodyVerifies = (bytes: Uint8Array, at: number, bodyLength: number, salt: number): boolean =>
  bodyChecksumAt(bytes, at)
    === crc32(bytes, at + FRAME_HEADER_LENGTH, at + FRAME_HEADER_LENGTH + bodyLength, salt)

/**
 * Writes a header around a body that stands already in its place, and zeros behind it; the header's own checksum is
 * left to `sealFrame`. Returns the body's checksum.
 */
export const writeFrameHeader = (
  bytes: Uint8Array,
  at: number,
  salt: number,
  type: number,
  flags: number,
  bodyLength: number,
  metadataLength: number,
  sequence: number
): number => {
  const bodyEnd = at + FRAME_HEADER_LENGTH + bodyLength
  const checksum = crc32(bytes, at + FRAME_HEADER_LENGTH, bodyEnd, salt)
  writeU32(bytes, at + BODY_CHECKSUM_AT, checksum)
  writeU32(bytes, at + BODY_LENGTH_AT, bodyLength)
  bytes[at + TYPE_AT] = type
  bytes[at + FLAGS_AT] = flags
  writeU16(bytes, at + METADATA_LENGTH_AT, metadataLength)
  writeU64(bytes, at + SEQUENCE_AT, sequence)
  bytes.fill(0, bodyEnd, at + frameLength(bodyLength))
  return checksum
}

/** Adds flags that are known only once the group is complete, and computes the header's checksum. */
export const sealFrame = (bytes: Uint8Array, at: number, salt: number, addedFlags: number): void => {
  bytes[at + FLAGS_AT] = flagsAt(bytes, at) | addedFlags
  writeU32(
    bytes,
    at + HEADER_CHECKSUM_AT,
    crc32(bytes, at + BODY_CHECKSUM_AT, at + FRAME_HEADER_LENGTH, salt)
  )
}
