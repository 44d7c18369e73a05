import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { EMPTY, utf8, viewOf, writeU64 } from "../../../src/internal/format/bytes.js"
import {
  ENTRY,
  FLAG_LAST_OF_WRITE,
  FLAG_MORE,
  FRAME_HEADER_LENGTH,
  sealFrame,
  SYNC_MARK
} from "../../../src/internal/format/frame.js"
import { FrameReader, type FrameStatus } from "../../../src/internal/format/frameReader.js"
import {
  concat,
  entries,
  entryFrame,
  flipBit,
  markFrame,
  rawFrame,
  safeIntegers,
  singleBitFlips,
  toHex,
  u32s,
  unsafeU64s
} from "./frames.js"

const SALT = 0x5a17_0001

const statusOf = (frame: Uint8Array, origin = 0, salt = SALT): FrameStatus =>
  new FrameReader(salt, frame, origin).read(0, frame.length)

/** The body of an entry whose lengths are as given and whose bytes are zeros. */
const entryBody = (length: number, keyLength: number, contentLength: number, timestamp = 0): Uint8Array => {
  const body = new Uint8Array(length)
  writeU64(body, 0, timestamp)
  writeU64(body, 8, keyLength)
  writeU64(body, 16 + keyLength, contentLength)
  return body
}

describe("a frame that verifies", () => {
  it("is read wherever it stands, and its offset is that of the segment", () => {
    FastCheck.assert(
      FastCheck.property(entries, FastCheck.nat(40), safeIntegers, (entry, at, origin) => {
        FastCheck.pre(origin + at <= Number.MAX_SAFE_INTEGER)
        const frame = entryFrame(SALT, entry)
        const block = concat(new Uint8Array(at).fill(0xee), frame, new Uint8Array(9).fill(0xee))
        const reader = new FrameReader(SALT, block, origin)
        expect(reader.read(at, block.length)).toBe("entry")
        expect(reader.offset).toBe(origin + at)
        expect(reader.next).toBe(at + frame.length)
        expect([toHex(reader.key), toHex(reader.content), toHex(reader.metadata)])
          .toEqual([toHex(entry.key), toHex(entry.content), toHex(entry.metadata)])
      })
    )
  })

  it("is believed up to the limit and no further", () => {
    const frame = entryFrame(SALT)
    const reader = new FrameReader(SALT, concat(frame, frame), 0)
    for (let limit = 0; limit < frame.length; limit++) {
      expect(reader.read(0, limit)).toBe("short")
      expect(reader.length).toBe(limit < FRAME_HEADER_LENGTH ? FRAME_HEADER_LENGTH : frame.length)
    }
    expect(reader.read(0, frame.length)).toBe("entry")
  })

  it("tells its flags", () => {
    const flagsOf = (flags: number): ReadonlyArray<boolean> => {
      const frame = entryFrame(SALT, { flags })
      const reader = new FrameReader(SALT, frame, 0)
      reader.read(0, frame.length)
      return [reader.hasMoreOfBatch, reader.isLastOfWrite]
    }
    expect([0, FLAG_MORE, FLAG_LAST_OF_WRITE, FLAG_MORE | FLAG_LAST_OF_WRITE].map(flagsOf))
      .toEqual([[false, false], [true, false], [false, true], [true, true]])
  })

  it("is followed by the next one, in one block and in another", () => {
    const [first, second] = [entryFrame(SALT, { sequence: 1 }), markFrame(SALT, 1, 0)]
    const reader = new FrameReader(SALT, concat(first, second), 128)
    expect(reader.read(0, first.length + second.length)).toBe("entry")
    expect(reader.read(reader.next, first.length + second.length)).toBe("mark")
    expect(reader.offset).toBe(128 + first.length)
    reader.turnTo(second, 128 + first.length)
    expect(reader.read(0, second.length)).toBe("mark")
    expect(reader.offset).toBe(128 + first.length)
  })

  it("gives views of its block and copies nothing", () => {
    const frame = entryFrame(SALT, { metadata: utf8("meta") })
    const reader = new FrameReader(SALT, frame, 0)
    reader.read(0, frame.length)
    expect([reader.key.buffer, reader.content.buffer, reader.metadata.buffer])
      .toEqual([frame.buffer, frame.buffer, frame.buffer])
  })
})

describe("damage", () => {
  it("is seen whichever bit of an entry's frame is turned over", () => {
    const frame = entryFrame(SALT, { flags: FLAG_LAST_OF_WRITE, metadata: utf8("metadata") })
    const statuses = singleBitFlips(frame).map((flipped) => statusOf(flipped))
    expect(new Set(statuses.slice(0, FRAME_HEADER_LENGTH * 8))).toEqual(new Set(["invalid"]))
    expect(new Set(statuses.slice(FRAME_HEADER_LENGTH * 8))).toEqual(new Set(["damagedBody"]))
  })

  it("is seen whichever bit of a mark's frame is turned over", () => {
    const statuses = singleBitFlips(markFrame(SALT, 7, 200)).map((flipped) => statusOf(flipped, 200))
    expect(new Set(statuses.slice(0, FRAME_HEADER_LENGTH * 8))).toEqual(new Set(["invalid"]))
    expect(new Set(statuses.slice(FRAME_HEADER_LENGTH * 8))).toEqual(new Set(["damagedBody"]))
  })

  it("of one bit is seen in any entry", () => {
    FastCheck.assert(
      FastCheck.property(u32s, entries, FastCheck.nat(), (salt, entry, bit) => {
        const frame = entryFrame(salt, entry)
        const flipped = flipBit(frame, bit % (frame.length * 8))
        expect(["invalid", "damagedBody"]).toContain(statusOf(flipped, 0, salt))
      })
    )
  })

  it("of the body leaves a length and a sequence that can be believed", () => {
    const frame = entryFrame(SALT, { sequence: 99 })
    const reader = new FrameReader(SALT, flipBit(frame, 30 * 8), 0)
    expect(reader.read(0, frame.length)).toBe("damagedBody")
    expect(reader.sequence).toBe(99)
    expect(reader.length).toBe(frame.length)
  })

  it("is what stands behind the body and is not zero", () => {
    const frame = entryFrame(SALT, { key: utf8("k"), content: EMPTY })
    expect(statusOf(frame)).toBe("entry")
    for (let at = FRAME_HEADER_LENGTH + 25; at < frame.length; at++) {
      expect(statusOf(frame.with(at, 1))).toBe("damagedBody")
    }
  })

  it("is a sequence above 2^53 - 1", () => {
    FastCheck.assert(
      FastCheck.property(unsafeU64s, (sequence) => {
        expect(statusOf(entryFrame(SALT, { sequence }))).toBe("damagedBody")
        expect(statusOf(markFrame(SALT, sequence, 0))).toBe("damagedBody")
      })
    )
  })

  it("is a timestamp or a length above 2^53 - 1", () => {
    FastCheck.assert(
      FastCheck.property(unsafeU64s, (value) => {
        expect(statusOf(entryFrame(SALT, { timestamp: value }))).toBe("damagedBody")
        const keyLength = entryBody(25, 1, 0)
        writeU64(keyLength, 8, value)
        expect(statusOf(rawFrame(SALT, { type: ENTRY, body: keyLength }))).toBe("damagedBody")
        const contentLength = entryBody(25, 1, 0)
        writeU64(contentLength, 17, value)
        expect(statusOf(rawFrame(SALT, { type: ENTRY, body: contentLength }))).toBe("damagedBody")
      })
    )
  })

  it("is an entry whose lengths do not add up", () => {
    const frameOf = (body: Uint8Array, metadataLength = 0): Uint8Array =>
      rawFrame(SALT, { type: ENTRY, body, metadataLength })
    expect(statusOf(frameOf(entryBody(28, 2, 2)))).toBe("entry")
    expect(statusOf(frameOf(entryBody(28, 2, 1), 1))).toBe("entry")
    expect(statusOf(frameOf(entryBody(28, 2, 1)))).toBe("damagedBody")
    expect(statusOf(frameOf(entryBody(28, 2, 3)))).toBe("damagedBody")
    expect(statusOf(frameOf(entryBody(28, 2, 2), 1))).toBe("damagedBody")
    expect(statusOf(frameOf(entryBody(28, 2, 2), 65_535))).toBe("damagedBody")
    expect(statusOf(frameOf(entryBody(28, 0, 4)))).toBe("damagedBody")
    expect(statusOf(frameOf(entryBody(65_560, 65_536, 0)))).toBe("damagedBody")
    expect(statusOf(frameOf(new Uint8Array(23)))).toBe("damagedBody")
    expect(statusOf(frameOf(EMPTY))).toBe("damagedBody")
  })

  it("is an entry whose body ends before its key, whatever follows it in the block", () => {
    const frame = rawFrame(SALT, { type: ENTRY, body: entryBody(16 + 8 + 8, 8, 0).subarray(0, 24) })
    expect(statusOf(concat(frame, new Uint8Array(64)))).toBe("damagedBody")
  })

  it("is a mark whose body is not 8 bytes", () => {
    for (const length of [0, 7, 9, 16]) {
      expect(statusOf(rawFrame(SALT, { type: SYNC_MARK, body: new Uint8Array(length) }))).toBe("damagedBody")
    }
  })
})

describe("a mark", () => {
  it("claims at most its own offset", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.nat(1000), FastCheck.nat(1000), (offset, claim) => {
        expect(statusOf(markFrame(SALT, 1, claim), offset)).toBe(claim <= offset ? "mark" : "damagedBody")
      })
    )
  })

  it("counts its own offset from the segment's beginning, not from the block's", () => {
    const block = concat(entryFrame(SALT), markFrame(SALT, 1, 500))
    const at = block.length - 32
    expect(new FrameReader(SALT, block, 500 - at).read(at, block.length)).toBe("mark")
    expect(new FrameReader(SALT, block, 499 - at).read(at, block.length)).toBe("damagedBody")
  })

  it("that claims more than 2^53 - 1 is none", () => {
    FastCheck.assert(
      FastCheck.property(unsafeU64s, (claim) => {
        expect(statusOf(markFrame(SALT, 1, claim), Number.MAX_SAFE_INTEGER)).toBe("damagedBody")
      })
    )
  })
})

describe("what a later version wrote", () => {
  it("is unknown by its type", () => {
    for (let type = 3; type <= 255; type++) {
      expect(statusOf(rawFrame(SALT, { type, body: utf8("later") }))).toBe("unknown")
    }
  })

  it("is unknown by its flags, in entries and marks", () => {
    for (let flags = 4; flags <= 255; flags++) {
      expect(statusOf(entryFrame(SALT, { flags }))).toBe("unknown")
      expect(statusOf(markFrame(SALT, 1, 0, flags))).toBe("unknown")
    }
  })

  it("is told from damage: one bit more and it does not verify", () => {
    const frame = rawFrame(SALT, { type: 3, body: utf8("later") })
    for (const flipped of singleBitFlips(frame)) {
      expect(["invalid", "damagedBody"]).toContain(statusOf(flipped))
    }
  })
})

describe("what is no frame", () => {
  it("is type 0, even under checksums that are right", () => {
    expect(statusOf(rawFrame(SALT, { type: 0, body: utf8("zero") }))).toBe("invalid")
  })

  it("is zeros under every salt", () => {
    FastCheck.assert(
      FastCheck.property(u32s, FastCheck.integer({ min: 24, max: 200 }), (salt, length) => {
        expect(statusOf(new Uint8Array(length), 0, salt)).toBe("invalid")
      })
    )
  })

  it("is a frame of another segment", () => {
    FastCheck.assert(
      FastCheck.property(u32s, u32s, entries, (salt, other, entry) => {
        FastCheck.pre(salt !== other)
        expect(statusOf(entryFrame(salt, entry), 0, other)).toBe("invalid")
        expect(statusOf(markFrame(salt, entry.sequence, 0), 0, other)).toBe("invalid")
      })
    )
  })

  it("is arbitrary bytes", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.uint8Array({ minLength: 24, maxLength: 120 }), u32s, (bytes, salt) => {
        expect(statusOf(bytes, 0, salt)).toBe("invalid")
      })
    )
  })

  it("does not keep what the last frame's length was", () => {
    const frame = entryFrame(SALT)
    const reader = new FrameReader(SALT, concat(frame, new Uint8Array(4)), 0)
    reader.read(0, frame.length + 4)
    expect(reader.read(reader.next, frame.length + 4)).toBe("short")
    expect(reader.length).toBe(FRAME_HEADER_LENGTH)
  })
})

describe("a length that lies", () => {
  it("is answered as short, and what it says is left to the caller to believe", () => {
    const frame = rawFrame(SALT, { type: ENTRY, body: entryBody(25, 1, 0) })
    frame.set([0xff, 0xff, 0xff, 0xff], 8)
    sealFrame(viewOf(frame), 0, SALT, 0)
    const reader = new FrameReader(SALT, frame, 0)
    expect(reader.read(0, frame.length)).toBe("short")
    expect(reader.length).toBe(2 ** 32 + 24)
  })
})
