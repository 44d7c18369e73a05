import { describe, expect, it } from "@effect/vitest"
import { utf8 } from "../../../src/internal/format/bytes.js"
import { FrameSearch } from "../../../src/internal/segment/frameSearch.js"
import { type Scan, SegmentScanner } from "../../../src/internal/segment/segmentScanner.js"
import { flipBit, rawFrame } from "../format/frames.js"
import { drive } from "./drive.js"
import { BASE, endsAt, entry, header, indexed, mark, member, offsets, SALT, segment, withoutIndex } from "./segments.js"

describe("a walk that steps over gaps", () => {
  /** As a salvaging reader does: on from the next frame that can follow, until there is none. */
  const salvage = (bytes: Uint8Array, blockLength = 1 << 20): Scan => {
    const scanner = new SegmentScanner(header, bytes.length)
    for (;;) {
      drive(bytes, scanner, blockLength)
      const gap = scanner.gapBegins
      const found = gap === undefined ? undefined : firstFrame(bytes, gap)
      if (found === undefined) {
        return scanner.result()
      }
      scanner.resumeAt(found)
    }
  }

  const firstFrame = (
    bytes: Uint8Array,
    { after, position }: { readonly position: number; readonly after: number }
  ) => {
    const search = new FrameSearch(SALT, position, bytes.length, after, "first")
    drive(bytes, search, 1 << 20)
    return search.result().first
  }

  const damagedHeader = (frame: Uint8Array): Uint8Array => flipBit(frame, 0)
  const damagedContent = (frame: Uint8Array): Uint8Array => flipBit(frame, 8 * 52)

  it("names what is lost, and the key where the header survives", () => {
    const frames = [entry(BASE), damagedContent(entry(BASE + 1)), entry(BASE + 2)]
    const [, second, third] = offsets(...frames)
    const found = salvage(segment(...frames))
    expect(found.gaps).toEqual([
      { first: BASE + 1, last: BASE + 1, startOffset: second, endOffset: third, keys: [utf8("key")] }
    ])
    expect(indexed(found)).toEqual([128, third])
    expect(found).toMatchObject({ lastSequence: BASE + 2, end: { _tag: "EndOfData" } })
  })

  it("names what is lost without its header by what stands around it", () => {
    const frames = [entry(BASE), damagedHeader(entry(BASE + 1)), damagedHeader(entry(BASE + 2)), entry(BASE + 3)]
    const [, second, , fourth] = offsets(...frames)
    expect(salvage(segment(...frames)).gaps)
      .toEqual([{ first: BASE + 1, last: BASE + 2, startOffset: second, endOffset: fourth, keys: [] }])
  })

  it("finds the same in blocks of every size", () => {
    const bytes = segment(
      entry(BASE),
      damagedContent(entry(BASE + 1)),
      damagedHeader(entry(BASE + 2)),
      entry(BASE + 3),
      mark(BASE + 3, 128),
      damagedHeader(entry(BASE + 4)),
      entry(BASE + 5)
    )
    const whole = withoutIndex(salvage(bytes))
    expect(whole).toMatchObject({ lastSequence: BASE + 5, claimed: 128 })
    for (let blockLength = 1; blockLength <= bytes.length; blockLength++) {
      expect(withoutIndex(salvage(bytes, blockLength))).toEqual(whole)
    }
  })

  it("loses a batch as a whole when one of its members is damaged", () => {
    for (const damaged of [0, 1, 2]) {
      const batch = [member(BASE + 1), member(BASE + 2), entry(BASE + 3)]
      const frames = [
        entry(BASE),
        ...batch.map((frame, index) => index === damaged ? damagedContent(frame) : frame),
        entry(BASE + 4)
      ]
      const [, second, , , fifth = 0] = offsets(...frames)
      const found = salvage(segment(...frames))
      expect(indexed(found)).toEqual([128, fifth])
      expect(found.gaps).toHaveLength(1)
      expect(found.gaps[0]).toMatchObject({ first: BASE + 1, last: BASE + 3, startOffset: second, endOffset: fifth })
    }
  })

  it("serves no member of a batch that has begun and whose next header is damaged", () => {
    const frames = [entry(BASE), member(BASE + 1), damagedHeader(member(BASE + 2)), entry(BASE + 3), entry(BASE + 4)]
    const [, second, , , fifth = 0] = offsets(...frames)
    const found = salvage(segment(...frames))
    expect(indexed(found)).toEqual([128, fifth])
    expect(found.gaps).toHaveLength(1)
    expect(found.gaps[0]).toMatchObject({ first: BASE + 1, last: BASE + 3, startOffset: second, endOffset: fifth })
  })

  it("serves no member of a batch that is damaged twice", () => {
    const frames = [
      damagedContent(member(BASE)),
      member(BASE + 1),
      damagedHeader(member(BASE + 2)),
      entry(BASE + 3),
      entry(BASE + 4)
    ]
    expect(indexed(salvage(segment(...frames)))).toEqual([offsets(...frames)[4]])
  })

  it("knows by a mark that a damaged batch is over", () => {
    const frames = [damagedContent(member(BASE)), damagedHeader(entry(BASE + 1)), mark(BASE + 1, 128), entry(BASE + 2)]
    const found = salvage(segment(...frames))
    expect(indexed(found)).toEqual([offsets(...frames)[3]])
    expect(found.gaps).toHaveLength(1)
    expect(found.gaps[0]).toMatchObject({ first: BASE, last: BASE + 1 })
  })

  it("loses nothing when a mark is damaged", () => {
    const frames = [
      entry(BASE),
      damagedHeader(mark(BASE, 0)),
      entry(BASE + 1),
      flipBit(mark(BASE + 1, 0), 200),
      entry(BASE + 2)
    ]
    const [first = 0, , third = 0, , fifth = 0] = offsets(...frames)
    const found = salvage(segment(...frames))
    expect(indexed(found)).toEqual([first, third, fifth])
    expect(found.gaps).toEqual([])
  })

  it("does not go on behind a frame of a later version", () => {
    const frames = [entry(BASE), rawFrame(SALT, { type: 3, sequence: BASE + 1, body: utf8("later") }), entry(BASE + 2)]
    expect(endsAt(salvage(segment(...frames)))).toEqual(["Unknown", offsets(...frames)[1], BASE])
  })
})
