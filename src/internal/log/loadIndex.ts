/**
 * Brings a segment's index, or its key filter or its map alone, into memory: from its file, or from its entries.
 */
import * as Effect from "effect/Effect"
import type { WalCorruptionError, WalIoError } from "../../WalError.js"
import { LONGEST_WITHOUT_BLOCKS } from "../format/indexBlocks.js"
import { openFilter, openSealIndex, type SealIndex } from "../format/sealIndex.js"
import { encodeSealIndex } from "../format/sealIndexEncode.js"
import { openIndexMap, type SealIndexMap } from "../format/sealIndexMap.js"
import { BLOCK_CHECKSUMS, KEY_FILTER, type Section, sectionIn } from "../format/sealIndexSections.js"
import { readBlock, scanSegment } from "../segment/scan.js"
import type { Segment } from "../segment/segment.js"
import type { SegmentFile } from "../segment/segmentFile.js"
import { damagedAt } from "./chain.js"

/** The table of sections, and the filter of some 3,000 keys, which is the first section. */
const HEAD_LENGTH = 4 * 1024

/** From the file, if it is whole there, and otherwise from the segment's entries. */
export const loadIndex = (
  file: SegmentFile,
  segment: Segment
): Effect.Effect<SealIndex, WalIoError | WalCorruptionError> => {
  const { index } = segment
  if (index._tag !== "Sealed") {
    return rebuild(file, segment)
  }
  return Effect.flatMap(readBlock(file, segment.dataLength, index.length), (bytes) => {
    const opened = openSealIndex(bytes, index.tableChecksum, segment)
    return opened._tag === "ok" ? Effect.succeed(opened.index) : Effect.logWarning(
      "a segment's index is damaged and is made anew from its entries"
    ).pipe(
      Effect.annotateLogs({ segment: segment.path, found: opened.what }),
      Effect.zipRight(rebuild(file, segment))
    )
  })
}

/** Whether the filter can be had for less than the whole index. */
export const hasFilterOfItsOwn = ({ index }: Segment): boolean => index._tag === "Sealed" && index.length > HEAD_LENGTH

/** The key filter alone, most often by one short read; undefined where the index has none that verifies. */
export const loadFilter = (
  file: SegmentFile,
  segment: Segment
): Effect.Effect<Uint32Array | undefined, WalIoError> => loadSection(file, segment, KEY_FILTER, openFilter)

/** Whether the index is in the file, and so short that it never has a map. */
export const isShort = ({ index }: Segment): boolean =>
  index._tag === "Sealed" && index.length <= LONGEST_WITHOUT_BLOCKS

/** By two short reads; undefined where the index has none, or not everything about it adds up. */
export const loadMap = (file: SegmentFile, segment: Segment): Effect.Effect<SealIndexMap | undefined, WalIoError> =>
  loadSection(
    file,
    segment,
    BLOCK_CHECKSUMS,
    (content, _, head, { length, tableChecksum }) => openIndexMap(head, tableChecksum, content, length, segment)
  )

type SealedIndex = Extract<Segment["index"], { readonly _tag: "Sealed" }>

/** One section of an index in its file, without the others; `open` is given the index's first bytes as well. */
const loadSection = <A>(
  file: SegmentFile,
  { dataLength, index }: Segment,
  kind: number,
  open: (content: Uint8Array, section: Section, head: Uint8Array, index: SealedIndex) => A | undefined
): Effect.Effect<A | undefined, WalIoError> => {
  if (index._tag !== "Sealed") {
    return Effect.succeed(undefined)
  }
  return Effect.flatMap(readBlock(file, dataLength, Math.min(index.length, HEAD_LENGTH)), (head) => {
    const section = sectionIn(head, index.tableChecksum, kind)
    if (section === undefined || section.offset + section.length > index.length) {
      return Effect.succeed(undefined)
    }
    const end = section.offset + section.length
    return end <= head.length
      ? Effect.succeed(open(head.slice(section.offset, end), section, head, index))
      : Effect.map(
        readBlock(file, dataLength + section.offset, section.length),
        (content) => open(content, section, head, index)
      )
  })
}

const rebuild = (file: SegmentFile, segment: Segment): Effect.Effect<SealIndex, WalIoError | WalCorruptionError> =>
  Effect.flatMap(scanSegment(file, segment, segment.dataLength), (scan) => {
    if (scan.dataLength !== segment.dataLength || scan.lastSequence !== segment.lastSequence) {
      const lost = { first: scan.lastSequence + 1, last: segment.lastSequence }
      const what = scan.end._tag === "EndOfData" ? "the frames end too early" : scan.end.what
      return Effect.fail(damagedAt(segment, scan.validEnd, what, "its seal", lost))
    }
    const encoded = encodeSealIndex(scan.index.toSealSource())
    const opened = openSealIndex(encoded.bytes, encoded.tableChecksum, segment)
    return opened._tag === "ok" ? Effect.succeed(opened.index) : Effect.dieMessage(opened.what)
  })
