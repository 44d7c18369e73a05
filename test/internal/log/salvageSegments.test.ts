/**
 * Salvage of logs of several segments, over files on the real disk: headers, seals and whole segments that are gone.
 */
import { describe, it } from "@effect/vitest"
import { assertInclude, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import { encodeSegmentHeader, SEGMENT_HEADER_LENGTH } from "../../../src/internal/format/segmentHeader.js"
import {
  cutTo,
  entryFrameOf,
  flipped,
  headerOf,
  isSealed,
  overwrite,
  segmentBytes,
  unsealed,
  withoutSegment,
  zeroed
} from "./support/crashImage.js"
import {
  BEYOND_A_SEGMENT,
  BEYOND_MISSING_SEGMENTS,
  lostSequences,
  refsOf,
  salvages,
  synced,
  threeClosed,
  threeSegments
} from "./support/openings.js"
import { appendRange, corruptionOf, placeOf, range, readAll, readKey, real } from "./support/place.js"

describe("a segment that is not the last", () => {
  it.scoped("unsealed and damaged: what its successor promises is named, and the log goes on where it was", () =>
    real(Effect.gen(function*() {
      const bare = unsealed(yield* threeSegments, 2)
      const fourth = entryFrameOf(bare, 2, 4)
      const { appended, lost } = yield* salvages(flipped(bare, 2, fourth.offset + 30), 8, [4], [2])
      deepStrictEqual(lostSequences(lost), [range(4, 4)])
      assertInclude(lost[0]?.promisedBy, `the header of `)
      strictEqual(appended, 9)
    })))

  it.scoped("all of whose entries are damaged is lost whole, and says so", () =>
    real(Effect.gen(function*() {
      const bare = unsealed(yield* threeSegments, 2)
      const { length } = segmentBytes(bare, 2)
      for (const damaged of [zeroed(bare, 2, SEGMENT_HEADER_LENGTH, length), cutTo(bare, 2, SEGMENT_HEADER_LENGTH)]) {
        const { lost } = yield* salvages(damaged, 8, [4, 5, 6], [2])
        deepStrictEqual(lostSequences(lost), [range(4, 6)])
      }
    })))

  it.scoped("cut in its batch: the batch is lost whole", () =>
    real(Effect.gen(function*() {
      const bare = unsealed(yield* threeSegments, 2)
      const { lost } = yield* salvages(cutTo(bare, 2, entryFrameOf(bare, 2, 6).offset), 8, [5, 6], [2])
      deepStrictEqual(lostSequences(lost), [range(5, 6)])
    })))

  it.scoped("its damaged header is known from its seal, and nothing is lost", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      for (const id of [1, 2]) {
        const { appended, lost } = yield* salvages(flipped(image, id, 30), 8, [], [id])
        deepStrictEqual(lost, [])
        strictEqual(appended, 9)
      }
      const bare = unsealed(image, 1)
      const { lost } = yield* salvages(flipped(bare, 2, 50), 8, [], [2])
      deepStrictEqual(lost, [])
    })))

  it.scoped("its seal is believed where its successor's header contradicts it, and nothing is lost", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      const header = headerOf(segmentBytes(image, 3))
      for (
        const changed of [
          { ...header, previousDataLength: header.previousDataLength + 8 },
          { ...header, previousHighestTimestamp: header.previousHighestTimestamp + 1 }
        ]
      ) {
        const { lost } = yield* salvages(overwrite(image, 3, 0, encodeSegmentHeader(changed)), 8, [], [2])
        deepStrictEqual(lost, [])
      }
    })))

  it.scoped("without a header and a seal it is lost whole", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      const second = yield* salvages(flipped(unsealed(image, 2), 2, 30), 8, [4, 5, 6], [2])
      deepStrictEqual(lostSequences(second.lost), [range(4, 6)])
      strictEqual(second.appended, 9)
      const first = yield* salvages(flipped(unsealed(image, 1), 1, 30), 8, [1, 2, 3], [1])
      deepStrictEqual(lostSequences(first.lost), [range(1, 3)])
      const both = flipped(flipped(unsealed(unsealed(image, 2), 1), 1, 30), 2, 30)
      const two = yield* salvages(both, 8, [1, 2, 3, 4, 5, 6], [1, 2])
      deepStrictEqual(lostSequences(two.lost), [range(1, 6)])
    })))

  it.scoped("that is missing is lost whole, and reading across it fails", () =>
    real(Effect.gen(function*() {
      const { at, lost } = yield* salvages(withoutSegment(yield* threeSegments, 2), 8, [4, 5, 6], [1])
      deepStrictEqual(lostSequences(lost), [range(4, 6)])
      const wal = yield* at.open()
      deepStrictEqual((yield* corruptionOf(readAll(wal))).lost, range(4, 6))
      deepStrictEqual((yield* corruptionOf(readKey(wal, "odd"))).lost, range(4, 6))
    })))

  it.scoped("entries of a lost segment are not found by their refs, and the error says that they are lost", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      const refs = yield* refsOf(image)
      for (const damaged of [withoutSegment(image, 2), flipped(unsealed(image, 2), 2, 30)]) {
        const wal = yield* (yield* placeOf(damaged)).open({ onDamage: "salvage" })
        for (const ref of refs) {
          if (ref.sequence >= 4 && ref.sequence <= 6) {
            deepStrictEqual((yield* corruptionOf(wal.readEntryAt(ref))).lost, range(4, 6))
          } else {
            strictEqual((yield* wal.readEntryAt(ref)).sequence, ref.sequence)
          }
        }
      }
    })))

  it.scoped("a torn tail of the last one is dropped as ever, but only once the loss before it is accepted", () =>
    real(Effect.gen(function*() {
      const bare = unsealed(yield* threeSegments, 2)
      const eighth = entryFrameOf(bare, 3, 8)
      const torn = cutTo(bare, 3, eighth.offset + 9)
      const { recovery } = yield* salvages(flipped(torn, 2, entryFrameOf(bare, 2, 4).offset + 30), 7, [4], [2])
      deepStrictEqual(recovery.tornTails.map(({ bytes, offset }) => [bytes, offset]), [[9, eighth.offset]])
    })))
})

describe("the last segment", () => {
  it.scoped("its damaged header is known from the seal that closed it, and it is not reopened", () =>
    real(Effect.gen(function*() {
      const { after, appended, lost } = yield* salvages(flipped(yield* threeClosed, 3, 30), 8, [], [3])
      deepStrictEqual(lost, [])
      strictEqual(appended, 9)
      strictEqual(headerOf(segmentBytes(after, 4)).baseSequence, 9)
    })))

  it.scoped("without a header and a seal it is lost whole, and the log goes on beyond what it can have held", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      const { appended, lost } = yield* salvages(flipped(image, 3, 30), 8, [7, 8], [3])
      deepStrictEqual(lostSequences(lost), [range(7, 6 + BEYOND_A_SEGMENT)])
      strictEqual(appended, 7 + BEYOND_A_SEGMENT)
      const only = yield* salvages(flipped(yield* synced, 1, 30), 6, [1, 2, 3, 4, 5, 6], [1])
      deepStrictEqual(lostSequences(only.lost), [range(1, BEYOND_A_SEGMENT)])
    })))

  it.scoped("regression 22: that is missing is lost, and the log goes on beyond all the missing ones can have held", () =>
    real(Effect.gen(function*() {
      const { after, appended, lost } = yield* salvages(withoutSegment(yield* threeSegments, 3), 8, [7, 8], [2])
      deepStrictEqual(lostSequences(lost), [range(7, 6 + BEYOND_MISSING_SEGMENTS)])
      strictEqual(appended, 7 + BEYOND_MISSING_SEGMENTS)
      strictEqual(isSealed(segmentBytes(after, 2)), true)
    })))

  it.scoped("entries of a missing one are not found by refs in the segment that took its number", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      const refs = yield* refsOf(image)
      const wal = yield* (yield* placeOf(withoutSegment(image, 3))).open({ onDamage: "salvage" })
      yield* appendRange(wal, 7, 8)
      for (const ref of refs.slice(-2)) {
        deepStrictEqual((yield* corruptionOf(wal.readEntryAt(ref))).lost, range(7, 6 + BEYOND_MISSING_SEGMENTS))
      }
    })))
})
