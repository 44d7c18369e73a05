import { describe, expect, it } from "@effect/vitest"
import { toSegmentId } from "../../../src/internal/log/nominal.js"
import {
  bytesOf,
  condemn,
  condemnBefore,
  hasJumped,
  withHold,
  withTimesBy
} from "../../../src/internal/log/retention.js"
import type { LogView } from "../../../src/internal/log/view.js"
import type { Segment } from "../../../src/internal/segment/segment.js"

/** A segment of ten entries and 1,000 bytes, everything of which happened at 100. */
const segment = (id: number, changes?: Partial<Segment>): Segment => ({
  id: toSegmentId(id),
  path: `/wal/${id}`,
  salt: 0,
  createdAt: 100,
  baseSequence: id * 10,
  lastSequence: id * 10 + 9,
  entryCount: 10,
  lost: [],
  dataLength: 1_000,
  lowestTimestamp: 100,
  highestTimestamp: 100,
  sealedAt: 100,
  firstSeenAt: 100,
  index: { _tag: "Missing" },
  ...changes
})

const viewOf = (...sealed: ReadonlyArray<Segment>): LogView => ({ sealed, active: segment(99) })

const rules = { entryRetention: 1_000, retainBytes: Infinity }

const condemnedIds = (view: LogView, now: number, changes?: Partial<typeof rules>) =>
  condemn(view, now, { ...rules, ...changes }).map(({ reason, segment }) => [Number(segment.id), reason])

const FUTURE = 1_000_000

describe("expiry", () => {
  it("comes when the highest timestamp is as old as the retention, and not a millisecond earlier", () => {
    const view = viewOf(segment(1, { lowestTimestamp: 0, highestTimestamp: 100 }))
    expect(condemnedIds(view, 1_099)).toEqual([])
    expect(condemnedIds(view, 1_100)).toEqual([[1, "expired"]])
  })

  it("goes by the creation of a segment that is empty", () => {
    const view = viewOf(segment(1, { entryCount: 0, createdAt: 300, highestTimestamp: 0 }))
    expect(condemnedIds(view, 1_299)).toEqual([])
    expect(condemnedIds(view, 1_300)).toEqual([[1, "expired"]])
  })

  it("takes the oldest first and stops at the first segment that has not expired", () => {
    const view = viewOf(segment(1), segment(2, { highestTimestamp: 500 }), segment(3))
    expect(condemnedIds(view, 1_100)).toEqual([[1, "expired"]])
    expect(condemnedIds(view, 1_500)).toEqual([[1, "expired"], [2, "expired"], [3, "expired"]])
  })

  it("never takes the active segment", () => {
    expect(condemnedIds(viewOf(), FUTURE)).toEqual([])
  })

  it("never comes when the retention is infinite", () => {
    expect(condemnedIds(viewOf(segment(1)), Number.MAX_SAFE_INTEGER, { entryRetention: Infinity })).toEqual([])
  })

  it.each([
    ["its sealing, where that is past", { sealedAt: 200 }, 200],
    ["when it was first seen, where its sealing lies in the future too", { sealedAt: FUTURE, firstSeenAt: 300 }, 300],
    ["when it was first seen, where it is not sealed", { sealedAt: 0, firstSeenAt: 400 }, 400]
  ])("of a segment from the future goes by %s", (_, changes, from) => {
    const view = viewOf(segment(1, { highestTimestamp: FUTURE, ...changes }))
    expect(condemnedIds(view, from + 999)).toEqual([])
    expect(condemnedIds(view, from + 1_000)).toEqual([[1, "expired"]])
  })

  it("of a segment whose every time lies in the future goes by the moment at which that was noticed", () => {
    const view = withTimesBy(
      viewOf(segment(1, { highestTimestamp: FUTURE, sealedAt: FUTURE, firstSeenAt: FUTURE })),
      500
    )
    expect(condemnedIds(view, 1_499)).toEqual([])
    expect(condemnedIds(view, 1_500)).toEqual([[1, "expired"]])
    expect(condemnedIds(withTimesBy(view, 800), 1_500)).toEqual([[1, "expired"]])
  })
})

describe("retainBytes", () => {
  it("removes the oldest until the rest fits, the active segment counted", () => {
    const view = viewOf(segment(1), segment(2), segment(3))
    expect(condemnedIds(view, 200, { retainBytes: 4_000 })).toEqual([])
    expect(condemnedIds(view, 200, { retainBytes: 3_999 })).toEqual([[1, "retainBytes"]])
    expect(condemnedIds(view, 200, { retainBytes: 2_000 })).toEqual([[1, "retainBytes"], [2, "retainBytes"]])
    expect(condemnedIds(view, 200, { retainBytes: 1 })).toEqual([[1, "retainBytes"], [2, "retainBytes"], [
      3,
      "retainBytes"
    ]])
  })

  it("counts the seal, and what expires first makes room", () => {
    const sealed = segment(1, { index: { _tag: "Sealed", length: 500, tableChecksum: 0 } })
    expect(bytesOf(sealed)).toBe(1_000 + 500 + 128)
    expect(bytesOf(segment(1))).toBe(1_000)
    const view = viewOf(sealed, segment(2, { highestTimestamp: 200 }))
    expect(condemnedIds(view, 1_100, { retainBytes: 2_000 })).toEqual([[1, "expired"]])
  })
})

describe("truncation", () => {
  it("takes the segments whose every entry comes before the sequence", () => {
    const view = viewOf(segment(1), segment(2), segment(3))
    const ids = (sequence: number) => condemnBefore(view, sequence).map(({ segment }) => Number(segment.id))
    expect(ids(0)).toEqual([])
    expect(ids(19)).toEqual([])
    expect(ids(20)).toEqual([1])
    expect(ids(29)).toEqual([1])
    expect(ids(30)).toEqual([1, 2])
    expect(ids(Infinity)).toEqual([1, 2, 3])
    expect(ids(Number.NaN)).toEqual([])
  })
})

describe("a jump of the clock", () => {
  it.each([
    ["both clocks moved together", { wall: 5_000, monotonic: 5_000 }, false],
    ["the wall clock moved a window more", { wall: 6_000, monotonic: 5_000 }, false],
    ["the wall clock moved more than a window more", { wall: 6_001, monotonic: 5_000 }, true],
    ["the wall clock moved more than a window less", { wall: 3_999, monotonic: 5_000 }, true],
    ["the wall clock stepped back by a window", { wall: -1_000, monotonic: 0 }, false],
    ["the wall clock stepped back by more", { wall: -1_001, monotonic: 0 }, true]
  ])("is told from time that has passed: %s", (_, after, expected) => {
    expect(hasJumped({ wall: 0, monotonic: 0 }, after, 1_000)).toBe(expected)
  })
})

describe("a hold", () => {
  /** Segments of 1,000 bytes with the sequences 10 to 19, 20 to 29 and so on, all of them condemned. */
  const all = [1, 2, 3, 4].map((id) => ({ segment: segment(id), reason: "expired" as const }))

  const judged = (after: number, atMostBytes: number) => {
    const { condemned, held } = withHold(all, { after, atMostBytes })
    return [
      condemned.map(({ reason, segment }) => [Number(segment.id), reason]),
      held.map((segment) => Number(segment.id))
    ]
  }

  it("spares segments with an entry that was not processed, and those behind them", () => {
    expect(judged(28, 10_000)).toEqual([[[1, "expired"]], [2, 3, 4]])
    expect(judged(29, 10_000)).toEqual([[[1, "expired"], [2, "expired"]], [3, 4]])
    expect(judged(0, 10_000)).toEqual([[], [1, 2, 3, 4]])
  })

  it("holds nothing back where all was processed", () => {
    expect(judged(49, 10_000)).toEqual([all.map(({ reason, segment }) => [Number(segment.id), reason]), []])
  })

  it("is broken where more than its limit would be held: the oldest go", () => {
    expect(judged(19, 3_000)).toEqual([[[1, "expired"]], [2, 3, 4]])
    expect(judged(19, 2_999)).toEqual([[[1, "expired"], [2, "holdBroken"]], [3, 4]])
    expect(judged(0, 1_000)).toEqual([[[1, "holdBroken"], [2, "holdBroken"], [3, "holdBroken"]], [4]])
  })
})
