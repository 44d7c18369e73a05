import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { utf8, viewOf } from "../../../src/internal/format/bytes.js"
import { ENTRY, FLAG_LAST_OF_WRITE, FLAG_MORE, sealFrame } from "../../../src/internal/format/frame.js"
import { type Scan, SegmentScanner } from "../../../src/internal/segment/segmentScanner.js"
import { entryFrame, flipBit, rawFrame, toHex } from "../format/frames.js"
import { drive } from "./drive.js"
import {
  BASE,
  endsAt,
  entry,
  header,
  indexed,
  mark,
  member,
  offsets,
  offsetsOfKey,
  SALT,
  scan,
  segment,
  withoutIndex
} from "./segments.js"

const lyingFrame = (sequence: number, bodyLength: number): Uint8Array => {
  const frame = rawFrame(SALT, { type: ENTRY, sequence, body: new Uint8Array(64) })
  new DataView(frame.buffer).setUint32(8, bodyLength, true)
  sealFrame(viewOf(frame), 0, SALT, 0)
  return frame
}

describe("a walk over whole frames", () => {
  it("of an empty segment ends at the header", () => {
    expect(withoutIndex(scan(segment()))).toEqual({
      index: [],
      lastSequence: BASE - 1,
      dataLength: 128,
      entryEnd: 128,
      validEnd: 128,
      validSequence: BASE - 1,
      claimed: 0,
      lowestTimestamp: 0,
      highestTimestamp: 0,
      end: { _tag: "EndOfData" },
      gaps: []
    })
  })

  it("indexes every entry, and takes the marks' claims", () => {
    const frames = [
      mark(BASE - 1, 128),
      entry(BASE, { timestamp: 10 }),
      entry(BASE + 1, { timestamp: 20 }),
      mark(BASE + 1, 160),
      entry(BASE + 2, { timestamp: 20, key: utf8("other") }),
      mark(BASE + 2, 150)
    ]
    const found = scan(segment(...frames))
    const [, first = 0, second = 0, third = 0, fourth = 0, fifth = 0, end] = offsets(...frames)
    expect(third - second).toBe(second - first)
    expect(withoutIndex(found)).toEqual({
      index: [first, second, fourth],
      lastSequence: BASE + 2,
      dataLength: end,
      entryEnd: fifth,
      validEnd: end,
      validSequence: BASE + 2,
      claimed: 160,
      lowestTimestamp: 10,
      highestTimestamp: 20,
      end: { _tag: "EndOfData" },
      gaps: []
    })
    expect(offsetsOfKey(found, utf8("key"))).toEqual([first, second])
    expect(offsetsOfKey(found, utf8("other"))).toEqual([fourth])
    expect(offsetsOfKey(found, utf8("none"))).toEqual([])
  })

  it("finds the same in blocks of every size", () => {
    const bytes = segment(
      entry(BASE),
      mark(BASE, 128),
      member(BASE + 1),
      member(BASE + 2),
      entry(BASE + 3, { flags: FLAG_LAST_OF_WRITE, content: new Uint8Array(300), metadata: utf8("meta") }),
      entry(BASE + 4),
      member(BASE + 5),
      flipBit(entry(BASE + 6), 300),
      entry(BASE + 7)
    )
    const whole = withoutIndex(scan(bytes))
    expect(whole).toMatchObject({ lastSequence: BASE + 4, validSequence: BASE + 5, end: { _tag: "NoFrame" } })
    for (let blockLength = 1; blockLength <= bytes.length; blockLength++) {
      expect(withoutIndex(scan(bytes, blockLength))).toEqual(whole)
    }
  })

  it("finds what was written, whatever it was and however it was batched", () => {
    const written = FastCheck.array(
      FastCheck.record({
        key: FastCheck.uint8Array({ minLength: 1, maxLength: 3 }),
        content: FastCheck.uint8Array({ maxLength: 60 }),
        flags: FastCheck.integer({ min: 0, max: 3 }),
        marked: FastCheck.boolean()
      }),
      { maxLength: 20 }
    )
    FastCheck.assert(
      FastCheck.property(written, FastCheck.integer({ min: 1, max: 400 }), (written, blockLength) => {
        const frames: Array<Uint8Array> = []
        const expected: Array<number> = []
        const keys = new Map<string, Array<number>>()
        for (const [index, { content, flags, key, marked }] of written.entries()) {
          const isLast = index === written.length - 1
          const offset = offsets(...frames).at(-1) ?? 0
          expected.push(offset)
          keys.set(toHex(key), [...(keys.get(toHex(key)) ?? []), offset])
          frames.push(
            entry(BASE + index, { key, content, flags: isLast ? flags & ~FLAG_MORE : flags, timestamp: index })
          )
          if (marked && (flags & FLAG_MORE) === 0) {
            frames.push(mark(BASE + index, offset))
          }
        }
        const found = scan(segment(...frames), blockLength)
        expect(indexed(found)).toEqual(expected)
        expect(found.end).toEqual({ _tag: "EndOfData" })
        expect(found.lastSequence).toBe(BASE + written.length - 1)
        expect(found.dataLength).toBe(offsets(...frames).at(-1))
        for (const [hex, ofKey] of keys) {
          expect(offsetsOfKey(found, Uint8Array.from(Buffer.from(hex, "hex")))).toEqual(ofKey)
        }
      })
    )
  })
})

describe("a batch", () => {
  it("that is unfinished at the end is not counted, though its frames verify", () => {
    const frames = [entry(BASE), member(BASE + 1), member(BASE + 2)]
    const [, second = 0, , end] = offsets(...frames)
    const found = scan(segment(...frames))
    expect(found).toMatchObject({
      dataLength: second,
      entryEnd: second,
      lastSequence: BASE,
      validEnd: end,
      validSequence: BASE + 2,
      end: { _tag: "EndOfData" }
    })
    expect(indexed(found)).toEqual([128])
    expect(found.highestTimestamp).toBe(found.lowestTimestamp)
  })

  it("counts as a whole with its last member", () => {
    const frames = [member(BASE), member(BASE + 1), entry(BASE + 2)]
    const found = scan(segment(...frames))
    expect(found).toMatchObject({ lastSequence: BASE + 2, dataLength: offsets(...frames).at(-1) })
    expect(indexed(found)).toEqual(offsets(...frames).slice(0, 3))
  })

  it("is cut by a frame that does not verify, and its timestamps do not count", () => {
    const frames = [
      entry(BASE, { timestamp: 10 }),
      entry(BASE + 1, { timestamp: 99, flags: FLAG_MORE }),
      flipBit(entry(BASE + 2), 300)
    ]
    const found = scan(segment(...frames))
    expect(found).toMatchObject({ lastSequence: BASE, dataLength: offsets(...frames)[1], highestTimestamp: 10 })
    expect(found.validEnd).toBe(offsets(...frames)[2])
  })

  it("has no mark inside", () => {
    const frames = [member(BASE), mark(BASE, 0), entry(BASE + 1)]
    const found = scan(segment(...frames))
    expect(endsAt(found)).toEqual(["NoFrame", offsets(...frames)[1], BASE - 1])
  })
})

describe("a walk ends", () => {
  const whole = [entry(BASE), entry(BASE + 1)]
  const end = offsets(...whole).at(-1) ?? 0
  const after = (...frames: ReadonlyArray<Uint8Array>): Scan => scan(segment(...whole, ...frames))

  it("at a gap in the sequences", () => {
    expect(endsAt(after(entry(BASE + 3)))).toEqual(["NoFrame", end, BASE + 1])
  })

  it("at a stale frame with a lower sequence, and at one that repeats the last", () => {
    expect(endsAt(after(entry(BASE)))).toEqual(["NoFrame", end, BASE + 1])
    expect(endsAt(after(entry(BASE + 1)))).toEqual(["NoFrame", end, BASE + 1])
    expect(endsAt(scan(segment(entry(BASE - 1))))).toEqual(["NoFrame", 128, BASE - 1])
  })

  it("at a mark of another sequence, whose claim then does not count", () => {
    for (const sequence of [BASE, BASE + 2]) {
      const found = after(mark(sequence, 130))
      expect(endsAt(found)).toEqual(["NoFrame", end, BASE + 1])
      expect(found.claimed).toBe(0)
    }
  })

  it("at a mark that claims more than its own offset", () => {
    expect(endsAt(after(mark(BASE + 1, end + 1)))).toEqual(["NoFrame", end, BASE + 1])
    expect(after(mark(BASE + 1, end)).claimed).toBe(end)
  })

  it("at a timestamp above 2^53 - 1", () => {
    expect(endsAt(after(entry(BASE + 2, { timestamp: 2 ** 53 })))).toEqual(["NoFrame", end, BASE + 1])
  })

  it("at a sequence above 2^53 - 1", () => {
    const highest = Number.MAX_SAFE_INTEGER
    const bytes = segment(entry(highest), entry(2 ** 53))
    const scanner = new SegmentScanner({ salt: SALT, baseSequence: highest }, bytes.length)
    drive(bytes, scanner, 1 << 20)
    expect(scanner.result()).toMatchObject({ lastSequence: highest, end: { _tag: "NoFrame" } })
  })

  it("at a frame of another segment", () => {
    expect(endsAt(after(entryFrame(SALT + 1, { sequence: BASE + 2 })))).toEqual(["NoFrame", end, BASE + 1])
  })

  it("at zeros and at garbage, however long", () => {
    for (const length of [1, 7, 8, 23, 24, 32, 1000]) {
      expect(endsAt(after(new Uint8Array(length)))).toEqual(["NoFrame", end, BASE + 1])
      expect(endsAt(after(new Uint8Array(length).fill(0xee)))).toEqual(["NoFrame", end, BASE + 1])
    }
  })

  it("at a frame of a later version, which is told from damage", () => {
    const later = rawFrame(SALT, { type: 3, sequence: BASE + 2, body: utf8("later") })
    expect(endsAt(after(later))).toEqual(["Unknown", end, BASE + 1])
    expect(endsAt(after(entry(BASE + 2, { flags: 4 })))).toEqual(["Unknown", end, BASE + 1])
    expect(endsAt(after(flipBit(later, 200)))).toEqual(["NoFrame", end, BASE + 1])
  })

  it("at the first bit that is turned over, wherever that is", () => {
    const third = entry(BASE + 2, { metadata: utf8("meta") })
    for (let bit = 0; bit < third.length * 8; bit++) {
      expect(endsAt(after(flipBit(third, bit), entry(BASE + 3)))).toEqual(["NoFrame", end, BASE + 1])
    }
  })

  it("at the last whole frame when the bytes are cut anywhere", () => {
    const frames = [entry(BASE), mark(BASE, 128), entry(BASE + 1), entry(BASE + 2)]
    const bytes = segment(...frames)
    const ends = offsets(...frames)
    for (let length = 128; length <= bytes.length; length++) {
      const found = scan(bytes.subarray(0, length))
      const validEnd = ends.findLast((offset) => offset <= length)
      expect(found.validEnd).toBe(validEnd)
      expect(found.dataLength).toBe(validEnd)
      expect(found.end._tag).toBe(length === validEnd ? "EndOfData" : "NoFrame")
    }
  })
})

describe("the limit", () => {
  const frames = [entry(BASE), entry(BASE + 1), entry(BASE + 2)]
  const bytes = segment(...frames)
  const [, second = 0, third = 0] = offsets(...frames)

  it("is where the frames end, whatever verifies behind it", () => {
    expect(endsAt(scan(bytes, 1 << 20, third))).toEqual(["EndOfData", third, BASE + 1])
    expect(endsAt(scan(bytes, 1, second))).toEqual(["EndOfData", second, BASE])
  })

  it("within a frame ends the walk before that frame", () => {
    expect(endsAt(scan(bytes, 1 << 20, third - 1))).toEqual(["NoFrame", second, BASE])
    expect(endsAt(scan(bytes, 1, second + 1))).toEqual(["NoFrame", second, BASE])
  })

  it("before the frames ends the walk before anything is read", () => {
    for (const limit of [0, 1, 127]) {
      const scanner = new SegmentScanner(header, limit)
      expect(scanner.isDone).toBe(true)
      expect(endsAt(scanner.result())).toEqual(["NoFrame", 128, BASE - 1])
    }
  })

  it("beyond the file ends the walk where the file ends", () => {
    expect(endsAt(scan(bytes, 64, 100_000))).toEqual(["EndOfData", bytes.length, BASE + 2])
  })

  it("bounds what is read: a length that points past it is never asked for", () => {
    for (const bodyLength of [1000, 2 ** 31, 2 ** 32 - 1]) {
      const lying = segment(entry(BASE), lyingFrame(BASE + 1, bodyLength))
      const scanner = new SegmentScanner(header, lying.length)
      expect(drive(lying, scanner, 1)).toBeLessThanOrEqual(lying.length)
      expect(endsAt(scanner.result())).toEqual(["NoFrame", second, BASE])
    }
  })

  it("leaves a frame that is longer than a block to be asked for whole", () => {
    const long = segment(entry(BASE, { content: new Uint8Array(10_000) }), entry(BASE + 1))
    const scanner = new SegmentScanner(header, long.length)
    expect(drive(long, scanner, 512)).toBeGreaterThan(10_000)
    expect(scanner.result()).toMatchObject({ lastSequence: BASE + 1, end: { _tag: "EndOfData" } })
  })
})
