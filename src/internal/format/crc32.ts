/**
 * CRC-32 (ISO-HDLC, the polynomial of zlib, gzip and PNG): tables for short inputs, zlib for long ones.
 */
import { crc32 as zlibCrc32 } from "node:zlib"

/** From this many bytes on the call into zlib costs less than the tables' loop. */
const ZLIB_LENGTH = 512

const POLYNOMIAL = 0xedb88320

/** So many bytes are taken at a time ("slicing by 16"), each by a table of its own. */
const SLICES = 16

/** Table k has the checksum of each byte with k zeros behind it, at k * 256. */
const tables = /* @__PURE__ */ makeTables()

function makeTables(): Int32Array {
  const entries = new Int32Array(256 * SLICES)
  for (let byte = 0; byte < 256; byte++) {
    let value = byte
    for (let bit = 0; bit < 8; bit++) {
      value = (value & 1) === 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
    }
    entries[byte] = value
  }
  for (let at = 256; at < entries.length; at++) {
    const before = entries[at - 256] ?? 0
    entries[at] = (entries[before & 0xff] ?? 0) ^ (before >>> 8)
  }
  return entries
}

/** The checksum of `bytes` from `start` up to `end`, going on from `seed`: 0, a salt, or the checksum of what came before. */
export const crc32 = (bytes: Uint8Array, start: number, end: number, seed: number): number =>
  end - start < ZLIB_LENGTH
    ? tableCrc32(bytes, start, end, seed)
    : zlibCrc32(bytes.subarray(start, end), seed)

const tableCrc32 = (bytes: Uint8Array, start: number, end: number, seed: number): number => {
  let value = ~seed
  let at = start
  if (end - start >= SLICES && IS_LITTLE_ENDIAN && ((bytes.byteOffset + start) & 3) === 0) {
    const words = wordsOf(bytes)
    const first = ((bytes.byteOffset & 3) + start) >>> 2
    const sliced = ((end - start) >>> 4) << 2
    const count = (end - start) >>> 2
    value = sliceCrc32(words, first, first + sliced, value)
    value = wordCrc32(words, first + sliced, first + count, value)
    at += count * 4
  }
  for (; at < end; at++) {
    value = (tables[(value ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (value >>> 8)
  }
  return ~value >>> 0
}

/** Spelled out, because a loop over the tables costs twice as much. */
const sliceCrc32 = (words: Int32Array, first: number, end: number, start: number): number => {
  let value = start
  for (let word = first; word < end; word += 4) {
    const a = value ^ (words[word] ?? 0)
    const b = words[word + 1] ?? 0
    const c = words[word + 2] ?? 0
    const d = words[word + 3] ?? 0
    value = (tables[3840 + (a & 0xff)] ?? 0) ^ (tables[3584 + ((a >>> 8) & 0xff)] ?? 0)
      ^ (tables[3328 + ((a >>> 16) & 0xff)] ?? 0) ^ (tables[3072 + (a >>> 24)] ?? 0)
      ^ (tables[2816 + (b & 0xff)] ?? 0) ^ (tables[2560 + ((b >>> 8) & 0xff)] ?? 0)
      ^ (tables[2304 + ((b >>> 16) & 0xff)] ?? 0) ^ (tables[2048 + (b >>> 24)] ?? 0)
      ^ (tables[1792 + (c & 0xff)] ?? 0) ^ (tables[1536 + ((c >>> 8) & 0xff)] ?? 0)
      ^ (tables[1280 + ((c >>> 16) & 0xff)] ?? 0) ^ (tables[1024 + (c >>> 24)] ?? 0)
      ^ (tables[768 + (d & 0xff)] ?? 0) ^ (tables[512 + ((d >>> 8) & 0xff)] ?? 0)
      ^ (tables[256 + ((d >>> 16) & 0xff)] ?? 0) ^ (tables[d >>> 24] ?? 0)
  }
  return value
}

/** What is left behind the last whole slice, a word at a time. */
const wordCrc32 = (words: Int32Array, first: number, end: number, start: number): number => {
  let value = start
  for (let word = first; word < end; word++) {
    const a = value ^ (words[word] ?? 0)
    value = (tables[768 + (a & 0xff)] ?? 0) ^ (tables[512 + ((a >>> 8) & 0xff)] ?? 0)
      ^ (tables[256 + ((a >>> 16) & 0xff)] ?? 0) ^ (tables[a >>> 24] ?? 0)
  }
  return value
}

const IS_LITTLE_ENDIAN = /* @__PURE__ */ new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/**
 * The words of the bytes that were asked for last: making a view costs as much as the checksum of a hundred bytes, and frames
 * come one after the other from the same buffer.
 */
let lastBytes = new Uint8Array(0)
let lastWords = new Int32Array(0)

/** The whole words of `bytes`, from the one on in which it begins. */
const wordsOf = (bytes: Uint8Array): Int32Array => {
  if (bytes !== lastBytes) {
    const first = bytes.byteOffset & ~3
    lastBytes = bytes as Uint8Array<ArrayBuffer>
    lastWords = new Int32Array(lastBytes.buffer, first, (bytes.byteOffset + bytes.length - first) >>> 2)
  }
  return lastWords
}
