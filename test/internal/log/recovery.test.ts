/**
 * Section 5 of the design, first half: where the last segment ends after a crash, over files on the real disk.
 */
import { describe, it } from "@effect/vitest"
import { assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { damagedFileName, segmentFileName } from "../../../src/internal/format/fileName.js"
import { SEGMENT_HEADER_LENGTH } from "../../../src/internal/format/segmentHeader.js"
import type { Service } from "../../../src/Wal.js"
import { entryFrame, rawFrame } from "../format/frames.js"
import {
  append,
  assertSameFiles,
  bytesOf,
  type CrashImage,
  cutTo,
  entryFrameOf,
  flipped,
  framesOf,
  headerOf,
  marksOf,
  overwrite,
  segmentBytes,
  withoutFile,
  zeroed
} from "./support/crashImage.js"
import {
  appendBatch,
  appendRange,
  codecErrorOf,
  corruptionOf,
  entriesOf,
  inputOf,
  killedAfter,
  place,
  placeOf,
  range,
  readAll,
  readKey,
  real,
  seq,
  tail
} from "./support/place.js"

/** Three entries that are synced, as marks say, and three that are only written. */
const halfSynced = killedAfter((wal) => Effect.zipRight(appendRange(wal, 1, 3, "synced"), appendRange(wal, 4, 6)))

/** Nothing synced, and no mark. */
const unsynced = killedAfter((wal) => appendRange(wal, 1, 6))

/** How many of the first entries end at `length` or before. */
const wholeBefore = (image: CrashImage, length: number): number =>
  framesOf(image, 1).filter(({ end, kind }) => kind === "entry" && end <= length).length

/**
 * Opens an image that lost its end: the first `entries` are served, appending goes on with the next sequence, and the
 * opening after that finds nothing to repair.
 */
const goesOnAfter = (image: CrashImage, entries: number) =>
  Effect.gen(function*() {
    const at = yield* placeOf(image)
    const recovery = yield* Effect.scoped(Effect.gen(function*() {
      const wal = yield* at.open()
      deepStrictEqual(yield* readAll(wal), entriesOf(1, entries))
      strictEqual(wal.recovery.newestSequence, entries)
      deepStrictEqual(wal.recovery.lost, [])
      const [ref] = yield* appendRange(wal, entries + 1, entries + 1)
      strictEqual(ref?.sequence, entries + 1)
      return wal.recovery
    }))
    yield* Effect.scoped(Effect.gen(function*() {
      const wal = yield* at.open()
      deepStrictEqual(wal.recovery.tornTails, [])
      deepStrictEqual(yield* readAll(wal), entriesOf(1, entries + 1))
    }))
    return recovery
  }).pipe(Effect.scoped)

describe("the last segment's end", () => {
  it.scoped("a process that dies loses nothing that was written, synced or not", () =>
    real(Effect.gen(function*() {
      const { tornTails } = yield* goesOnAfter(yield* halfSynced, 6)
      deepStrictEqual(tornTails, [])
    })))

  it.scoped("cut at any byte of the last entries, everything before the cut entry is served, and the log goes on", () =>
    real(Effect.gen(function*() {
      const image = yield* halfSynced
      const { length } = segmentBytes(image, 1)
      for (let cut = entryFrameOf(image, 1, 5).offset; cut <= length; cut++) {
        const { tornTails } = yield* goesOnAfter(cutTo(image, 1, cut), wholeBefore(image, cut))
        const end = framesOf(image, 1).findLast((frame) => frame.end <= cut)?.end ?? SEGMENT_HEADER_LENGTH
        deepStrictEqual(tornTails, cut === end ? [] : [tail(end, cut - end)])
      }
    })))

  it.scoped("regression 14: cut anywhere in its first entry, the log is empty and takes entries", () =>
    real(Effect.gen(function*() {
      const image = yield* unsynced
      const first = entryFrameOf(image, 1, 1)
      for (let cut = first.offset; cut < first.end; cut++) {
        yield* goesOnAfter(cutTo(image, 1, cut), 0)
      }
    })))

  it.scoped("what follows the cut does not matter, as long as it is no frame of the log", () =>
    real(Effect.gen(function*() {
      const image = yield* halfSynced
      const last = entryFrameOf(image, 1, 6)
      for (const length of [1, 7, 8, 24, 100, 4096]) {
        const garbage = Uint8Array.from(
          yield* Effect.replicateEffect(Random.nextIntBetween(0, 256), length).pipe(
            Effect.withRandom(Random.make(`garbage of ${length}`))
          )
        )
        const atFrame = yield* goesOnAfter(append(image, 1, garbage), 6)
        deepStrictEqual(atFrame.tornTails, [tail(last.end, length)])
        const inFrame = yield* goesOnAfter(append(cutTo(image, 1, last.offset + 40), 1, garbage), 5)
        deepStrictEqual(inFrame.tornTails, [tail(last.offset, 40 + length)])
      }
    })))

  it.scoped("regression 3: zeros at the end are space ahead and no tear, also where entries contain zeros", () =>
    real(Effect.gen(function*() {
      const zeros = new Uint8Array(5000)
      const image = yield* killedAfter((wal) =>
        Effect.zipRight(appendRange(wal, 1, 2), wal.appendEntry("zeros", zeros))
      )
      const at = yield* placeOf(append(image, 1, new Uint8Array(4096)))
      const wal = yield* at.open()
      strictEqual((yield* readAll(wal)).length, 3)
      deepStrictEqual(wal.recovery.tornTails, [])
      deepStrictEqual(segmentBytes(yield* at.image, 1), segmentBytes(image, 1))
    })))

  it.scoped("regression 3: zeros with anything behind them are a tear", () =>
    real(Effect.gen(function*() {
      const image = yield* killedAfter((wal) => appendRange(wal, 1, 2))
      const rest = new Uint8Array(4096)
      rest[4095] = 1
      const at = yield* placeOf(append(image, 1, rest))
      const wal = yield* at.open()
      strictEqual((yield* readAll(wal)).length, 2)
      deepStrictEqual(wal.recovery.tornTails, [tail(segmentBytes(image, 1).length, 4096)])
    })))

  it.scoped("regression 4: a length that points past the end is a tear like any other, never an allocation", () =>
    real(Effect.gen(function*() {
      const image = yield* halfSynced
      const last = entryFrameOf(image, 1, 6)
      const { salt } = headerOf(segmentBytes(image, 1))
      const huge = rawFrame(salt, { type: 1, sequence: 7, body: new Uint8Array(64 * 1024 * 1024) }).slice(0, 24)
      const { tornTails } = yield* goesOnAfter(append(image, 1, huge), 6)
      deepStrictEqual(tornTails, [tail(last.end, 24)])
    })))

  it.scoped("a file of a header alone is an empty segment, and an empty directory becomes a log", () =>
    real(Effect.gen(function*() {
      const image = yield* killedAfter(() => Effect.void)
      strictEqual(segmentBytes(image, 1).length, SEGMENT_HEADER_LENGTH)
      const { entries, tornTails } = yield* goesOnAfter(image, 0)
      strictEqual(entries, 0)
      deepStrictEqual(tornTails, [])
      const created = yield* goesOnAfter(new Map(), 0)
      strictEqual(created.segments, 1)
    })))

  it.scoped("a batch that is cut, at whatever byte of whatever member, is dropped whole", () =>
    real(Effect.gen(function*() {
      const image = yield* killedAfter((wal) => Effect.zipRight(appendRange(wal, 1, 2), appendBatch(wal, 3, 5)))
      const start = entryFrameOf(image, 1, 3).offset
      const { end } = entryFrameOf(image, 1, 5)
      for (let cut = start + 1; cut < end; cut++) {
        const whole = wholeBefore(image, cut)
        const { tornTails } = yield* goesOnAfter(cutTo(image, 1, cut), 2)
        const dropped = whole > 2 ? { dropped: range(3, whole) } : {}
        deepStrictEqual(tornTails, [tail(start, cut - start, dropped)])
      }
      yield* goesOnAfter(image, 5)
    })))

  it.scoped("a batch of which a member is damaged is dropped whole, and its bytes are kept", () =>
    real(Effect.gen(function*() {
      const image = yield* killedAfter((wal) => Effect.zipRight(appendRange(wal, 1, 2), appendBatch(wal, 3, 5)))
      const start = entryFrameOf(image, 1, 3).offset
      for (const member of [3, 4]) {
        const at = entryFrameOf(image, 1, member)
        const { tornTails } = yield* goesOnAfter(zeroed(image, 1, at.offset, at.end), 2)
        deepStrictEqual(tornTails, [
          tail(start, segmentBytes(image, 1).length - start, {
            dropped: range(3, 5),
            keptAs: damagedFileName(1, start)
          })
        ])
      }
    })))

  it.scoped("regression 34: an earlier unsynced entry is lost and later ones are not: back to it, the bytes are kept", () =>
    real(Effect.gen(function*() {
      const image = yield* halfSynced
      const fourth = entryFrameOf(image, 1, 4)
      const damaged = zeroed(image, 1, fourth.offset, fourth.end)
      const at = yield* placeOf(damaged)
      const wal = yield* at.open()
      deepStrictEqual(yield* readAll(wal), entriesOf(1, 3))
      deepStrictEqual(wal.recovery.tornTails, [
        tail(fourth.offset, segmentBytes(image, 1).length - fourth.offset, {
          dropped: range(4, 6),
          keptAs: damagedFileName(1, fourth.offset)
        })
      ])
      const after = yield* at.image
      deepStrictEqual(bytesOf(after, damagedFileName(1, fourth.offset)), segmentBytes(damaged, 1).slice(fourth.offset))
      deepStrictEqual(segmentBytes(after, 1), segmentBytes(damaged, 1).slice(0, fourth.offset))
    })))

  it.scoped("regressions 2 and 19: what was cut off never comes back, however long what is appended over it is", () =>
    real(Effect.gen(function*() {
      const image = yield* unsynced
      const second = entryFrameOf(image, 1, 2)
      const damaged = zeroed(image, 1, second.offset, second.end)
      for (const content of ["", "short", "long".repeat(30)]) {
        const at = yield* placeOf(damaged)
        const next = (wal: Service, text: string) => wal.appendEntry("new", new TextEncoder().encode(text))
        const firstCrash = yield* Effect.scoped(Effect.gen(function*() {
          const wal = yield* at.open()
          yield* next(wal, content)
          return withoutFile(yield* at.image, damagedFileName(1, second.offset))
        }))
        yield* at.put(cutTo(firstCrash, 1, segmentBytes(firstCrash, 1).length - 8))
        const secondCrash = yield* Effect.scoped(Effect.gen(function*() {
          const wal = yield* at.open()
          deepStrictEqual(yield* readAll(wal), entriesOf(1, 1))
          yield* next(wal, `${content}!`)
          return yield* at.image
        }))
        yield* at.put(secondCrash)
        const wal = yield* at.open()
        deepStrictEqual(yield* readAll(wal), [
          ...entriesOf(1, 1),
          { sequence: 2, key: "new", content: `${content}!` }
        ])
        deepStrictEqual(wal.recovery.tornTails, [])
      }
    })))

  it.scoped("a frame that verifies, but not with the segment's own salt or its next sequence, is no part of the log", () =>
    real(Effect.gen(function*() {
      const image = yield* halfSynced
      const { salt } = headerOf(segmentBytes(image, 1))
      const foreign = yield* goesOnAfter(append(image, 1, entryFrame(salt ^ 1, { sequence: 7 })), 6)
      strictEqual(foreign.tornTails[0]?.keptAs, undefined)
      const later = yield* goesOnAfter(append(image, 1, entryFrame(salt, { sequence: 8 })), 6)
      deepStrictEqual(later.tornTails[0]?.dropped, range(7, 8))
      const earlier = yield* goesOnAfter(append(image, 1, entryFrame(salt, { sequence: 6 })), 6)
      strictEqual(earlier.tornTails[0]?.dropped, undefined)
    })))

  it.scoped("a frame of a later version is refused and never taken for a tear, and nothing is changed", () =>
    real(Effect.gen(function*() {
      const image = yield* halfSynced
      const { salt } = headerOf(segmentBytes(image, 1))
      const ofType = rawFrame(salt, { type: 3, sequence: 7, body: new Uint8Array(5) })
      const withFlags = entryFrame(salt, { sequence: 7, flags: 4 })
      for (const frame of [ofType, withFlags]) {
        const damaged = append(image, 1, frame)
        const at = yield* placeOf(damaged)
        const error = yield* codecErrorOf(at.open())
        strictEqual(error.reason, "UnknownFormat")
        strictEqual(error.path, `${at.directory}/${segmentFileName(1)}`)
        strictEqual(error.offset, segmentBytes(image, 1).length)
        strictEqual((yield* codecErrorOf(at.open({ onDamage: "salvage" }))).reason, "UnknownFormat")
        assertSameFiles(yield* at.image, damaged)
      }
    })))

  it.scoped("a frame of a later version beyond a tear is refused as well", () =>
    real(Effect.gen(function*() {
      const image = yield* halfSynced
      const { salt } = headerOf(segmentBytes(image, 1))
      const fifth = entryFrameOf(image, 1, 5)
      const frame = rawFrame(salt, { type: 9, sequence: 7, body: new Uint8Array(5) })
      const damaged = append(zeroed(image, 1, fifth.offset, fifth.end), 1, frame)
      const at = yield* placeOf(damaged)
      strictEqual((yield* codecErrorOf(at.open())).reason, "UnknownFormat")
      assertSameFiles(yield* at.image, damaged)
    })))
})

describe("damage before what was synced", () => {
  it.scoped("a mark beyond it promised the entry: refused with all that is known, and nothing is changed", () =>
    real(Effect.gen(function*() {
      const image = yield* halfSynced
      const second = entryFrameOf(image, 1, 2)
      const damaged = flipped(image, 1, second.offset + 30)
      const at = yield* placeOf(damaged)
      const error = yield* corruptionOf(at.open())
      strictEqual(error.segment, 1)
      strictEqual(error.path, `${at.directory}/${segmentFileName(1)}`)
      strictEqual(error.offset, second.offset)
      deepStrictEqual(error.lost, range(2, 2))
      strictEqual(error.promisedBy, `the sync mark at offset ${marksOf(image, 1).at(-1)?.offset}`)
      assertInclude(error.message, "onDamage: \"salvage\"")
      assertSameFiles(yield* at.image, damaged)
    })))

  it.scoped("every byte of every entry that a mark promises is refused", () =>
    real(Effect.gen(function*() {
      const image = yield* halfSynced
      const promised = framesOf(image, 1).filter(({ sequence }) => sequence <= 3)
      const at = yield* place
      for (const frame of promised.filter(({ kind }) => kind === "entry")) {
        for (let byte = frame.offset; byte < frame.end; byte++) {
          yield* at.put(flipped(image, 1, byte))
          const error = yield* corruptionOf(at.open())
          strictEqual(error.offset, frame.offset)
          deepStrictEqual(error.lost, range(frame.sequence, frame.sequence))
        }
      }
    })))

  it.scoped("several damaged entries: lost is what stands before the next one that verifies", () =>
    real(Effect.gen(function*() {
      const image = yield* killedAfter((wal) => appendRange(wal, 1, 6, "synced"))
      const [second, fourth] = [entryFrameOf(image, 1, 2), entryFrameOf(image, 1, 4)]
      const at = yield* placeOf(zeroed(image, 1, second.offset, fourth.end))
      const error = yield* corruptionOf(at.open())
      strictEqual(error.offset, second.offset)
      deepStrictEqual(error.lost, range(2, 4))
    })))

  it.scoped("a member of a batch that a mark promises: the error names the whole batch", () =>
    real(Effect.gen(function*() {
      const image = yield* killedAfter((wal) =>
        Effect.all([
          appendRange(wal, 1, 1),
          appendBatch(wal, 2, 4),
          appendRange(wal, 5, 6, "synced"),
          appendRange(wal, 7, 7)
        ])
      )
      const third = entryFrameOf(image, 1, 3)
      const at = yield* placeOf(flipped(image, 1, third.offset + 30))
      const error = yield* corruptionOf(at.open())
      strictEqual(error.offset, third.offset)
      deepStrictEqual(error.lost, range(2, 4))
    })))

  it.scoped("the damage lies beyond the mark's promise: it is a tear, and what the mark promised is served", () =>
    real(Effect.gen(function*() {
      const image = yield* halfSynced
      const fifth = entryFrameOf(image, 1, 5)
      const { tornTails } = yield* goesOnAfter(flipped(image, 1, fifth.offset + 30), 4)
      deepStrictEqual(tornTails[0]?.dropped, range(5, 6))
    })))

  it.scoped("a mark's claim is no promise about the mark itself", () =>
    real(Effect.gen(function*() {
      const image = yield* halfSynced
      const mark = marksOf(image, 1).at(-1)
      assertTrue(mark !== undefined)
      const { tornTails } = yield* goesOnAfter(flipped(image, 1, mark.offset + 25), 3)
      deepStrictEqual(tornTails[0]?.dropped, range(4, 6))
    })))
})

describe("recovery itself", () => {
  it.scoped("regression 33: killed and run again, it comes to the same", () =>
    real(Effect.gen(function*() {
      const image = yield* halfSynced
      const fifth = entryFrameOf(image, 1, 5)
      const damaged = zeroed(image, 1, fifth.offset, fifth.end)
      const at = yield* placeOf(damaged)
      const [repaired, first] = yield* Effect.scoped(Effect.gen(function*() {
        const wal = yield* at.open()
        return [yield* at.image, wal.recovery] as const
      }))
      yield* at.put(damaged)
      const again = yield* Effect.scoped(Effect.map(at.open(), (wal) => wal.recovery))
      deepStrictEqual(again.tornTails, first.tornTails)
      const kept = damagedFileName(1, fifth.offset)
      for (
        const halfway of [
          overwrite(damaged, 1, 0, segmentBytes(repaired, 1)),
          new Map([...damaged, [kept, bytesOf(repaired, kept).slice(0, 5)] as const]),
          new Map([...damaged, [kept, bytesOf(repaired, kept)] as const])
        ]
      ) {
        yield* at.put(halfway)
        const image = yield* Effect.scoped(Effect.zipRight(at.open(), at.image))
        assertSameFiles(image, repaired)
      }
      yield* at.put(repaired)
      const image2 = yield* Effect.scoped(Effect.gen(function*() {
        const wal = yield* at.open()
        deepStrictEqual(wal.recovery.tornTails, [])
        return yield* at.image
      }))
      assertSameFiles(image2, repaired)
    })))

  it.scoped("regression 26: what is served was synced first, and a mark then says so", () =>
    real(Effect.gen(function*() {
      const image = yield* unsynced
      const at = yield* placeOf(image)
      const crashed = yield* Effect.scoped(Effect.gen(function*() {
        const wal = yield* at.open()
        strictEqual((yield* wal.stats).syncedSequence, seq(6))
        yield* appendRange(wal, 7, 7)
        return yield* at.image
      }))
      const sixth = entryFrameOf(crashed, 1, 6)
      deepStrictEqual(marksOf(crashed, 1).map(({ offset }) => offset), [sixth.end])
      yield* at.put(flipped(crashed, 1, sixth.offset + 30))
      const error = yield* corruptionOf(at.open())
      deepStrictEqual(error.lost, range(6, 6))
      strictEqual(error.promisedBy, `the sync mark at offset ${sixth.end}`)
    })))

  it.scoped("entries, keys, refs and counts are right in what was recovered", () =>
    real(Effect.gen(function*() {
      const image = yield* halfSynced
      const at = yield* placeOf(cutTo(image, 1, entryFrameOf(image, 1, 6).offset + 3))
      const wal = yield* at.open()
      deepStrictEqual(yield* readKey(wal, "odd"), entriesOf(1, 5).filter(({ key }) => key === "odd"))
      deepStrictEqual(yield* readKey(wal, "even"), entriesOf(1, 5).filter(({ key }) => key === "even"))
      strictEqual(yield* wal.entryCount, 5)
      strictEqual(wal.recovery.entries, 5)
      const { content, key } = inputOf(6)
      const ref = yield* wal.appendEntry(key, content)
      strictEqual((yield* wal.readEntryAt(ref)).sequence, seq(6))
      deepStrictEqual(yield* readKey(wal, "even"), entriesOf(1, 6).filter((entry) => entry.key === "even"))
    })))
})
