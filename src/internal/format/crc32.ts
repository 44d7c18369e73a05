/**
 * CRC-32 (ISO-HDLC, the polynomial of zlib, gzip and PNG): a table for short inputs, zlib for long ones.
 */
import { crc32 as zlibCrc32 } from "node:zlib"

/** Below this many bytes the call into zlib costs more than the table's loop. */
const TABLE_LIMIT = 64

const POLYNOMIAL = 0xedb88320

const table = /* @__PURE__ */ makeTable()

function makeTable(): Uint32Array {
  const entries = new Uint32Array(256)
  for (let index = 0; index < 256; index++) {
    let value = index
    for (let bit = 0; bit < 8; bit++) {
      value = (value & 1) === 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
    }
    entries[index] = value
  }
  return entries
}

/** The checksum of `bytes` from `start` up to `end`, going on from `seed`: 0, a salt, or the checksum of what came before. */
export const crc32 = (bytes: Uint8Array, start: number, end: number, seed: number): number =>
  end - start < TABLE_LIMIT
    ? tableCrc32(bytes, start, end, seed)
    : zlibCrc32(bytes.subarray(start, end), seed)

const tableCrc32 = (bytes: Uint8Array, start: number, end: number, seed: number): number => {
  let value = ~seed
  for (let index = start; index < end; index++) {
    value = (table[(value ^ (bytes[index] ?? 0)) & 0xff] ?? 0) ^ (value >>> 8)
  }
  return ~value >>> 0
}
