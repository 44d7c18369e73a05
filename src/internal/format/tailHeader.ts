/**
 * The head of a `{id}.tail`: which bytes of which segment follow it.
 */
import { hasAscii, readU16, readU32, readU64, UNSAFE, writeAscii, writeU16, writeU32, writeU64 } from "./bytes.js"
import { crc32 } from "./crc32.js"

export const TAIL_HEADER_LENGTH = 48

const MAGIC = "WAL-TAIL"
const VERSION = 1
const CHECKSUM_AT = 44

export interface TailHeader {
  /** Of the segment, as its header says. */
  readonly id: number
  readonly salt: number
  /** Where in the segment the bytes belong. */
  readonly from: number
  readonly length: number
  /** Of the bytes. */
  readonly checksum: number
}

export const encodeTailHeader = ({ checksum, from, id, length, salt }: TailHeader): Uint8Array => {
  const bytes = new Uint8Array(TAIL_HEADER_LENGTH)
  writeAscii(bytes, 0, MAGIC)
  writeU16(bytes, 8, VERSION)
  writeU32(bytes, 12, salt)
  writeU64(bytes, 16, id)
  writeU64(bytes, 24, from)
  writeU64(bytes, 32, length)
  writeU32(bytes, 40, checksum)
  writeU32(bytes, CHECKSUM_AT, crc32(bytes, 0, CHECKSUM_AT, 0))
  return bytes
}

/** Undefined where the header was not written to its end: then nothing has been done on the strength of it. */
export const decodeTailHeader = (bytes: Uint8Array): TailHeader | undefined => {
  if (bytes.length < TAIL_HEADER_LENGTH || !hasAscii(bytes, 0, MAGIC) || readU16(bytes, 8) !== VERSION) {
    return undefined
  }
  const header: TailHeader = {
    id: readU64(bytes, 16),
    salt: readU32(bytes, 12),
    from: readU64(bytes, 24),
    length: readU64(bytes, 32),
    checksum: readU32(bytes, 40)
  }
  const isSound = readU32(bytes, CHECKSUM_AT) === crc32(bytes, 0, CHECKSUM_AT, 0)
    && header.id !== UNSAFE && header.from !== UNSAFE && header.length !== UNSAFE
  return isSound ? header : undefined
}
