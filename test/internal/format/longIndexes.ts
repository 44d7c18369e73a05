/**
 * Indexes that are long enough to be read by blocks, and what they were before they could be.
 */
import { utf8 } from "../../../src/internal/format/bytes.js"
import { writeU32, writeU64 } from "../../../src/internal/format/bytes.js"
import { crc32 } from "../../../src/internal/format/crc32.js"
import { VerifiedBlocks } from "../../../src/internal/format/indexBlocks.js"
import type { Question } from "../../../src/internal/format/indexQuestions.js"
import { encodeSealIndex } from "../../../src/internal/format/sealIndexEncode.js"
import { openIndexMap, type SealIndexMap } from "../../../src/internal/format/sealIndexMap.js"
import {
  BLOCK_CHECKSUMS,
  type Checked,
  damaged,
  decodeSectionTable,
  sectionIn,
  sectionTableLength
} from "../../../src/internal/format/sealIndexSections.js"
import { ActiveIndex } from "../../../src/internal/segment/activeIndex.js"
import { type Hash, offsetOf } from "./keys.js"

export interface Encoded {
  readonly bytes: Uint8Array
  readonly tableChecksum: number
}

/** Keys of many lengths. */
export const longKey = (number: number): Uint8Array => utf8(`${number % 7} key ${number} ${"x".repeat(number % 90)}`)

/** Entry i has the key i % keys. */
export const encodeLong = (entries: number, keys: number, hash: Hash): Encoded => {
  const index = new ActiveIndex()
  for (let ordinal = 0; ordinal < entries; ordinal++) {
    const key = longKey(ordinal % keys)
    index.add(key, 0, key.length, hash(key), offsetOf(ordinal))
  }
  return encodeSealIndex(index.toSealSource())
}

/** As it was written before indexes had checksums of blocks; the same where it has none. */
export const withoutBlocks = ({ bytes, tableChecksum }: Encoded): Encoded => {
  const table = decodeSectionTable(bytes, tableChecksum)
  const sections = table._tag === "ok" ? table.value.sections : []
  const older = sections.filter(({ kind }) => kind !== BLOCK_CHECKSUMS)
  const oldLength = sectionTableLength(sections.length)
  const length = sectionTableLength(older.length)
  const end = sections.find(({ kind }) => kind === BLOCK_CHECKSUMS)?.offset ?? bytes.length
  const result = new Uint8Array(length + end - oldLength)
  result.set(bytes.subarray(0, length))
  result.set(bytes.subarray(oldLength, end), length)
  writeU32(result, 0, older.length)
  older.forEach(({ offset }, position) =>
    writeU64(result, sectionTableLength(position) + 8, offset - oldLength + length)
  )
  return { bytes: result, tableChecksum: crc32(result, 0, length, 0) }
}

/** The map of an index, read as a reader of its file would. */
export const mapOf = (
  { bytes, tableChecksum }: Encoded,
  expected: { readonly entryCount: number; readonly dataLength: number }
): SealIndexMap | undefined => {
  const head = bytes.subarray(0, 4096)
  const section = sectionIn(head, tableChecksum, BLOCK_CHECKSUMS)
  return section === undefined
    ? undefined
    : openIndexMap(
      head,
      tableChecksum,
      bytes.slice(section.offset, section.offset + section.length),
      bytes.length,
      expected
    )
}

/** Answers a question out of the bytes of an index, by blocks that verify. */
export const answer = <A>(
  bytes: Uint8Array,
  map: SealIndexMap,
  question: Question<A>,
  blocks = new VerifiedBlocks(map.blocks, new Uint8Array(0))
): Checked<A> => {
  let step = question.next()
  while (step.done !== true) {
    const run = blocks.around(step.value)
    if (blocks.find(step.value) === undefined) {
      if (run === undefined || !blocks.add(run, bytes.slice(run.start, run.end))) {
        return damaged("a block")
      }
    }
    const found = blocks.find(step.value)
    if (found === undefined) {
      throw new Error("what was read is not there")
    }
    step = question.next(found)
  }
  return step.value
}
