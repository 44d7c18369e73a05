import { describe, expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { utf8 } from "../../src/internal/format/bytes.js"
import { FrameReader } from "../../src/internal/format/frameReader.js"
import { mayContain } from "../../src/internal/format/keyFilter.js"
import { hashKey } from "../../src/internal/format/keyHash.js"
import { openSealIndex } from "../../src/internal/format/sealIndex.js"
import { decodeSealTrailer, SEAL_TRAILER_LENGTH, type SealTrailer } from "../../src/internal/format/sealTrailer.js"
import { decodeSegmentHeader } from "../../src/internal/format/segmentHeader.js"
import { SegmentScanner } from "../../src/internal/segment/segmentScanner.js"
import {
  annotatedDump,
  example,
  exampleDataLength,
  exampleEntries,
  exampleOffsets,
  exampleSegment
} from "./formatExample.js"

const text = readFileSync(new URL("../../docs/format.md", import.meta.url), "utf8")

/** The fence that begins with the segment's header. */
const dump = /```text\n(# segment header\n[^`]*)\n```/.exec(text)?.[1] ?? ""

interface Row {
  readonly offset: number
  readonly bytes: Uint8Array
}

const rowsOf = (dump: string): ReadonlyArray<Row> =>
  Array.from(
    dump.matchAll(/^([0-9a-f]{4}) {2}((?:[0-9a-f]{2} )*[0-9a-f]{2})(?: {2}|$)/gm),
    ([, offset = "", hex = ""]) => ({
      offset: Number.parseInt(offset, 16),
      bytes: Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"))
    })
  )

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

const segment = exampleSegment()

const trailerOf = (bytes: Uint8Array): SealTrailer => {
  const decoded = decodeSealTrailer(bytes.subarray(bytes.length - SEAL_TRAILER_LENGTH))
  if (decoded._tag !== "Trailer") {
    throw new Error("the example has no trailer")
  }
  return decoded.trailer
}

describe("the dump in docs/format.md", () => {
  it("is byte for byte the segment that the encoders write", () => {
    expect(toHex(Buffer.concat(rowsOf(dump).map(({ bytes }) => bytes)))).toBe(toHex(segment))
  })

  it("has every line at its offset", () => {
    let end = 0
    for (const { bytes, offset } of rowsOf(dump)) {
      expect(offset).toBe(end)
      end += bytes.length
    }
    expect(end).toBe(segment.length)
  })

  it("is annotated as its fields are", () => {
    expect(dump).toBe(annotatedDump())
  })
})

describe("the segment that docs/format.md dumps", () => {
  it("has a header that decodes", () => {
    const { baseSequence, id, salt } = example
    expect(decodeSegmentHeader(segment)).toMatchObject({ _tag: "Header", header: { baseSequence, id, salt } })
  })

  it("scans to its end, all entries and the mark's claim included", () => {
    const scanner = new SegmentScanner(example, exampleDataLength)
    scanner.feed(segment.subarray(scanner.position, exampleDataLength))
    const scan = scanner.result()
    expect(scan).toMatchObject({
      dataLength: exampleDataLength,
      lastSequence: example.lastSequence,
      claimed: exampleOffsets[1] === undefined ? 0 : exampleOffsets[1] + 64,
      end: { _tag: "EndOfData" }
    })
    expect(scan.index.entryCount).toBe(example.entryCount)
  })

  it("holds the entries that its notes tell of", () => {
    const reader = new FrameReader(example.salt, segment, 0)
    const read = exampleOffsets.map((offset) => {
      expect(reader.read(offset, exampleDataLength)).toBe("entry")
      const { content, key, metadata, sequence } = reader
      return [sequence, ...[key, content, metadata].map((view) => Buffer.from(view).toString())]
    })
    expect(read).toEqual(
      exampleEntries.map(({ content, key, metadata, sequence }) => [sequence, key, content, metadata])
    )
  })

  it("has a seal that agrees with its frames", () => {
    const trailer = trailerOf(segment)
    expect(trailer).toMatchObject({ ...example, kind: "closed", dataLength: exampleDataLength })
    expect(trailer.dataLength + trailer.indexLength + SEAL_TRAILER_LENGTH).toBe(segment.length)
  })

  it("has an index that finds each key's entries", () => {
    const trailer = trailerOf(segment)
    const bytes = segment.slice(trailer.dataLength, trailer.dataLength + trailer.indexLength)
    const opened = openSealIndex(bytes, trailer.indexTableChecksum, trailer)
    if (opened._tag === "damaged") {
      throw new Error(opened.what)
    }
    const { index } = opened
    const offsetsOf = (name: string): ReadonlyArray<number> => {
      const key = utf8(name)
      const group = index.find(key, hashKey(key, 0, key.length))
      return group < 0 ? [] : [...index.offsetsOf(group)]
    }
    const [first, second, third, fourth] = exampleOffsets
    expect(offsetsOf("order-1")).toEqual([first, third])
    expect(offsetsOf("order-2")).toEqual([second, fourth])
    expect(offsetsOf("order-3")).toEqual([])
    expect(["order-1", "order-2"].map((name) => mayContain(index.filter, hashKey(utf8(name), 0, 7)))).toEqual([
      true,
      true
    ])
    expect(index.pointBefore(3)).toEqual({ ordinal: 0, offset: first })
  })
})

describe("docs/format.md", () => {
  it("stands on its own: it names no file of this machine and no page outside the project", () => {
    expect(text).not.toMatch(/\/work\/|\/home\/|\/tmp\/|design\.md/)
  })
})
