/**
 * An entry's frame: nano-wal's documented entry, field for field, then the metadata.
 */
import { copyBytes, readU64, setU64 } from "./bytes.js"
import { ENTRY, FRAME_HEADER_LENGTH, frameLength, writeFrameHeader } from "./frame.js"

export const MAX_KEY_LENGTH = 0xffff
export const MAX_METADATA_LENGTH = 0xffff

/** Timestamp, key length and content length. */
export const FIXED_BODY_LENGTH = 24

export const TIMESTAMP_AT = FRAME_HEADER_LENGTH
export const KEY_LENGTH_AT = FRAME_HEADER_LENGTH + 8
const KEY_AT = FRAME_HEADER_LENGTH + 16

export const entryFrameLength = (keyLength: number, contentLength: number, metadataLength: number): number =>
  frameLength(FIXED_BODY_LENGTH + keyLength + contentLength + metadataLength)

/**
 * Writes an entry's frame at `at`, all but its header checksum, which `sealFrame` adds. `view` shows `bytes`. The key is
 * `keyLength` bytes of `keys` from `keyStart` on. Returns the body's checksum.
 */
export const writeEntryFrame = (
  bytes: Uint8Array,
  view: DataView,
  at: number,
  salt: number,
  flags: number,
  sequence: number,
  timestamp: number,
  keys: Uint8Array,
  keyStart: number,
  keyLength: number,
  content: Uint8Array,
  metadata: Uint8Array
): number => {
  const contentLengthAt = at + KEY_AT + keyLength
  const contentAt = contentLengthAt + 8
  setU64(view, at + TIMESTAMP_AT, timestamp)
  setU64(view, at + KEY_LENGTH_AT, keyLength)
  copyBytes(keys, keyStart, keyLength, bytes, at + KEY_AT)
  setU64(view, contentLengthAt, content.length)
  bytes.set(content, contentAt)
  if (metadata.length > 0) {
    bytes.set(metadata, contentAt + content.length)
  }
  const bodyLength = FIXED_BODY_LENGTH + keyLength + content.length + metadata.length
  return writeFrameHeader(view, at, salt, ENTRY, flags, bodyLength, metadata.length, sequence)
}

export const entryTimestamp = (bytes: Uint8Array, at: number): number => readU64(bytes, at + TIMESTAMP_AT)

export const entryKeyLength = (bytes: Uint8Array, at: number): number => readU64(bytes, at + KEY_LENGTH_AT)

export const entryKeyStart = (at: number): number => at + KEY_AT

export const entryContentLengthStart = (at: number, keyLength: number): number => at + KEY_AT + keyLength

export const entryContentStart = (at: number, keyLength: number): number => at + KEY_AT + keyLength + 8
