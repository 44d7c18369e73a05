/**
 * CRC-32 (ISO-HDLC, the polynomial of zlib, gzip and PNG): tables for short inputs, zlib for long ones.
 */
import { crc32 as zlibCrc32 } from "node:zlib"
import { viewOf } from "./bytes.js"

/** From this many bytes on the call into zlib costs less than the tables' loop. */
const ZLIB_LENGTH = 512

const POLYNOMIAL = 0xedb88320

/** So many bytes are taken at a time ("slicing by 8"), each by a table of its own; more at a time is not faster here. */
const SLICES = 8

/** Table k has the checksum of each byte with k zeros behind it, at k * 256. */
const tables = /* @__PURE__ */ makeTables()

function makeTables(): Int32Array {
  const entries = new Int32Array(256 * SLICES)
  for (let byte = 0; byte < 256; byte++) {
    entries[byte] = afterZeroByte(byte)
  }
  for (let at = 256; at < entries.length; at++) {
    const before = entries[at - 256] ?? 0
    entries[at] = (entries[before & 0xff] ?? 0) ^ (before >>> 8)
  }
  return entries
}

/** What a byte of zeros makes of the register, by the definition. */
export function afterZeroByte(register: number): number {
  let value = register
  for (let bit = 0; bit < 8; bit++) {
    value = (value & 1) === 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
  }
  return value
}

/** The checksum of `bytes` from `start` up to `end`, going on from `seed`: 0, a salt, or the checksum of what came before. */
export const crc32 = (bytes: Uint8Array, start: number, end: number, seed: number): number =>
  crc32Of(viewOf(bytes), start, end, seed) >>> 0

/**
 * The same for who has a view of the bytes, and takes the checksum as an i32: as a u32, half of them would be objects on the
 * heap.
 */
export const crc32Of = (view: DataView, start: number, end: number, seed: number): number =>
  end - start < ZLIB_LENGTH
    ? tableCrc32(view, start, end, seed)
    : zlibCrc32(new Uint8Array(view.buffer, view.byteOffset + start, end - start), seed >>> 0) | 0

/** Two words at a time, then one, then bytes. Spelled out, because loops over the tables cost twice as much. */
const tableCrc32 = (view: DataView, start: number, end: number, seed: number): number => {
  let value = ~seed
  let at = start
  for (const last = end - 8; at <= last; at += 8) {
    const a = value ^ view.getInt32(at, true)
    const b = view.getInt32(at + 4, true)
    value = (tables[1792 + (a & 0xff)] ?? 0) ^ (tables[1536 + ((a >>> 8) & 0xff)] ?? 0)
      ^ (tables[1280 + ((a >>> 16) & 0xff)] ?? 0) ^ (tables[1024 + (a >>> 24)] ?? 0)
      ^ (tables[768 + (b & 0xff)] ?? 0) ^ (tables[512 + ((b >>> 8) & 0xff)] ?? 0)
      ^ (tables[256 + ((b >>> 16) & 0xff)] ?? 0) ^ (tables[b >>> 24] ?? 0)
  }
  for (const last = end - 4; at <= last; at += 4) {
    const a = value ^ view.getInt32(at, true)
    value = (tables[768 + (a & 0xff)] ?? 0) ^ (tables[512 + ((a >>> 8) & 0xff)] ?? 0)
      ^ (tables[256 + ((a >>> 16) & 0xff)] ?? 0) ^ (tables[a >>> 24] ?? 0)
  }
  for (; at < end; at++) {
    value = (tables[(value ^ view.getUint8(at)) & 0xff] ?? 0) ^ (value >>> 8)
  }
  return ~value
}
