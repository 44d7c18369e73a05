/**
 * Section 5 of the design, second half: how the segments join up, and what their seals and headers promise, over files on
 * the real disk.
 */
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { writeU16, writeU32 } from "../../../src/internal/format/bytes.js"
import { crc32 } from "../../../src/internal/format/crc32.js"
import { segmentFileName, temporaryFileName } from "../../../src/internal/format/fileName.js"
import { encodeSealTrailer, SEAL_TRAILER_LENGTH } from "../../../src/internal/format/sealTrailer.js"
import { encodeSegmentHeader, SEGMENT_HEADER_LENGTH } from "../../../src/internal/format/segmentHeader.js"
import { rawFrame } from "../format/frames.js"
import {
  append,
  assertSameFiles,
  cutTo,
  editSegment,
  entryFrameOf,
  flipped,
  framesOf,
  headerOf,
  isSealed,
  marksOf,
  overwrite,
  segmentBytes,
  trailerOf,
  unsealed,
  withFile,
  withoutSegment,
  withSegment,
  zeroed
} from "./support/crashImage.js"
import { opensWhole, refuses, refusesFormat, threeClosed, threeSegments } from "./support/openings.js"
import {
  appendRange,
  closedAfter,
  corruptionOf,
  entriesOf,
  killedAfter,
  nextWindow,
  placeOf,
  range,
  readAll,
  readKey,
  real,
  SHORT_WINDOWS,
  tail
} from "./support/place.js"

const closed = closedAfter((wal) => appendRange(wal, 1, 5))

describe("a closed log", () => {
  it.scoped("is trusted by its seal and left as it is until the first append", () =>
    real(Effect.gen(function*() {
      const image = yield* closed
      const at = yield* placeOf(image)
      yield* Effect.scoped(Effect.gen(function*() {
        const wal = yield* at.open()
        strictEqual(wal.recovery.sealed, 1)
        strictEqual(wal.recovery.scanned, 0)
        strictEqual(wal.recovery.entries, 5)
        deepStrictEqual(yield* readAll(wal), entriesOf(1, 5))
        assertSameFiles(yield* at.image, image)
      }))
      assertSameFiles(yield* at.image, image)
    })))

  it.scoped("is reopened by the first append: the seal is cut, a mark says what it proved, old and new are read", () =>
    real(Effect.gen(function*() {
      const image = yield* closed
      const { dataLength } = trailerOf(segmentBytes(image, 1))
      const at = yield* placeOf(image)
      const crashed = yield* Effect.scoped(Effect.gen(function*() {
        const wal = yield* at.open()
        yield* appendRange(wal, 6, 7)
        deepStrictEqual(yield* readAll(wal), entriesOf(1, 7))
        deepStrictEqual(yield* readKey(wal, "odd"), entriesOf(1, 7).filter(({ key }) => key === "odd"))
        return yield* at.image
      }))
      deepStrictEqual(marksOf(crashed, 1).map(({ offset }) => offset), [dataLength])
      yield* opensWhole(crashed, 7)
      const second = entryFrameOf(crashed, 1, 2)
      const { error } = yield* refuses(flipped(crashed, 1, second.offset + 30))
      deepStrictEqual(error.lost, range(2, 2))
      strictEqual(error.promisedBy, `the sync mark at offset ${dataLength}`)
    })))

  it.scoped("regression 27: a seal that is cut anywhere, or damaged, is none: the segment is scanned", () =>
    real(Effect.gen(function*() {
      const image = yield* closed
      const { length } = segmentBytes(image, 1)
      const { dataLength } = trailerOf(segmentBytes(image, 1))
      for (let cut = dataLength; cut < length; cut += 5) {
        const recovery = yield* opensWhole(cutTo(image, 1, cut), 5)
        strictEqual(recovery.scanned, 1)
        deepStrictEqual(recovery.tornTails, cut === dataLength ? [] : [tail(dataLength, cut - dataLength)])
      }
      for (let byte = length - SEAL_TRAILER_LENGTH; byte < length; byte += 8) {
        const { scanned } = yield* opensWhole(flipped(image, 1, byte), 5)
        strictEqual(scanned, 1)
      }
    })))

  it.scoped("regressions 23 and 32: a damaged index is made anew from the entries, wherever it is damaged", () =>
    real(Effect.gen(function*() {
      const image = yield* closed
      const { dataLength, indexLength } = trailerOf(segmentBytes(image, 1))
      for (let byte = dataLength; byte < dataLength + indexLength; byte += 3) {
        const recovery = yield* opensWhole(flipped(image, 1, byte), 5)
        strictEqual(recovery.sealed, 1)
      }
      yield* opensWhole(zeroed(image, 1, dataLength, dataLength + indexLength), 5)
    })))

  it.scoped("regression 18: a segment that is cut between two entries misses what its seal promises", () =>
    real(Effect.gen(function*() {
      const image = yield* closed
      const fourth = entryFrameOf(image, 1, 4)
      const cut = editSegment(
        image,
        1,
        (bytes) => Uint8Array.from([...bytes.slice(0, fourth.offset), ...bytes.slice(trailerOf(bytes).dataLength)])
      )
      const { error } = yield* refuses(cut)
      strictEqual(error.offset, fourth.offset)
      strictEqual(error.promisedBy, "its seal")
      deepStrictEqual(error.lost, range(4, 5))
    })))

  it.scoped("an entry that is damaged under a good seal fails its reads, and not the others", () =>
    real(Effect.gen(function*() {
      const image = yield* closed
      const third = entryFrameOf(image, 1, 3)
      const at = yield* placeOf(flipped(image, 1, third.offset + 30))
      const wal = yield* at.open()
      const error = yield* corruptionOf(readAll(wal))
      strictEqual(error.offset, third.offset)
      deepStrictEqual(error.lost, range(3, 3))
      deepStrictEqual(yield* readAll(wal, { onLost: "skip" }), entriesOf(1, 5).filter(({ sequence }) => sequence !== 3))
      deepStrictEqual((yield* corruptionOf(readKey(wal, "odd"))).lost, range(3, 3))
      deepStrictEqual(yield* readKey(wal, "even"), entriesOf(1, 5).filter(({ key }) => key === "even"))
      deepStrictEqual((yield* Stream.runCollect(Stream.take(wal.replay(), 2))).length, 2)
    })))

  it.scoped("a segment that has had its time is not reopened but followed", () =>
    real(Effect.gen(function*() {
      const image = yield* closed
      const at = yield* placeOf(image)
      yield* nextWindow
      const wal = yield* at.open(SHORT_WINDOWS)
      yield* appendRange(wal, 6, 6)
      const after = yield* at.image
      deepStrictEqual(segmentBytes(after, 1), segmentBytes(image, 1))
      strictEqual(headerOf(segmentBytes(after, 2)).baseSequence, 6)
      yield* opensWhole(after, 6)
    })))
})

describe("several segments", () => {
  it.scoped("the sealed ones are trusted and the active one is scanned", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      deepStrictEqual([1, 2, 3].map((id) => isSealed(segmentBytes(image, id))), [true, true, false])
      const { scanned, sealed, tornTails } = yield* opensWhole(image, 8)
      deepStrictEqual({ scanned, sealed, tornTails }, { scanned: 1, sealed: 2, tornTails: [] })
      const { sealed: all } = yield* opensWhole(yield* threeClosed, 8)
      strictEqual(all, 3)
    })))

  it.scoped("a segment that is not the last may be unsealed: it ends where its successor says, and is sealed again", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      for (const bare of [unsealed(image, 1), unsealed(image, 2), unsealed(unsealed(image, 1), 2)]) {
        yield* opensWhole(bare, 8)
      }
      const { length } = segmentBytes(image, 2)
      for (const halfSealed of [cutTo(image, 2, length - 1), flipped(image, 2, length - 9)]) {
        yield* opensWhole(halfSealed, 8)
      }
    })))

  it.scoped("regression 17: damage in one that is not the last is no end of the log, whatever its place", () =>
    real(Effect.gen(function*() {
      const bare = unsealed(yield* threeSegments, 2)
      const successor = segmentFileName(3)
      const { length } = segmentBytes(bare, 2)
      for (const frame of framesOf(bare, 2)) {
        for (let byte = frame.offset; byte < frame.end; byte += 7) {
          const { directory, error } = yield* refuses(flipped(bare, 2, byte))
          strictEqual(error.segment, 2)
          strictEqual(error.offset, frame.offset)
          deepStrictEqual(error.lost, frame.sequence === 4 ? range(4, 4) : range(5, 6))
          strictEqual(error.promisedBy, `the header of ${directory}/${successor}`)
        }
        const { error } = yield* refuses(cutTo(bare, 2, frame.offset))
        strictEqual(error.offset, frame.offset)
      }
      yield* refuses(cutTo(bare, 2, length - 1))
    })))

  it.scoped("a whole frame more than the successor knows of is no part of the log", () =>
    real(Effect.gen(function*() {
      const bare = unsealed(yield* threeSegments, 2)
      const { salt } = headerOf(segmentBytes(bare, 2))
      const mark = rawFrame(salt, { type: 2, sequence: 6, body: new Uint8Array(8) })
      yield* opensWhole(append(bare, 2, mark), 8)
    })))

  it.scoped("a missing prefix has expired", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      yield* opensWhole(withoutSegment(image, 1), 8, 4)
      yield* opensWhole(withoutSegment(withoutSegment(image, 1), 2), 8, 7)
    })))

  it.scoped("a missing one in the middle is damage", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      const { directory, error } = yield* refuses(withoutSegment(image, 2))
      strictEqual(error.segment, 1)
      strictEqual(error.description, "segment 2 is missing")
      strictEqual(error.promisedBy, `${directory}/${segmentFileName(3)}`)
      deepStrictEqual(error.lost, range(4, 6))
    })))

  it.scoped("regression 22: the newest one, sealed as rotated, misses its successor", () =>
    real(Effect.gen(function*() {
      const { error } = yield* refuses(withoutSegment(yield* threeSegments, 3))
      strictEqual(error.segment, 2)
      strictEqual(error.description, "its successor, segment 3, is missing")
      strictEqual(error.promisedBy, "its seal")
    })))

  it.scoped("a seal and the successor's header that contradict each other are damage", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      const header = headerOf(segmentBytes(image, 3))
      for (
        const changed of [
          { ...header, baseSequence: header.baseSequence + 1 },
          { ...header, previousDataLength: header.previousDataLength + 8 },
          { ...header, previousHighestTimestamp: header.previousHighestTimestamp + 1 }
        ]
      ) {
        const { error } = yield* refuses(overwrite(image, 3, 0, encodeSegmentHeader(changed)))
        strictEqual(error.segment, 2)
      }
    })))

  it.scoped("a header that is not the next one by its base sequence is damage, also where the seal is gone", () =>
    real(Effect.gen(function*() {
      const bare = unsealed(yield* threeSegments, 2)
      const header = headerOf(segmentBytes(bare, 3))
      const changed = encodeSegmentHeader({ ...header, baseSequence: header.baseSequence + 1 })
      const { error } = yield* refuses(overwrite(bare, 3, 0, changed))
      strictEqual(error.segment, 2)
      deepStrictEqual(error.lost, range(7, 7))
    })))
})

describe("headers", () => {
  it.scoped("a damaged one is damage, never a crash's trace, in whichever segment and byte", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      for (const id of [1, 2, 3]) {
        for (const byte of [0, 8, 16, 24, 40, 48, 72, 110, 127]) {
          const { error } = yield* refuses(flipped(image, id, byte))
          strictEqual(error.segment, id)
          strictEqual(error.offset, 0)
        }
      }
    })))

  it.scoped("regressions 12 and 16: a header that is cut, a file of zeros or of nothing is damage", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      for (const length of [0, 1, 127]) {
        const { error } = yield* refuses(cutTo(image, 3, length))
        strictEqual(error.segment, 3)
      }
      yield* refuses(withSegment(image, 3, new Uint8Array(SEGMENT_HEADER_LENGTH)))
    })))

  it.scoped("one of another segment is damage: a file was given the wrong name", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      const { error } = yield* refuses(withSegment(image, 4, segmentBytes(image, 3)))
      strictEqual(error.segment, 4)
      strictEqual(error.description, "it is segment 3 by its header")
    })))

  it.scoped("one of a future version is refused, and not called damage", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      const ofVersion = (version: number, flags: number) =>
        editSegment(image, 3, (bytes) => {
          const edited = bytes.slice()
          writeU16(edited, 8, version)
          writeU32(edited, 12, flags)
          writeU32(edited, 124, crc32(edited, 0, 124, 0))
          return edited
        })
      const { directory, error } = yield* refusesFormat(ofVersion(2, 0))
      strictEqual(error.path, `${directory}/${segmentFileName(3)}`)
      yield* refusesFormat(ofVersion(1, 1))
    })))

  it.scoped("a seal of a future version is refused as well", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      const { length } = segmentBytes(image, 2)
      const trailer = encodeSealTrailer(trailerOf(segmentBytes(image, 2)))
      writeU16(trailer, 8, 2)
      writeU32(trailer, 124, crc32(trailer, 0, 124, 0))
      yield* refusesFormat(overwrite(image, 2, length - SEAL_TRAILER_LENGTH, trailer))
    })))

  it.scoped("a foreign file with a segment's name is refused and left alone", () =>
    real(Effect.gen(function*() {
      const image = yield* closed
      const foreign = new TextEncoder().encode("not a segment, but somebody's notes. ".repeat(10))
      const { directory, error } = yield* refusesFormat(withSegment(image, 2, foreign))
      strictEqual(error.path, `${directory}/${segmentFileName(2)}`)
    })))
})

describe("what else is in the directory", () => {
  it.scoped("regression 6: a segment that was never given its name is removed, everybody else's files are left alone", () =>
    real(Effect.gen(function*() {
      const image = yield* closed
      const text = new TextEncoder().encode("text")
      const others = ["notes.txt", "1.wal", `${segmentFileName(2)}.bak`, ".hidden", "00000000000000000002.wal.temp"]
      const crowded = others.reduce((crowd, name) => withFile(crowd, name, text), image)
      const at = yield* placeOf(withFile(crowded, temporaryFileName(2), text))
      const wal = yield* at.open()
      deepStrictEqual(yield* readAll(wal), entriesOf(1, 5))
      assertSameFiles(yield* at.image, crowded)
    })))

  it.scoped("killed between rotation's steps: before the successor's name, behind it, and before the seal", () =>
    real(Effect.gen(function*() {
      const image = yield* killedAfter((wal) =>
        Effect.all([appendRange(wal, 1, 3), nextWindow, appendRange(wal, 4, 4)])
      )
      const bare = unsealed(image, 1)
      const header = segmentBytes(image, 2).slice(0, SEGMENT_HEADER_LENGTH)
      const before = withoutSegment(bare, 2)
      yield* opensWhole(before, 3)
      for (const written of [0, 60, SEGMENT_HEADER_LENGTH]) {
        yield* opensWhole(withFile(before, temporaryFileName(2), header.slice(0, written)), 3)
      }
      const { scanned } = yield* opensWhole(withSegment(bare, 2, header), 3)
      strictEqual(scanned, 2)
      yield* opensWhole(withSegment(image, 2, header), 3)
      yield* opensWhole(bare, 4)
    })))

  it.scoped("sequences go on where all entries are gone with their segments", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      const empty = withSegment(
        withoutSegment(withoutSegment(image, 1), 2),
        3,
        segmentBytes(image, 3).slice(0, SEGMENT_HEADER_LENGTH)
      )
      const { newestSequence } = yield* opensWhole(empty, 6, 7)
      strictEqual(newestSequence, 6)
    })))

  it.scoped("timestamps go on from the predecessor's, also in an empty segment under a clock that stepped back", () =>
    real(Effect.gen(function*() {
      const image = yield* threeSegments
      const empty = cutTo(image, 3, SEGMENT_HEADER_LENGTH)
      const { previousHighestTimestamp } = headerOf(segmentBytes(image, 3))
      assertTrue(previousHighestTimestamp > 0)
      const at = yield* placeOf(withoutSegment(withoutSegment(empty, 1), 2))
      const wal = yield* at.open()
      const [ref] = yield* appendRange(wal, 7, 7)
      assertTrue(ref !== undefined)
      strictEqual((yield* wal.readEntryAt(ref)).timestamp >= previousHighestTimestamp, true)
    })))
})
