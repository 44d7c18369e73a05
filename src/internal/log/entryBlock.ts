/**
 * Takes entries out of a block that was read.
 */
import type { Entry } from "../../WalEntry.js"
import { EMPTY } from "../format/bytes.js"
import type { FrameReader } from "../format/frameReader.js"
import type { Segment } from "../segment/segment.js"
import { toSequence } from "./nominal.js"

/** The entry that the reader stands on. Its bytes are views of the block. */
export const entryAt = (reader: FrameReader, segment: Segment): Entry => {
  const sequence = toSequence(reader.sequence)
  return {
    sequence,
    timestamp: reader.timestamp,
    key: reader.key,
    content: reader.content,
    metadata: reader.metadataLength === 0 ? EMPTY : reader.metadata,
    ref: {
      segment: segment.id,
      offset: reader.offset,
      length: reader.length,
      sequence,
      checksum: reader.checksum
    }
  }
}

/** Where taking entries out of a block ended. */
export type BlockEnd =
  /** With the block: the next frame begins at `at`, and needs `wanted` bytes at least. */
  | { readonly _tag: "Short"; readonly at: number; readonly wanted: number }
  /** With as many entries as are taken at a time: the next frame begins at `at`. */
  | { readonly _tag: "Full"; readonly at: number }
  /** With the last entry that was asked for. */
  | { readonly _tag: "Done" }
  /** At a whole frame whose sequence is beyond the next one. */
  | { readonly _tag: "Gap"; readonly at: number; readonly sequence: number }
  /** At a frame that does not verify. */
  | { readonly _tag: "Damaged"; readonly at: number }

/**
 * So many at a time: what a reader has at once is what every run of the garbage collector copies, and how long nothing else
 * has its turn.
 */
const MOST_ENTRIES = 1024

/**
 * Appends the block's entries with a sequence in `[from, to]` to `entries`, frame by frame from the block's start, as
 * long as each is the next one.
 */
export const takeEntries = (
  reader: FrameReader,
  segment: Segment,
  from: number,
  to: number,
  entries: Array<Entry>
): BlockEnd => {
  const { length } = reader.block
  let at = 0
  for (;;) {
    switch (reader.readNext(at, length)) {
      case "entry":
        if (reader.sequence > to) {
          return { _tag: "Done" }
        }
        if (reader.sequence > from + entries.length) {
          return { _tag: "Gap", at, sequence: reader.sequence }
        }
        if (reader.sequence >= from) {
          entries.push(entryAt(reader, segment))
        }
        at = reader.next
        if (entries.length === MOST_ENTRIES) {
          return { _tag: "Full", at }
        }
        break
      case "mark":
        at = reader.next
        break
      case "short":
        return { _tag: "Short", at, wanted: reader.length }
      case "damagedBody":
      case "invalid":
      case "unknown":
        return { _tag: "Damaged", at }
    }
  }
}
