/**
 * The segment that docs/format.md dumps, byte by byte: made with the real encoders, and annotated field by field.
 */
import { utf8, viewOf } from "../../src/internal/format/bytes.js"
import { entryFrameLength, writeEntryFrame } from "../../src/internal/format/entryFrame.js"
import { FLAG_LAST_OF_WRITE, FLAG_MORE, sealFrame } from "../../src/internal/format/frame.js"
import { hashKey } from "../../src/internal/format/keyHash.js"
import { encodeSealIndex } from "../../src/internal/format/sealIndexEncode.js"
import { encodeSealTrailer } from "../../src/internal/format/sealTrailer.js"
import { encodeSegmentHeader } from "../../src/internal/format/segmentHeader.js"
import { SYNC_MARK_FRAME_LENGTH, writeSyncMark } from "../../src/internal/format/syncMark.js"

export const example = { id: 1, baseSequence: 1, lastSequence: 4, salt: 0x5eed1234, entryCount: 4 } as const

const CREATED_AT = 1_700_000_000_000

/** One line of the dump, or several when there are more than 16 bytes. */
interface Field {
  readonly bytes: Uint8Array
  readonly note: string
}

interface Structure {
  readonly title: string
  readonly fields: ReadonlyArray<Field>
}

interface ExampleEntry {
  readonly title: string
  readonly flags: number
  readonly sequence: number
  readonly at: number
  readonly key: string
  readonly content: string
  readonly metadata: string
}

const flagNotes = new Map([
  [0, "none"],
  [FLAG_MORE, "more of this batch follows"],
  [FLAG_LAST_OF_WRITE, "last frame of its write"]
])

/** Cuts a structure's bytes into fields of the given lengths; what is left over is padding. */
const cut = (
  title: string,
  bytes: Uint8Array,
  layout: ReadonlyArray<readonly [length: number, note: string]>
): Structure => {
  const fields: Array<Field> = []
  let at = 0
  for (const [length, note] of layout) {
    fields.push({ bytes: bytes.subarray(at, at + length), note })
    at += length
  }
  return { title, fields: at === bytes.length ? fields : [...fields, { bytes: bytes.subarray(at), note: "padding" }] }
}

const segmentHeader: Structure = cut(
  "segment header",
  encodeSegmentHeader({ ...example, createdAt: CREATED_AT, previousDataLength: 0, previousHighestTimestamp: 0 }),
  [
    [8, "magic, \"NANO-WAL\""],
    [2, "format version 1"],
    [2, "header length 128"],
    [4, "flags"],
    [8, "segment id 1"],
    [8, "base sequence 1"],
    [8, "created at 1700000000000"],
    [4, "salt 0x5eed1234"],
    [4, "0"],
    [8, "previous segment's data length: there is none"],
    [8, "previous segment's highest timestamp"],
    [8, "0"],
    [32, "previous segment's digest: none"],
    [20, "0"],
    [4, "CRC-32 of bytes 0 to 123"]
  ]
)

const frameLayout = (type: string, flags: number, bodyLength: number, metadataLength: number, sequence: number) =>
  [
    [4, "header checksum"],
    [4, "body checksum"],
    [4, `body length ${bodyLength}`],
    [1, `type: ${type}`],
    [1, `flags: ${flagNotes.get(flags)}`],
    [2, `metadata length ${metadataLength}`],
    [8, `sequence ${sequence}`]
  ] as const

const entryStructure = ({ at, content, flags, key, metadata, sequence, title }: ExampleEntry): Structure => {
  const [keyBytes, contentBytes, metadataBytes] = [utf8(key), utf8(content), utf8(metadata)]
  const frame = new Uint8Array(entryFrameLength(keyBytes.length, contentBytes.length, metadataBytes.length))
  const timestamp = CREATED_AT + at
  writeEntryFrame(
    frame,
    viewOf(frame),
    0,
    example.salt,
    flags,
    sequence,
    timestamp,
    keyBytes,
    0,
    keyBytes.length,
    contentBytes,
    metadataBytes
  )
  sealFrame(viewOf(frame), 0, example.salt, 0)
  const bodyLength = 24 + keyBytes.length + contentBytes.length + metadataBytes.length
  return cut(title, frame, [
    ...frameLayout("entry", flags, bodyLength, metadataBytes.length, sequence),
    [8, `timestamp ${timestamp}`],
    [8, `key length ${keyBytes.length}`],
    [keyBytes.length, `key "${key}"`],
    [8, `content length ${contentBytes.length}`],
    [contentBytes.length, `content "${content}"`],
    ...(metadataBytes.length === 0 ? [] : [[metadataBytes.length, `metadata "${metadata}"`] as const])
  ])
}

const markStructure = (sequence: number, syncedOffset: number): Structure => {
  const frame = new Uint8Array(SYNC_MARK_FRAME_LENGTH)
  writeSyncMark(viewOf(frame), 0, example.salt, sequence, syncedOffset)
  sealFrame(viewOf(frame), 0, example.salt, 0)
  return cut("sync mark, at the head of the third write", frame, [
    ...frameLayout("sync mark", 0, 8, 0, sequence),
    [8, `synced offset ${syncedOffset}`]
  ])
}

const first: ExampleEntry = {
  title: "first write: entry 1",
  flags: FLAG_LAST_OF_WRITE,
  sequence: 1,
  at: 0,
  key: "order-1",
  content: "created",
  metadata: "v1"
}
const second: ExampleEntry = {
  title: "second write: entry 2",
  flags: FLAG_LAST_OF_WRITE,
  sequence: 2,
  at: 5,
  key: "order-2",
  content: "created",
  metadata: ""
}
const third: ExampleEntry = {
  title: "entry 3, first of a batch of two",
  flags: FLAG_MORE,
  sequence: 3,
  at: 9,
  key: "order-1",
  content: "paid",
  metadata: ""
}
const fourth: ExampleEntry = {
  title: "entry 4, last of the batch and of the third write",
  flags: FLAG_LAST_OF_WRITE,
  sequence: 4,
  at: 9,
  key: "order-2",
  content: "",
  metadata: ""
}

const lengthOf = ({ fields }: Structure): number => fields.reduce((length, { bytes }) => length + bytes.length, 0)

const endOf = (structures: ReadonlyArray<Structure>): number =>
  structures.reduce((length, structure) => length + lengthOf(structure), 0)

const upToMark: ReadonlyArray<Structure> = [segmentHeader, entryStructure(first), entryStructure(second)]

const data: ReadonlyArray<Structure> = [
  ...upToMark,
  markStructure(2, endOf(upToMark)),
  entryStructure(third),
  entryStructure(fourth)
]

const offsetOf = (index: number): number => endOf(data.slice(0, index))

const keys = [utf8("order-1"), utf8("order-2")] as const

const index = encodeSealIndex({
  keyStarts: Uint32Array.of(0, 7, 14),
  keyBytes: Uint8Array.from([...keys[0], ...keys[1]]),
  hashes: Uint32Array.from(keys, (key) => hashKey(key, 0, key.length)),
  groupStarts: Uint32Array.of(0, 2, 4),
  entryOffsets: Uint32Array.of(offsetOf(1), offsetOf(4), offsetOf(2), offsetOf(5)),
  sequencePoints: Uint32Array.of(offsetOf(1))
})

const row = (kind: string): ReadonlyArray<readonly [number, string]> => [
  [4, `section kind: ${kind}`],
  [4, "CRC-32 of the section"],
  [8, "its offset from the start of the index"],
  [8, "its length"]
]

const sealIndex: Structure = cut("seal: section table, then the sections", index.bytes, [
  [4, "6 sections"],
  [4, "4 entries"],
  [4, "2 keys"],
  [4, "0"],
  ...row("1, key filter"),
  ...row("2, key slots"),
  ...row("3, entry offsets"),
  ...row("4, keys"),
  ...row("5, group starts"),
  ...row("6, sequence points"),
  [32, "key filter: one block of eight words"],
  [16, "key slots: 4 of them, each a group + 1 or 0"],
  [8, `entry offsets of group 0: ${offsetOf(1)}, ${offsetOf(4)}`],
  [8, `entry offsets of group 1: ${offsetOf(2)}, ${offsetOf(5)}`],
  [12, "key starts 0, 7, 14"],
  [14, "keys \"order-1\", \"order-2\""],
  [6, "padding"],
  [12, "group starts 0, 2, 4"],
  [4, "padding"],
  [4, `sequence point of entry 0: ${offsetOf(1)}`]
])

const trailer: Structure = cut(
  "seal: trailer",
  encodeSealTrailer({
    ...example,
    kind: "closed",
    lowestTimestamp: CREATED_AT,
    highestTimestamp: CREATED_AT + 9,
    sealedAt: CREATED_AT + 60_000,
    dataLength: endOf(data),
    indexLength: index.bytes.length,
    indexTableChecksum: index.tableChecksum
  }),
  [
    [8, "magic, \"NANOSEAL\""],
    [2, "format version 1"],
    [2, "trailer length 128"],
    [4, "flags: closed"],
    [8, "segment id 1"],
    [8, "base sequence 1"],
    [8, "last sequence 4"],
    [8, "lowest timestamp 1700000000000"],
    [8, "highest timestamp 1700000000009"],
    [8, "sealed at 1700000060000"],
    [8, `data length ${endOf(data)}`],
    [8, `index length ${index.bytes.length}`],
    [4, "entry count 4"],
    [4, "salt 0x5eed1234"],
    [32, "digest: none"],
    [4, "CRC-32 of the section table"],
    [4, "CRC-32 of bytes 0 to 123"]
  ]
)

const structures: ReadonlyArray<Structure> = [...data, sealIndex, trailer]

export const exampleSegment = (): Uint8Array =>
  Uint8Array.from(Buffer.concat(structures.flatMap(({ fields }) => fields.map(({ bytes }) => bytes))))

const BYTES_IN_A_LINE = 16
const HEX_WIDTH = BYTES_IN_A_LINE * 3 - 1

/** The lines of a field: its offset in hexadecimal, its bytes, and behind the first of them the note. */
const linesOf = (offset: number, { bytes, note }: Field): ReadonlyArray<string> =>
  Array.from({ length: Math.ceil(bytes.length / BYTES_IN_A_LINE) }, (_, line) => {
    const at = line * BYTES_IN_A_LINE
    const hex = Buffer.from(bytes.subarray(at, at + BYTES_IN_A_LINE)).toString("hex").replaceAll(/..(?=.)/g, "$& ")
    return `${(offset + at).toString(16).padStart(4, "0")}  ${hex.padEnd(HEX_WIDTH)}  ${line === 0 ? note : ""}`
      .trimEnd()
  })

/** What docs/format.md shows. */
export const annotatedDump = (): string => {
  const lines: Array<string> = []
  let offset = 0
  for (const { fields, title } of structures) {
    lines.push(...(lines.length === 0 ? [] : [""]), `# ${title}`)
    for (const field of fields) {
      lines.push(...linesOf(offset, field))
      offset += field.bytes.length
    }
  }
  return lines.join("\n")
}

/** What the example's entries hold, in order. */
export const exampleEntries: ReadonlyArray<ExampleEntry> = [first, second, third, fourth]

/** Where their frames begin. */
export const exampleOffsets: ReadonlyArray<number> = [1, 2, 4, 5].map(offsetOf)

export const exampleDataLength = endOf(data)
