import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { viewOf } from "../../../src/internal/format/bytes.js"
import { ENTRY, FRAME_HEADER_LENGTH } from "../../../src/internal/format/frame.js"
import { FrameReader, type FrameStatus } from "../../../src/internal/format/frameReader.js"
import { endOfWholeRun } from "../../../src/internal/format/frameRun.js"
import {
  concat,
  entries,
  entryFrame,
  flipBit,
  markFrame,
  rawFrame,
  sequences,
  singleBitFlips,
  u32s,
  unsafeU64s
} from "./frames.js"

const SALT = 0xca5e_0007

interface Seen {
  readonly status: FrameStatus
  readonly at: number
  readonly length: number
  readonly sequence: number
  readonly checksum: number
  readonly contentLength: number
}

/** Frame after frame, until one is neither an entry nor a mark. */
const walk = (block: Uint8Array, limit: number, salt: number, how: "read" | "readNext"): ReadonlyArray<Seen> => {
  const reader = new FrameReader(salt, block, 4096)
  const seen: Array<Seen> = []
  let at = 0
  for (;;) {
    const status = reader[how](at, limit)
    const { checksum, contentLength, length, sequence } = reader
    const told = status === "invalid" ? { length: 0, sequence: 0, checksum: 0 } : { length, sequence, checksum }
    seen.push({ status, at, ...told, contentLength: status === "entry" ? contentLength : 0 })
    if (status !== "entry" && status !== "mark") {
      return seen
    }
    at = reader.next
  }
}

const anyFrame = (salt: number): FastCheck.Arbitrary<Uint8Array> =>
  FastCheck.oneof(
    { weight: 12, arbitrary: entries.map((entry) => entryFrame(salt, entry)) },
    { weight: 2, arbitrary: sequences.map((sequence) => markFrame(salt, sequence, 128)) },
    { weight: 1, arbitrary: FastCheck.constant(entryFrame(salt, { content: new Uint8Array(9000).fill(7) })) },
    { weight: 1, arbitrary: FastCheck.constant(rawFrame(salt, { type: ENTRY + 8, body: new Uint8Array(5) })) },
    {
      weight: 1,
      arbitrary: unsafeU64s.map((sequence) => rawFrame(salt, { type: ENTRY, sequence, body: new Uint8Array(40) }))
    }
  )

const blocks = u32s.chain((salt) =>
  FastCheck.array(anyFrame(salt), { maxLength: 60, size: "max" }).map((frames) => ({ salt, frames }))
)

describe("frames that are read one after the other", () => {
  it("are what they are by themselves, up to any limit", () => {
    FastCheck.assert(
      FastCheck.property(blocks, FastCheck.nat(), ({ frames, salt }, cut) => {
        const block = concat(...frames)
        const limit = block.length - cut % (block.length + 1)
        expect(walk(block, limit, salt, "readNext")).toEqual(walk(block, limit, salt, "read"))
      })
    )
  })

  it("are seen to be damaged where they are, however they are damaged", () => {
    const overwrite = FastCheck.record({
      at: FastCheck.nat(),
      bytes: FastCheck.uint8Array({ minLength: 1, maxLength: 40 })
    })
    FastCheck.assert(
      FastCheck.property(
        blocks,
        FastCheck.array(overwrite, { minLength: 1, maxLength: 4 }),
        ({ frames, salt }, all) => {
          const block = concat(...frames)
          FastCheck.pre(block.length > 40)
          for (const { at, bytes } of all) {
            block.set(bytes, at % (block.length - bytes.length))
          }
          expect(walk(block, block.length, salt, "readNext")).toEqual(walk(block, block.length, salt, "read"))
        }
      )
    )
  })

  it("are seen to be damaged whichever bit is turned over", () => {
    const frames = [1, 2, 3].map((sequence) => entryFrame(SALT, { sequence, content: new Uint8Array(sequence * 9) }))
    const lengths = frames.map((frame) => frame.length)
    const whole = concat(...frames)
    const firstDamaged = singleBitFlips(whole).map((flipped) =>
      walk(flipped, flipped.length, SALT, "readNext").at(-1)?.at
    )
    const [first = 0, second = 0] = lengths
    expect(firstDamaged).toEqual(
      Array.from(
        { length: whole.length * 8 },
        (_, bit) => bit < first * 8 ? 0 : bit < (first + second) * 8 ? first : first + second
      )
    )
  })

  it("are seen to be damaged where two bodies have changed places", () => {
    const [left, right] = [1, 2].map((sequence) =>
      entryFrame(SALT, { sequence, content: new Uint8Array(20).fill(sequence) })
    )
    const block = concat(left ?? new Uint8Array(0), right ?? new Uint8Array(0))
    const half = block.length / 2
    const body = block.slice(FRAME_HEADER_LENGTH, half)
    block.copyWithin(FRAME_HEADER_LENGTH, half + FRAME_HEADER_LENGTH, block.length)
    block.set(body, half + FRAME_HEADER_LENGTH)
    expect(walk(block, block.length, SALT, "readNext").map(({ status }) => status)).toEqual(["damagedBody"])
  })

  it("are looked at again when the block has other bytes", () => {
    const block = concat(entryFrame(SALT), entryFrame(SALT, { sequence: 2 }))
    const reader = new FrameReader(SALT, block, 0)
    expect(reader.readNext(0, block.length)).toBe("entry")
    block.set(flipBit(block, block.length * 8 - 60))
    reader.turnTo(block, 0)
    expect(reader.readNext(0, block.length)).toBe("entry")
    expect(reader.readNext(reader.next, block.length)).toBe("damagedBody")
  })
})

describe("endOfWholeRun", () => {
  const frame = entryFrame(SALT, { content: new Uint8Array(100) })
  const many = concat(...Array.from({ length: 100 }, () => frame))

  it("takes whole frames, as many as fit into 8 KiB", () => {
    expect(endOfWholeRun(viewOf(many), 0, many.length, SALT)).toBe(Math.floor(8192 / frame.length) * frame.length)
    expect(endOfWholeRun(viewOf(many), frame.length, 3 * frame.length + 50, SALT)).toBe(3 * frame.length)
  })

  it("takes none where one of them does not verify, and none of another segment", () => {
    const damaged = flipBit(many, (3 * frame.length + 60) * 8)
    expect(endOfWholeRun(viewOf(damaged), 0, many.length, SALT)).toBe(0)
    expect(endOfWholeRun(viewOf(damaged), 4 * frame.length, many.length, SALT)).toBeGreaterThan(4 * frame.length)
    expect(endOfWholeRun(viewOf(many), 0, many.length, SALT + 1)).toBe(0)
  })

  it("takes none that is longer than a run", () => {
    const long = entryFrame(SALT, { content: new Uint8Array(9000) })
    expect(endOfWholeRun(viewOf(long), 0, long.length, SALT)).toBe(0)
  })
})
