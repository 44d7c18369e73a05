/**
 * The table at the head of a sealed index: which sections follow it, and whether each of them is whole.
 *
 * A section begins at the next multiple of 8 behind the one before it, with zeros between, and the last one is padded
 * alike: there is no byte of an index that neither a checksum nor a rule speaks for.
 */
import { align, EMPTY, isZero, readU32, readU64, writeU32, writeU64 } from "./bytes.js"
import { crc32 } from "./crc32.js"
import { blockChecksums, blockCount, LONGEST_WITHOUT_BLOCKS } from "./indexBlocks.js"

/** The kinds of version 1. A reader passes over those that it does not know. */
export const KEY_FILTER = 1
export const KEY_SLOTS = 2
export const ENTRY_OFFSETS = 3
export const KEYS = 4
export const GROUP_STARTS = 5
export const SEQUENCE_POINTS = 6
/** The last section, and only in an index that is long without it. */
export const BLOCK_CHECKSUMS = 7

const HEAD_LENGTH = 16
const ROW_LENGTH = 24

/** Far more than there will ever be; a count beyond it is damage, not a reason to checksum the whole index as a table. */
const MAX_SECTIONS = 64

export const WORD_LENGTH = 4

export interface Section {
  readonly kind: number
  readonly checksum: number
  /** From the start of the index. */
  readonly offset: number
  /** Without padding. */
  readonly length: number
}

export interface SectionTable {
  readonly entryCount: number
  readonly keyCount: number
  readonly sections: ReadonlyArray<Section>
}

/** A section's content: words, and the bytes that follow them. */
export interface SectionContent {
  readonly kind: number
  readonly words: Uint32Array
  readonly bytes: Uint8Array
}

export type Checked<A> =
  | { readonly _tag: "ok"; readonly value: A }
  | { readonly _tag: "damaged"; readonly what: string }

export const ok = <A>(value: A): Checked<A> => ({ _tag: "ok", value })

export const damaged = (what: string): { readonly _tag: "damaged"; readonly what: string } => ({
  _tag: "damaged",
  what
})

/** The length of a table with that many sections; how much to read for the table alone. */
export const sectionTableLength = (sectionCount: number): number => HEAD_LENGTH + sectionCount * ROW_LENGTH

/** The table and the sections behind it, in the order given; behind those of a long index, the checksums of its blocks. */
export const encodeSections = (
  counts: { readonly entryCount: number; readonly keyCount: number },
  contents: ReadonlyArray<SectionContent>
): { readonly bytes: Uint8Array; readonly tableChecksum: number } => {
  const contentsLength = contents.reduce((length, content) => length + align(contentLength(content)), 0)
  const hasBlocks = contentsLength > LONGEST_WITHOUT_BLOCKS
  const sectionCount = contents.length + (hasBlocks ? 1 : 0)
  const tableLength = sectionTableLength(sectionCount)
  const checksumsLength = hasBlocks ? align(blockCount(contentsLength) * WORD_LENGTH) : 0
  const bytes = new Uint8Array(tableLength + contentsLength + checksumsLength)
  writeU32(bytes, 0, sectionCount)
  writeU32(bytes, 4, counts.entryCount)
  writeU32(bytes, 8, counts.keyCount)
  const end = contents.reduce(
    (offset, content, position) => writeSection(bytes, position, offset, content),
    tableLength
  )
  if (hasBlocks) {
    const words = blockChecksums(bytes, tableLength, end)
    writeSection(bytes, contents.length, end, { kind: BLOCK_CHECKSUMS, words, bytes: EMPTY })
  }
  return { bytes, tableChecksum: crc32(bytes, 0, tableLength, 0) }
}

/** Writes a section and its row in the table; answers where the next one begins. */
const writeSection = (bytes: Uint8Array, position: number, offset: number, content: SectionContent): number => {
  const length = contentLength(content)
  writeContent(bytes, offset, content)
  const checksum = crc32(bytes, offset, offset + length, 0)
  writeRow(bytes, sectionTableLength(position), { kind: content.kind, checksum, offset, length })
  return offset + align(length)
}

/** Reads the table from the first bytes of an index; what follows the table is not looked at. */
export const decodeSectionTable = (bytes: Uint8Array, tableChecksum: number): Checked<SectionTable> => {
  const count = readU32(bytes, 0)
  const length = sectionTableLength(count)
  if (count > MAX_SECTIONS || length > bytes.length) {
    return damaged("the section table is longer than it can be")
  }
  if (crc32(bytes, 0, length, 0) !== tableChecksum) {
    return damaged("the section table does not match its checksum")
  }
  if (!isZero(bytes, 12, HEAD_LENGTH)) {
    return damaged("reserved bytes of the section table are not zero")
  }
  const sections = Array.from({ length: count }, (_, position) => readRow(bytes, sectionTableLength(position)))
  return ok({ entryCount: readU32(bytes, 4), keyCount: readU32(bytes, 8), sections })
}

/** Whether the sections fill the index from its table to its end, verify, and have nothing but zeros between them. */
export const checkSections = (bytes: Uint8Array, table: SectionTable): string | undefined => {
  let offset = sectionTableLength(table.sections.length)
  for (const section of table.sections) {
    if (section.offset !== offset) {
      return `section ${section.kind} is not where it belongs`
    }
    // A length beyond the end, or beyond 2^53 - 1, is not that of what is cut out here, and so does not verify.
    const end = offset + section.length
    if (!sectionVerifies(bytes.subarray(offset, end), section)) {
      return `section ${section.kind} does not match its checksum`
    }
    offset = align(end)
    if (!isZero(bytes, end, offset)) {
      return `the padding of section ${section.kind} is not zero`
    }
  }
  return offset === bytes.length ? undefined : "the sections do not fill the index"
}

export const sectionVerifies = (content: Uint8Array, section: Section): boolean =>
  content.length === section.length && crc32(content, 0, content.length, 0) === section.checksum

/** The section of that kind, by the first `sectionTableLength` bytes of an index: for reading nothing else of it. */
export const sectionIn = (tableBytes: Uint8Array, tableChecksum: number, kind: number): Section | undefined => {
  const table = decodeSectionTable(tableBytes, tableChecksum)
  return table._tag === "ok" ? findSection(table.value, kind) : undefined
}

/** The only section of that kind; more than one is as bad as none. */
export const findSection = (table: SectionTable, kind: number): Section | undefined => {
  const found = table.sections.filter((section) => section.kind === kind)
  return found.length === 1 ? found[0] : undefined
}

/**
 * `count` words from `start` on, as a view where the host and the alignment allow one. Sections start on multiples of 8 and
 * most hosts are little-endian, so a copy is the exception.
 */
export const wordsAt = (bytes: Uint8Array, start: number, count: number): Uint32Array => {
  if (canView(bytes, start)) {
    return new Uint32Array(bytes.buffer, bytes.byteOffset + start, count)
  }
  const words = new Uint32Array(count)
  for (let index = 0; index < count; index++) {
    words[index] = readU32(bytes, start + index * WORD_LENGTH)
  }
  return words
}

const writeWords = (bytes: Uint8Array, start: number, words: Uint32Array): void => {
  if (canView(bytes, start)) {
    new Uint32Array(bytes.buffer, bytes.byteOffset + start, words.length).set(words)
    return
  }
  words.forEach((word, index) => writeU32(bytes, start + index * WORD_LENGTH, word))
}

const IS_LITTLE_ENDIAN = /* @__PURE__ */ readU32(new Uint8Array(Uint32Array.of(1).buffer), 0) === 1

const canView = (bytes: Uint8Array, start: number): boolean =>
  IS_LITTLE_ENDIAN && (bytes.byteOffset + start) % WORD_LENGTH === 0

const contentLength = (content: SectionContent): number => content.words.length * WORD_LENGTH + content.bytes.length

const writeContent = (bytes: Uint8Array, start: number, content: SectionContent): void => {
  writeWords(bytes, start, content.words)
  bytes.set(content.bytes, start + content.words.length * WORD_LENGTH)
}

const writeRow = (bytes: Uint8Array, at: number, section: Section): void => {
  writeU32(bytes, at, section.kind)
  writeU32(bytes, at + 4, section.checksum)
  writeU64(bytes, at + 8, section.offset)
  writeU64(bytes, at + 16, section.length)
}

const readRow = (bytes: Uint8Array, at: number): Section => ({
  kind: readU32(bytes, at),
  checksum: readU32(bytes, at + 4),
  offset: readU64(bytes, at + 8),
  length: readU64(bytes, at + 16)
})
