/**
 * What openings of damaged logs come to: served whole, refused, or salvaged.
 */
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { salvagedFileName, segmentFileName } from "../../../../src/internal/format/fileName.js"
import type { Service } from "../../../../src/Wal.js"
import type { LostRange } from "../../../../src/WalReport.js"
import { assertSameFiles, type CrashImage, segmentBytes } from "./crashImage.js"
import {
  appendBatch,
  appendRange,
  closedAfter,
  codecErrorOf,
  contentOf,
  corruptionOf,
  entriesOf,
  entriesWithout,
  killedAfter,
  nextWindow,
  type Place,
  placeOf,
  readAll,
  readKey,
  told
} from "./place.js"

/** Entries 1 to 3 in the first segment, 4 and the batch 5 to 6 in the second, 7 and 8 in the third, which is active. */
const writeThree = (wal: Service) =>
  Effect.all([
    appendRange(wal, 1, 3),
    nextWindow,
    appendRange(wal, 4, 4),
    appendBatch(wal, 5, 6),
    nextWindow,
    appendRange(wal, 7, 8)
  ])

/** One segment, not sealed; marks say of all entries but the last that they were synced. */
export const synced = killedAfter((wal) => appendRange(wal, 1, 6, "synced"))

/** The first two are sealed, the third is not. */
export const threeSegments = killedAfter(writeThree)
/** All three are sealed. */
export const threeClosed = closedAfter(writeThree)

/** Opened strictly, everything is there by sequence and by key, and the log goes on. */
export const opensWhole = (image: CrashImage, last: number, first = 1) =>
  Effect.gen(function*() {
    const at = yield* placeOf(image)
    const recovery = yield* Effect.scoped(Effect.gen(function*() {
      const wal = yield* at.open()
      deepStrictEqual(yield* readAll(wal), entriesOf(first, last))
      deepStrictEqual(yield* readKey(wal, "odd"), entriesOf(first, last).filter(({ key }) => key === "odd"))
      yield* appendRange(wal, last + 1, last + 1)
      deepStrictEqual(yield* readAll(wal), entriesOf(first, last + 1))
      return wal.recovery
    }))
    yield* Effect.scoped(Effect.gen(function*() {
      const wal = yield* at.open()
      deepStrictEqual(yield* readAll(wal), entriesOf(first, last + 1))
      strictEqual(wal.recovery.sealed, wal.recovery.segments)
    }))
    return recovery
  }).pipe(Effect.scoped)

/** Refused as damaged, also a second time, and not a byte of the directory is changed. */
export const refuses = (image: CrashImage) =>
  Effect.gen(function*() {
    const at = yield* placeOf(image)
    const error = yield* corruptionOf(at.open())
    assertSameFiles(yield* at.image, image)
    strictEqual((yield* corruptionOf(at.open())).message, error.message)
    assertSameFiles(yield* at.image, image)
    return { error, directory: at.directory }
  }).pipe(Effect.scoped)

/** The same as of a later version's format, also where damage would be salvaged. */
export const refusesFormat = (image: CrashImage) =>
  Effect.gen(function*() {
    const at = yield* placeOf(image)
    const error = yield* codecErrorOf(at.open())
    strictEqual(error.reason, "UnknownFormat")
    assertSameFiles(yield* at.image, image)
    strictEqual((yield* codecErrorOf(at.open({ onDamage: "salvage" }))).reason, "UnknownFormat")
    assertSameFiles(yield* at.image, image)
    return { error, directory: at.directory }
  }).pipe(Effect.scoped)

/** Beyond everything that a segment with the base sequence 1 can have held, and all the missing ones behind a sequence. */
export const BEYOND_A_SEGMENT = 2 ** 27
export const BEYOND_MISSING_SEGMENTS = 2 ** 40

export const lostSequences = (lost: ReadonlyArray<LostRange>) => lost.map(({ sequences }) => sequences)

/** The refs of a whole log's entries. */
export const refsOf = (image: CrashImage) =>
  Effect.scoped(Effect.gen(function*() {
    const wal = yield* (yield* placeOf(image)).open()
    return Array.from(yield* Stream.runCollect(wal.replay()), ({ ref }) => ref)
  }))

/** Opens, reads everything that is left, and closes again; `open` is the image while it was open. */
export const opening = (at: Place, onDamage: "fail" | "salvage") =>
  Effect.scoped(Effect.gen(function*() {
    const wal = yield* at.open({ onDamage })
    const entries = yield* readAll(wal, { onLost: "skip" })
    return { entries, recovery: wal.recovery, open: yield* at.image }
  }))

/**
 * Salvages an image. Everything but the entries `missing` of `last` is served, what was damaged is unchanged, a later strict
 * opening accepts the loss, and the log goes on.
 */
export const salvages = (
  image: CrashImage,
  last: number,
  missing: ReadonlyArray<number>,
  damagedIds: ReadonlyArray<number>
) =>
  Effect.gen(function*() {
    const at = yield* placeOf(image)
    yield* corruptionOf(at.open())
    assertSameFiles(yield* at.image, image)

    const first = yield* opening(at, "salvage")
    const expected = entriesWithout(last, missing)
    deepStrictEqual(first.entries, expected)
    const accepted = yield* at.image
    for (const id of damagedIds) {
      assertTrue(accepted.has(salvagedFileName(id)), salvagedFileName(id))
    }
    const strict = yield* opening(at, "fail")
    deepStrictEqual(strict.entries, expected)
    deepStrictEqual(lostSequences(strict.recovery.lost), lostSequences(first.recovery.lost))

    const appended = yield* Effect.scoped(Effect.gen(function*() {
      const wal = yield* at.open()
      const [ref] = yield* appendRange(wal, last + 1, last + 1, "synced")
      assertTrue(ref !== undefined)
      strictEqual(told(yield* wal.readEntryAt(ref)).content, contentOf(last + 1))
      return ref.sequence
    }))
    const again = yield* opening(at, "fail")
    deepStrictEqual(again.entries.slice(0, -1), expected)
    strictEqual(again.entries.at(-1)?.sequence, appended)
    deepStrictEqual(lostSequences(again.recovery.lost), lostSequences(first.recovery.lost))
    for (const id of damagedIds.filter((id) => image.has(segmentFileName(id)))) {
      deepStrictEqual(segmentBytes(again.open, id), segmentBytes(image, id))
    }
    return { at, lost: first.recovery.lost, recovery: first.recovery, appended, after: again.open }
  })
