/**
 * Segments made of frames, and what a walk over them finds, for the specifications of the scanner.
 */
import { FLAG_MORE } from "../../../src/internal/format/frame.js"
import { hashKey } from "../../../src/internal/format/keyHash.js"
import { SEGMENT_HEADER_LENGTH } from "../../../src/internal/format/segmentHeader.js"
import { type Scan, SegmentScanner } from "../../../src/internal/segment/segmentScanner.js"
import { concat, type EntryFields, entryFrame, markFrame } from "../format/frames.js"
import { drive } from "./drive.js"

export const SALT = 0x5a17_0003
export const BASE = 1001
export const header = { salt: SALT, baseSequence: BASE }

/** The frames behind a segment's header; what the header says does not matter to the scanner. */
export const segment = (...frames: ReadonlyArray<Uint8Array>): Uint8Array =>
  concat(new Uint8Array(SEGMENT_HEADER_LENGTH).fill(0xee), ...frames)

export const entry = (sequence: number, more: Partial<EntryFields> = {}): Uint8Array =>
  entryFrame(SALT, { sequence, ...more })
export const member = (sequence: number): Uint8Array => entry(sequence, { flags: FLAG_MORE })
export const mark = (sequence: number, claim: number): Uint8Array => markFrame(SALT, sequence, claim)

export const scan = (bytes: Uint8Array, blockLength = 1 << 20, limit = bytes.length): Scan => {
  const scanner = new SegmentScanner(header, limit)
  drive(bytes, scanner, blockLength)
  return scanner.result()
}

/** Where each of the frames begins, and where the last one ends. */
export const offsets = (...frames: ReadonlyArray<Uint8Array>): ReadonlyArray<number> => {
  const offsets: Array<number> = [SEGMENT_HEADER_LENGTH]
  for (const frame of frames) {
    offsets.push((offsets.at(-1) ?? 0) + frame.length)
  }
  return offsets
}

export const indexed = ({ index }: Scan): ReadonlyArray<number> =>
  Array.from({ length: index.entryCount }, (_, ordinal) => index.offsetAt(ordinal))

export const offsetsOfKey = ({ index }: Scan, key: Uint8Array): ReadonlyArray<number> => {
  const group = index.find(key, hashKey(key, 0, key.length))
  return group < 0 ? [] : [...index.offsetsOf(group, index.entryCount)]
}

export const withoutIndex = (scan: Scan): Omit<Scan, "index"> & { readonly index: ReadonlyArray<number> } => ({
  ...scan,
  index: indexed(scan)
})

export const endsAt = (scan: Scan): readonly [tag: string, validEnd: number, lastSequence: number] => [
  scan.end._tag,
  scan.validEnd,
  scan.lastSequence
]
