/**
 * Brings a segment's index, or its key filter or its map alone, into memory: from its file, or from its entries.
 */
import * as Effect from "effect/Effect"
import type { WalCorruptionError, WalIoError } from "../../WalError.js"
import { LONGEST_WITHOUT_BLOCKS } from "../format/indexBlocks.js"
import { filterSection, openFilter, openSealIndex, type SealIndex } from "../format/sealIndex.js"
import { encodeSealIndex } from "../format/sealIndexEncode.js"
import { checksumsSection, openIndexMap, type SealIndexMap } from "../format/sealIndexMap.js"
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
  { dataLength, index }: Segment
): Effect.Effect<Uint32Array | undefined, WalIoError> => {
  if (index._tag !== "Sealed") {
    return Effect.succeed(undefined)
  }
  return Effect.flatMap(readBlock(file, dataLength, Math.min(index.length, HEAD_LENGTH)), (head) => {
    const section = filterSection(head, index.tableChecksum)
    if (section === undefined || section.offset + section.length > index.length) {
      return Effect.succeed(undefined)
    }
    const end = section.offset + section.length
    return end <= head.length
      ? Effect.succeed(openFilter(head.slice(section.offset, end), section))
      : Effect.map(
        readBlock(file, dataLength + section.offset, section.length),
        (content) => openFilter(content, section)
      )
  })
}

/** Whether the index is in the file, and so short that it never has a map. */
export const isShort = ({ index }: Segment): boolean =>
  index._tag === "Sealed" && index.length <= LONGEST_WITHOUT_BLOCKS

/** By two short reads; undefined where the index has none, or not everything about it adds up. */
export const loadMap = (file: SegmentFile, segment: Segment): Effect.Effect<SealIndexMap | undefined, WalIoError> => {
  const { dataLength, index } = segment
  if (index._tag !== "Sealed") {
    return Effect.succeed(undefined)
  }
  const { length, tableChecksum } = index
  return Effect.flatMap(readBlock(file, dataLength, Math.min(length, HEAD_LENGTH)), (head) => {
    const section = checksumsSection(head, tableChecksum)
    return section === undefined || section.offset + section.length > length
      ? Effect.succeed(undefined)
      : Effect.map(
        readBlock(file, dataLength + section.offset, section.length),
        (content) => openIndexMap(head, tableChecksum, content, length, segment)
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
