/**
 * Salvage: a damaged log is opened for what can still be read of it, over files on the real disk. What is lost is named,
 * nothing damaged is edited, and later strict openings accept exactly this loss.
 */
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { salvagedFileName, segmentFileName } from "../../../src/internal/format/fileName.js"
import type { LostRange } from "../../../src/WalReport.js"
import {
  assertSameFiles,
  cutTo,
  entryFrameOf,
  flipped,
  headerOf,
  marksOf,
  segmentBytes,
  trailerOf,
  unsealed,
  withFile,
  withoutFile,
  withoutSegment,
  withSegment,
  zeroed
} from "./support/crashImage.js"
import {
  BEYOND_A_SEGMENT,
  lostSequences,
  opening,
  refsOf,
  salvages,
  synced,
  threeSegments
} from "./support/openings.js"
import {
  appendBatch,
  appendRange,
  closedAfter,
  corruptionOf,
  entriesWithout,
  killedAfter,
  placeOf,
  range,
  readAll,
  readKey,
  real,
  seq,
  tail
} from "./support/place.js"

const keysOf = (lost: LostRange | undefined) => lost?.keys.map((key) => Buffer.from(key).toString())

describe("an entry damaged in the last segment", () => {
  it.scoped("every other one is served, its sequence and key are named, and the log goes on in a new segment", () =>
    real(Effect.gen(function*() {
      const image = yield* synced
      const third = entryFrameOf(image, 1, 3)
      const { after, appended, lost } = yield* salvages(flipped(image, 1, third.offset + 45), 6, [3], [1])
      deepStrictEqual(lostSequences(lost), [range(3, 3), range(7, BEYOND_A_SEGMENT)])
      deepStrictEqual([lost[0]?.startOffset, lost[0]?.endOffset], [third.offset, third.end])
      deepStrictEqual(keysOf(lost[0]), ["odd"])
      strictEqual(lost[0]?.promisedBy, `the sync mark at offset ${marksOf(image, 1).at(-1)?.offset}`)
      strictEqual(appended, BEYOND_A_SEGMENT + 1)
      const { baseSequence, previousDataLength } = headerOf(segmentBytes(after, 2))
      deepStrictEqual([baseSequence, previousDataLength], [BEYOND_A_SEGMENT + 1, segmentBytes(image, 1).length])
    })))

  it.scoped("reading across it fails, unless the read says that it goes on", () =>
    real(Effect.gen(function*() {
      const image = yield* synced
      const at = yield* placeOf(flipped(image, 1, entryFrameOf(image, 1, 3).offset + 30))
      const wal = yield* at.open({ onDamage: "salvage" })
      deepStrictEqual((yield* corruptionOf(readAll(wal))).lost, range(3, 3))
      deepStrictEqual((yield* Stream.runCollect(Stream.take(wal.replay(), 2))).length, 2)
      deepStrictEqual((yield* corruptionOf(readAll(wal, { from: seq(4) }))).lost, range(7, BEYOND_A_SEGMENT))
      deepStrictEqual(
        yield* readAll(wal, { from: seq(4), to: seq(6) }),
        entriesWithout(6, [1, 2, 3])
      )
      deepStrictEqual(
        (yield* corruptionOf(readAll(wal, { from: seq(3), to: seq(3) }))).lost,
        range(3, 3)
      )
      deepStrictEqual(yield* readAll(wal, { from: seq(3), onLost: "skip" }), entriesWithout(6, [1, 2, 3]))
      for (const key of ["odd", "even"]) {
        deepStrictEqual((yield* corruptionOf(readKey(wal, key))).lost, range(3, 3))
        const left = entriesWithout(6, [3]).filter((entry) => entry.key === key)
        deepStrictEqual(yield* readKey(wal, key, { onLost: "skip" }), left)
      }
      strictEqual(yield* wal.entryCount, 5)
    })))

  it.scoped("wherever the bit is that was turned over, exactly that entry is lost", () =>
    real(Effect.gen(function*() {
      const image = yield* synced
      for (const sequence of [1, 4]) {
        const { end, offset } = entryFrameOf(image, 1, sequence)
        for (let byte = offset; byte < end; byte += 3) {
          const { lost } = yield* Effect.scoped(salvages(flipped(image, 1, byte), 6, [sequence], [1]))
          deepStrictEqual(lostSequences(lost), [range(sequence, sequence), range(7, BEYOND_A_SEGMENT)])
        }
      }
    })))

  it.scoped("several are lost in several ranges, each named", () =>
    real(Effect.gen(function*() {
      const image = yield* synced
      const [second, fifth] = [entryFrameOf(image, 1, 2), entryFrameOf(image, 1, 5)]
      const damaged = flipped(flipped(image, 1, second.offset + 30), 1, fifth.offset + 30)
      const { lost } = yield* salvages(damaged, 6, [2, 5], [1])
      deepStrictEqual(lostSequences(lost), [range(2, 2), range(5, 5), range(7, BEYOND_A_SEGMENT)])
    })))

  it.scoped("another bit that turns over afterwards is refused, and names what is lost anew", () =>
    real(Effect.gen(function*() {
      const image = yield* synced
      const { at } = yield* salvages(flipped(image, 1, entryFrameOf(image, 1, 3).offset + 30), 6, [3], [1])
      const accepted = yield* at.image
      const damaged = flipped(accepted, 1, entryFrameOf(image, 1, 5).offset + 30)
      yield* at.put(damaged)
      const error = yield* corruptionOf(at.open())
      strictEqual(error.segment, 1)
      deepStrictEqual(error.lost, range(5, 5))
      assertSameFiles(yield* at.image, damaged)
      const { entries } = yield* opening(at, "salvage")
      deepStrictEqual(entries.slice(0, -1), entriesWithout(6, [3, 5]))
      deepStrictEqual((yield* opening(at, "fail")).entries, entries)
    })))

  it.scoped("a record that is gone, cut or of another segment accepts nothing", () =>
    real(Effect.gen(function*() {
      const image = yield* synced
      const { at } = yield* salvages(flipped(image, 1, entryFrameOf(image, 1, 3).offset + 30), 6, [3], [1])
      const accepted = yield* at.image
      const record = accepted.get(salvagedFileName(1)) ?? new Uint8Array(0)
      const without = withoutFile(accepted, salvagedFileName(1))
      for (
        const damaged of [
          without,
          withFile(without, salvagedFileName(1), record.slice(0, -1)),
          withFile(without, salvagedFileName(1), new Uint8Array(0)),
          withFile(without, salvagedFileName(2), record)
        ]
      ) {
        yield* at.put(damaged)
        deepStrictEqual((yield* corruptionOf(at.open())).lost, range(3, 3))
        assertSameFiles(yield* at.image, damaged)
      }
    })))

  it.scoped("regression 29: killed between the record and the new segment, it comes to the same", () =>
    real(Effect.gen(function*() {
      const image = yield* synced
      const damaged = flipped(image, 1, entryFrameOf(image, 1, 3).offset + 30)
      const at = yield* placeOf(damaged)
      const { open } = yield* opening(at, "salvage")
      for (const onDamage of ["fail", "salvage"] as const) {
        yield* at.put(withoutSegment(open, 2))
        const again = yield* opening(at, onDamage)
        deepStrictEqual([...again.open.keys()], [...open.keys()])
        deepStrictEqual(again.entries, entriesWithout(6, [3]))
        const { salt } = headerOf(segmentBytes(again.open, 2))
        deepStrictEqual(headerOf(segmentBytes(again.open, 2)), { ...headerOf(segmentBytes(open, 2)), salt })
      }
    })))

  it.scoped("a damaged mark loses nothing, but is refused and has to be accepted all the same", () =>
    real(Effect.gen(function*() {
      const image = yield* synced
      const mark = marksOf(image, 1)[1]
      assertTrue(mark !== undefined)
      for (const byte of [0, 12, 25]) {
        yield* Effect.scoped(Effect.gen(function*() {
          const { at, lost } = yield* salvages(flipped(image, 1, mark.offset + byte), 6, [], [1])
          deepStrictEqual(lostSequences(lost), [range(7, BEYOND_A_SEGMENT)])
          const wal = yield* at.open()
          deepStrictEqual(yield* readAll(wal, { to: seq(6) }), entriesWithout(6, []))
        }))
      }
    })))

  it.scoped("what was never promised is not served from beyond a tear, but its file stays as it is", () =>
    real(Effect.gen(function*() {
      const image = yield* killedAfter((wal) =>
        Effect.zipRight(appendRange(wal, 1, 3, "synced"), appendRange(wal, 4, 6))
      )
      const [second, fifth] = [entryFrameOf(image, 1, 2), entryFrameOf(image, 1, 5)]
      const damaged = flipped(flipped(image, 1, second.offset + 30), 1, fifth.offset + 30)
      const { lost } = yield* salvages(damaged, 6, [2, 5, 6], [1])
      deepStrictEqual(lostSequences(lost), [range(2, 2), range(5, BEYOND_A_SEGMENT)])
    })))

  it.scoped("a closed log whose seal tells its end goes on right behind it", () =>
    real(Effect.gen(function*() {
      const image = yield* closedAfter((wal) => appendRange(wal, 1, 6))
      const { dataLength } = trailerOf(segmentBytes(image, 1))
      const [third, last] = [entryFrameOf(image, 1, 3), segmentBytes(image, 1).length]
      const bytes = segmentBytes(image, 1)
      const shortened = Uint8Array.from([...bytes.slice(0, dataLength), ...bytes.slice(dataLength + 8, last)])
      const damaged = flipped(withSegment(image, 1, shortened), 1, third.offset + 30)
      const { appended, lost } = yield* salvages(damaged, 6, [3], [1])
      deepStrictEqual(lostSequences(lost), [range(3, 3)])
      strictEqual(appended, 7)
    })))
})

describe("a batch", () => {
  it.scoped("with a lost member is lost whole, whichever it is and however it is damaged", () =>
    real(Effect.gen(function*() {
      const image = yield* killedAfter((wal) =>
        Effect.all([
          appendRange(wal, 1, 2),
          appendBatch(wal, 3, 5),
          appendRange(wal, 6, 7, "synced"),
          appendRange(wal, 8, 8)
        ])
      )
      for (const member of [3, 4, 5]) {
        const { offset } = entryFrameOf(image, 1, member)
        for (const byte of [0, 8, 13, 20, 30, 50]) {
          const { lost } = yield* Effect.scoped(salvages(flipped(image, 1, offset + byte), 8, [3, 4, 5], [1]))
          deepStrictEqual(lostSequences(lost), [range(3, 5), range(9, BEYOND_A_SEGMENT)])
        }
      }
    })))

  it.scoped("whose header is gone beyond repair takes the entry behind it along, but not one behind a mark", () =>
    real(Effect.gen(function*() {
      const image = yield* killedAfter((wal) =>
        Effect.all([
          appendRange(wal, 1, 2),
          appendBatch(wal, 3, 4),
          appendRange(wal, 5, 6, "synced"),
          appendRange(wal, 7, 7)
        ])
      )
      const [third, fourth, sixth] = [entryFrameOf(image, 1, 3), entryFrameOf(image, 1, 4), entryFrameOf(image, 1, 6)]
      const { lost } = yield* salvages(zeroed(image, 1, third.offset, third.end), 7, [3, 4], [1])
      deepStrictEqual(lostSequences(lost), [range(3, 4), range(8, BEYOND_A_SEGMENT)])
      const single = yield* salvages(zeroed(image, 1, fourth.offset, fourth.end), 7, [3, 4, 5], [1])
      deepStrictEqual(lostSequences(single.lost), [range(3, 5), range(8, BEYOND_A_SEGMENT)])
      const marked = yield* salvages(zeroed(image, 1, sixth.offset, sixth.end), 7, [6], [1])
      deepStrictEqual(lostSequences(marked.lost), [range(6, 6), range(8, BEYOND_A_SEGMENT)])
    })))

  it.scoped("is not found by the refs of its siblings either", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      const refs = yield* refsOf(image)
      const bare = unsealed(image, 2)
      const at = yield* placeOf(flipped(bare, 2, entryFrameOf(image, 2, 5).offset + 30))
      const wal = yield* at.open({ onDamage: "salvage" })
      for (const sequence of [5, 6]) {
        const ref = refs[sequence - 1]
        assertTrue(ref !== undefined)
        deepStrictEqual((yield* corruptionOf(wal.readEntryAt(ref))).lost, range(5, 6))
      }
      deepStrictEqual((yield* readAll(wal, { from: seq(7) })).map(({ sequence }) => sequence), [7, 8])
    })))
})

describe("an accepted loss", () => {
  it.scoped("is accepted still when retention has removed what stands around it", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      for (const damaged of [withoutSegment(image, 2), flipped(unsealed(image, 2), 2, 30), flipped(image, 2, 30)]) {
        const at = yield* placeOf(damaged)
        yield* opening(at, "salvage")
        yield* Effect.scoped(Effect.flatMap(at.open(), (wal) => wal.truncateBefore(seq(4))))
        const { entries } = yield* opening(at, "fail")
        deepStrictEqual(entries.at(-1)?.sequence, 8)
        yield* Effect.scoped(Effect.flatMap(at.open(), (wal) => wal.truncateBefore(seq(7))))
        const rest = yield* Effect.scoped(Effect.flatMap(at.open(), (wal) => readAll(wal)))
        deepStrictEqual(rest, entriesWithout(8, [1, 2, 3, 4, 5, 6]))
      }
    })))

  it.scoped("does not cover another segment's: both are refused until both are accepted", () =>
    real(Effect.gen(function*() {
      const bare = unsealed(unsealed(yield* threeSegments, 1), 2)
      const once = flipped(bare, 1, entryFrameOf(bare, 1, 2).offset + 30)
      const { at } = yield* salvages(once, 8, [2], [1])
      const twice = flipped(yield* at.image, 2, entryFrameOf(bare, 2, 4).offset + 30)
      yield* at.put(twice)
      const error = yield* corruptionOf(at.open())
      strictEqual(error.segment, 2)
      deepStrictEqual(error.lost, range(4, 4))
      assertSameFiles(yield* at.image, twice)
      const { entries } = yield* opening(at, "salvage")
      deepStrictEqual(entries.slice(0, -1), entriesWithout(8, [2, 4]))
      yield* opening(at, "fail")
    })))

  it.scoped("no salvage is done to a log that is whole, and a torn tail alone needs none", () =>
    real(Effect.gen(function*() {
      const image = yield* synced
      const sixth = entryFrameOf(image, 1, 6)
      const at = yield* placeOf(cutTo(image, 1, sixth.end - 1))
      const { entries, open, recovery } = yield* opening(at, "salvage")
      deepStrictEqual(entries, entriesWithout(5, []))
      deepStrictEqual(recovery.tornTails, [tail(sixth.offset, sixth.end - 1 - sixth.offset)])
      deepStrictEqual([...open.keys()], [segmentFileName(1)])
    })))
})
