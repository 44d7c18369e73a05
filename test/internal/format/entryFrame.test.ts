import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { EMPTY, utf8, viewOf, writeU64 } from "../../../src/internal/format/bytes.js"
import {
  entryContentLengthStart,
  entryContentStart,
  entryFrameLength,
  entryKeyLength,
  entryKeyStart,
  entryTimestamp,
  MAX_KEY_LENGTH,
  MAX_METADATA_LENGTH,
  writeEntryFrame
} from "../../../src/internal/format/entryFrame.js"
import {
  bodyChecksumAt,
  ENTRY,
  FLAG_LAST_OF_WRITE,
  FLAG_MORE,
  FRAME_HEADER_LENGTH,
  sealFrame
} from "../../../src/internal/format/frame.js"
import { FrameReader } from "../../../src/internal/format/frameReader.js"
import { entries, entryFrame, fromHex, rawFrame, toHex, u32s, unsafeU64s } from "./frames.js"

const SALT = 0x12345678

/** Key `order-1`, content `paid 42.00 EUR`, metadata `v1`. */
const golden = `
  63f92f4735521077 2f00000001020200 e903000000000000
  0068e5cf8b010000 0700000000000000 6f726465722d31
  0e00000000000000 706169642034322e303020455552 7631
  00`

describe("an entry's frame", () => {
  it("with metadata is these bytes", () => {
    const frame = entryFrame(SALT, {
      flags: FLAG_LAST_OF_WRITE,
      sequence: 1001,
      key: utf8("order-1"),
      content: utf8("paid 42.00 EUR"),
      metadata: utf8("v1")
    })
    expect(toHex(frame)).toBe(toHex(fromHex(golden)))
  })

  it("without content and metadata, with the highest numbers, is these bytes", () => {
    const frame = entryFrame(SALT, {
      flags: FLAG_MORE,
      sequence: Number.MAX_SAFE_INTEGER,
      timestamp: Number.MAX_SAFE_INTEGER,
      key: utf8("k"),
      content: EMPTY
    })
    const expected = fromHex(`
      8b20df04de9b8c6a 1900000001010000 ffffffffffff1f00
      ffffffffffff1f00 0100000000000000 6b
      0000000000000000
      00000000000000`)
    expect(toHex(frame)).toBe(toHex(expected))
  })

  it("reads as the entry that was written", () => {
    FastCheck.assert(
      FastCheck.property(u32s, entries, (salt, entry) => {
        const frame = entryFrame(salt, entry)
        const reader = new FrameReader(salt, frame, 0)
        expect(reader.read(0, frame.length)).toBe("entry")
        const { flags, sequence, timestamp } = reader
        const [key, content, metadata] = [reader.key, reader.content, reader.metadata].map((view) => view.slice())
        expect({ flags, sequence, timestamp, key, content, metadata }).toEqual(entry)
        expect(reader.length).toBe(frame.length)
      })
    )
  })

  it("has the lengths that were computed for it", () => {
    FastCheck.assert(
      FastCheck.property(entries, ({ content, key, metadata }) => {
        const length = entryFrameLength(key.length, content.length, metadata.length)
        const bytes = 24 + 24 + key.length + content.length + metadata.length
        expect(length).toBe(Math.ceil(bytes / 8) * 8)
      })
    )
  })

  it("has a key of at most 65,535 bytes and as much metadata", () => {
    expect([MAX_KEY_LENGTH, MAX_METADATA_LENGTH]).toEqual([65_535, 65_535])
    const entry = { key: new Uint8Array(65_535).fill(1), metadata: new Uint8Array(65_535).fill(2) }
    const frame = entryFrame(SALT, entry)
    const reader = new FrameReader(SALT, frame, 0)
    expect(reader.read(0, frame.length)).toBe("entry")
    expect(reader.key.slice()).toEqual(entry.key)
    expect(reader.metadata.slice()).toEqual(entry.metadata)
  })

  it("takes the first bytes of a key buffer that is longer than the key", () => {
    const frame = new Uint8Array(entryFrameLength(3, 0, 0))
    const checksum = writeEntryFrame(frame, viewOf(frame), 0, SALT, 0, 1, 5, utf8("a key and more"), 2, 3, EMPTY, EMPTY)
    sealFrame(viewOf(frame), 0, SALT, 0)
    expect(toHex(frame)).toBe(toHex(entryFrame(SALT, { timestamp: 5, content: EMPTY })))
    expect(checksum).toBe(bodyChecksumAt(frame, 0))
  })

  it("has its fields where the offsets say", () => {
    const frame = fromHex(golden)
    expect(entryTimestamp(frame, 0)).toBe(1_700_000_000_000)
    expect(entryKeyLength(frame, 0)).toBe(7)
    expect(toHex(frame.subarray(entryKeyStart(0), entryKeyStart(0) + 7))).toBe(toHex(utf8("order-1")))
    expect(entryContentLengthStart(0, 7)).toBe(47)
    expect(entryContentStart(0, 7)).toBe(55)
  })
})

describe("an entry's lengths", () => {
  const BODY_LENGTH = 24 + 3 + 7
  const addUp = (alter: (frame: Uint8Array) => void, bodyLength = BODY_LENGTH, metadataLength = 0): boolean => {
    const frame = entryFrame(SALT)
    alter(frame)
    const body = new Uint8Array(bodyLength)
    body.set(frame.subarray(FRAME_HEADER_LENGTH, FRAME_HEADER_LENGTH + bodyLength))
    const altered = rawFrame(SALT, { type: ENTRY, metadataLength, body })
    return new FrameReader(SALT, altered, 0).read(0, altered.length) === "entry"
  }
  const unaltered = (): void => undefined

  it("add up in what was written", () => {
    expect(addUp(unaltered)).toBe(true)
  })

  it("do not add up with any other body length or metadata length", () => {
    for (let bodyLength = 0; bodyLength < 60; bodyLength++) {
      expect(addUp(unaltered, bodyLength)).toBe(bodyLength === BODY_LENGTH)
    }
    expect(addUp(unaltered, BODY_LENGTH, 1)).toBe(false)
    expect(addUp(unaltered, BODY_LENGTH, 65_535)).toBe(false)
  })

  it("do not add up without a key, or with one that is too long", () => {
    expect(addUp((frame) => writeU64(frame, 32, 0))).toBe(false)
    expect(addUp((frame) => writeU64(frame, 32, 65_536), 24 + 65_536)).toBe(false)
  })

  it("do not add up when one of them, or the timestamp, is above 2^53 - 1", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.constantFrom(24, 32, 43), unsafeU64s, (at, value) => {
        expect(addUp((frame) => writeU64(frame, at, value))).toBe(false)
      })
    )
  })

  it("do not add up when the content claims another length than is left", () => {
    for (let length = 0; length < 100; length++) {
      expect(addUp((frame) => writeU64(frame, 43, length))).toBe(length === 7)
    }
  })
})
