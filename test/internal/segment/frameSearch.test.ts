import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { utf8, viewOf } from "../../../src/internal/format/bytes.js"
import { ENTRY, FLAG_MORE, sealFrame } from "../../../src/internal/format/frame.js"
import { FrameSearch, type Search } from "../../../src/internal/segment/frameSearch.js"
import { concat, entryFrame, flipBit, markFrame, rawFrame, u32s } from "../format/frames.js"
import { drive } from "./drive.js"

const SALT = 0x5a17_0002

const nothing: Search = {
  claimed: 0,
  claimedBy: 0,
  first: undefined,
  lowestEntry: 0,
  highestEntry: 0,
  unknown: "none"
}

const searchUpTo = (start: number, limit: number, salt = SALT): FrameSearch =>
  new FrameSearch(salt, start, limit, 0, "end")

/** Searches `bytes` as if they stood at the offset `start` of a segment. */
const search = (bytes: Uint8Array, start = 0, blockLength = 1 << 20, salt = SALT): Search => {
  const walk = searchUpTo(start, start + bytes.length, salt)
  drive(concat(new Uint8Array(start), bytes), walk, blockLength)
  return walk.result()
}

const garbage = (length: number): Uint8Array => new Uint8Array(length).fill(0xee)

/** An entry frame whose length, under a header that verifies, is whatever is said. */
const lyingFrame = (bodyLength: number): Uint8Array => {
  const frame = rawFrame(SALT, { type: ENTRY, body: new Uint8Array(32) })
  new DataView(frame.buffer).setUint32(8, bodyLength, true)
  sealFrame(viewOf(frame), 0, SALT, 0)
  return frame
}

describe("a search", () => {
  it("finds nothing in nothing, in garbage and in zeros", () => {
    expect(search(new Uint8Array(0))).toEqual(nothing)
    expect(search(garbage(23))).toEqual(nothing)
    expect(search(garbage(4096))).toEqual(nothing)
    expect(search(new Uint8Array(4096))).toEqual(nothing)
  })

  it("finds an entry at every multiple of 8 behind garbage", () => {
    for (let at = 0; at <= 256; at += 8) {
      const found = search(concat(garbage(at), entryFrame(SALT, { sequence: 42 }), garbage(40)), 128)
      expect(found).toEqual({
        ...nothing,
        first: { kind: "entry", offset: 128 + at, sequence: 42, batch: "last" },
        lowestEntry: 42,
        highestEntry: 42
      })
    }
  })

  it("finds a mark at every multiple of 8 behind garbage, and what it claims", () => {
    for (let at = 0; at <= 256; at += 8) {
      const found = search(concat(garbage(at), markFrame(SALT, 42, 100)), 128)
      expect(found).toEqual({
        ...nothing,
        claimed: 100,
        claimedBy: 128 + at,
        first: { kind: "mark", offset: 128 + at, sequence: 42, batch: "last" }
      })
    }
  })

  it("finds nothing that stands elsewhere than at a multiple of 8", () => {
    for (let at = 1; at < 8; at++) {
      expect(search(concat(garbage(at), markFrame(SALT, 42, 0), garbage(16)))).toEqual(nothing)
    }
  })

  it("finds the same in blocks of every size", () => {
    const bytes = concat(
      garbage(40),
      entryFrame(SALT, { sequence: 5, content: garbage(200) }),
      flipBit(entryFrame(SALT, { sequence: 6, content: garbage(100) }), 400),
      markFrame(SALT, 6, 77),
      garbage(16),
      entryFrame(SALT, { sequence: 4 }),
      markFrame(SALT, 6, 50),
      entryFrame(SALT, { sequence: 9 }),
      lyingFrame(2 ** 32 - 1),
      garbage(11)
    )
    const whole = search(bytes, 128)
    expect(whole).toMatchObject({ claimed: 77, lowestEntry: 4, highestEntry: 9, unknown: "none" })
    expect(whole.first).toEqual({ kind: "entry", offset: 168, sequence: 5, batch: "last" })
    for (let blockLength = 1; blockLength <= bytes.length; blockLength++) {
      expect(search(bytes, 128, blockLength)).toEqual(whole)
    }
  })

  it("takes the largest claim, and the mark that first made it", () => {
    const found = search(
      concat(markFrame(SALT, 1, 5), markFrame(SALT, 2, 9), markFrame(SALT, 3, 9), markFrame(SALT, 4, 7)),
      128
    )
    expect(found).toMatchObject({ claimed: 9, claimedBy: 160 })
  })

  it("does not believe a mark that claims more than its own offset", () => {
    expect(search(markFrame(SALT, 1, 129), 128)).toEqual(nothing)
    expect(search(markFrame(SALT, 1, 128), 128).claimed).toBe(128)
  })

  it("does not look inside frames that verify: a content may be anything", () => {
    const content = concat(garbage(5), markFrame(SALT, 1, 60), entryFrame(SALT, { sequence: 900 }))
    const outer = entryFrame(SALT, { sequence: 3, key: utf8("key"), content })
    expect(search(outer, 128)).toEqual({
      ...nothing,
      first: { kind: "entry", offset: 128, sequence: 3, batch: "last" },
      lowestEntry: 3,
      highestEntry: 3
    })
  })

  it("looks inside a frame whose body is damaged", () => {
    const outer = entryFrame(SALT, { sequence: 3, content: concat(garbage(5), markFrame(SALT, 2, 60)) })
    const at = outer.length - 32
    expect(search(flipBit(outer, 50 * 8), 128)).toMatchObject({ claimed: 60, claimedBy: 128 + at, highestEntry: 0 })
  })

  it("goes on behind a frame whose length points past the end, and never asks for that much", () => {
    const bytes = concat(lyingFrame(2 ** 32 - 1), markFrame(SALT, 1, 0))
    const walk = searchUpTo(128, 128 + bytes.length)
    const longest = drive(concat(new Uint8Array(128), bytes), walk, 1)
    expect(walk.result().first).toMatchObject({ kind: "mark", offset: 128 + bytes.length - 32 })
    expect(longest).toBeLessThanOrEqual(bytes.length)
  })

  it("believes nothing beyond its limit", () => {
    const mark = markFrame(SALT, 1, 100)
    const walk = searchUpTo(128, 128 + mark.length - 1)
    drive(concat(new Uint8Array(128), mark), walk, 8)
    expect(walk.result()).toEqual(nothing)
  })

  it("ends at once when there is no room for a frame", () => {
    expect(searchUpTo(128, 151).isDone).toBe(true)
    expect(searchUpTo(128, 152).isDone).toBe(false)
    expect(searchUpTo(500, 128).isDone).toBe(true)
  })

  it("ends where the file ends, when that is shorter than it was said to be", () => {
    const bytes = concat(new Uint8Array(128), entryFrame(SALT, { sequence: 7 }))
    const walk = searchUpTo(128, 100_000)
    drive(bytes, walk, 64)
    expect(walk.result().highestEntry).toBe(7)
  })

  it("says that it met a frame of a later version, and takes nothing else from it", () => {
    const later = rawFrame(SALT, { type: 3, sequence: 50, body: utf8("later") })
    expect(search(later)).toEqual({ ...nothing, unknown: "found" })
    expect(search(flipBit(later, 100))).toEqual(nothing)
    expect(search(concat(later, entryFrame(SALT, { sequence: 51 })))).toMatchObject({
      highestEntry: 51,
      unknown: "found"
    })
  })

  it("finds nothing of another segment", () => {
    FastCheck.assert(
      FastCheck.property(u32s, u32s, (salt, other) => {
        FastCheck.pre(salt !== other)
        const bytes = concat(entryFrame(salt), markFrame(salt, 1, 0), rawFrame(salt, { type: 9, body: utf8("later") }))
        expect(search(bytes, 0, 1 << 20, other)).toEqual(nothing)
      })
    )
  })

  it("finds every frame among garbage, in whatever order the sequences are", () => {
    const pieces = FastCheck.oneof(
      FastCheck.record({
        kind: FastCheck.constant("garbage" as const),
        sequence: FastCheck.integer({ min: 1, max: 9 })
      }),
      FastCheck.record({
        kind: FastCheck.constant("entry" as const),
        sequence: FastCheck.integer({ min: 1, max: 1000 })
      })
    )
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(pieces, { maxLength: 12 }),
        FastCheck.integer({ min: 1, max: 300 }),
        (pieces, blockLength) => {
          const bytes = concat(
            ...pieces.map(({ kind, sequence }) =>
              kind === "entry" ? entryFrame(SALT, { sequence }) : garbage(8 * sequence)
            )
          )
          const found = search(bytes, 128, blockLength)
          const sequences = pieces.filter(({ kind }) => kind === "entry").map(({ sequence }) => sequence)
          expect(found.first?.sequence).toBe(sequences[0])
          expect(found.lowestEntry).toBe(sequences.length === 0 ? 0 : Math.min(...sequences))
          expect(found.highestEntry).toBe(Math.max(0, ...sequences))
        }
      )
    )
  })
})

describe("a search for the first frame that can follow a sequence", () => {
  const firstAfter = (bytes: Uint8Array, after: number, blockLength = 1 << 20): Search["first"] => {
    const walk = new FrameSearch(SALT, 128, 128 + bytes.length, after, "first")
    drive(concat(new Uint8Array(128), bytes), walk, blockLength)
    return walk.result().first
  }

  it("passes over entries up to that sequence, and marks below it", () => {
    const bytes = concat(
      garbage(8),
      markFrame(SALT, 9, 0),
      entryFrame(SALT, { sequence: 10 }),
      entryFrame(SALT, { sequence: 12, flags: FLAG_MORE }),
      entryFrame(SALT, { sequence: 13 })
    )
    const length = entryFrame(SALT).length
    expect(firstAfter(bytes, 9)).toEqual({ kind: "mark", offset: 136, sequence: 9, batch: "last" })
    for (let blockLength = 1; blockLength <= bytes.length; blockLength++) {
      expect(firstAfter(bytes, 10, blockLength))
        .toEqual({ kind: "entry", offset: 168 + length, sequence: 12, batch: "more" })
    }
    expect(firstAfter(bytes, 12)).toEqual({ kind: "entry", offset: 168 + 2 * length, sequence: 13, batch: "last" })
    expect(firstAfter(bytes, 13)).toBeUndefined()
  })

  it("ends there: it does not read on", () => {
    const bytes = concat(entryFrame(SALT, { sequence: 2 }), entryFrame(SALT, { sequence: 7 }))
    const walk = new FrameSearch(SALT, 128, 128 + bytes.length, 1, "first")
    walk.feed(bytes)
    expect(walk.isDone).toBe(true)
    expect(walk.result().highestEntry).toBe(2)
  })
})
