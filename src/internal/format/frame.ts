/**
 * A frame's 24 bytes of header: type, flags, lengths, sequence, and the checksums that make it verify.
 */
import { align, readU16, readU32, readU64, setU64 } from "./bytes.js"
import { crc32Of } from "./crc32.js"

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

export const headerVerifies = (view: DataView, at: number, salt: number): boolean =>
  view.getInt32(at + HEADER_CHECKSUM_AT, true)
    === crc32Of(view, at + BODY_CHECKSUM_AT, at + FRAME_HEADER_LENGTH, salt)

/** Whether a frame begins there, as far as its header tells. */
export const beginsFrame = (view: DataView, at: number, salt: number): boolean =>
  view.getUint8(at + TYPE_AT) !== 0 && headerVerifies(view, at, salt)

export const bodyVerifies = (view: DataView, at: number, bodyLength: number, salt: number): boolean =>
  view.getInt32(at + BODY_CHECKSUM_AT, true)
    === crc32Of(view, at + FRAME_HEADER_LENGTH, at + FRAME_HEADER_LENGTH + bodyLength, salt)

/**
 * Writes a header around a body that stands already in its place, and zeros behind it; the header's own checksum is
 * left to `sealFrame`. Returns the body's checksum.
 */
export const writeFrameHeader = (
  view: DataView,
  at: number,
  salt: number,
  type: number,
  flags: number,
  bodyLength: number,
  metadataLength: number,
  sequence: number
): number => {
  const bodyEnd = at + FRAME_HEADER_LENGTH + bodyLength
  const checksum = crc32Of(view, at + FRAME_HEADER_LENGTH, bodyEnd, salt)
  view.setInt32(at + BODY_CHECKSUM_AT, checksum, true)
  view.setInt32(at + BODY_LENGTH_AT, bodyLength, true)
  view.setUint8(at + TYPE_AT, type)
  view.setUint8(at + FLAGS_AT, flags)
  view.setUint16(at + METADATA_LENGTH_AT, metadataLength, true)
  setU64(view, at + SEQUENCE_AT, sequence)
  for (let padding = bodyEnd; padding < at + frameLength(bodyLength); padding++) {
    view.setUint8(padding, 0)
  }
  return checksum >>> 0
}

/** Adds flags that are known only once the group is complete, and computes the header's checksum. */
export const sealFrame = (view: DataView, at: number, salt: number, addedFlags: number): void => {
  view.setUint8(at + FLAGS_AT, view.getUint8(at + FLAGS_AT) | addedFlags)
  view.setInt32(
    at + HEADER_CHECKSUM_AT,
    crc32Of(view, at + BODY_CHECKSUM_AT, at + FRAME_HEADER_LENGTH, salt),
    true
  )
}
