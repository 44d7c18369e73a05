import { describe, it } from "@effect/vitest"
import { assertFalse, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import type * as Wal from "effect-wal/Wal"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { collect, sequence, sequences } from "../../support/entries.js"
import { append, appendThird, pass, removedFrom, segmentIds, setUp, START } from "../../support/retaining.js"

describe("rotation", () => {
  it.scoped("a segment is active for one window", () =>
    Effect.gen(function*() {
      const wal = yield* (yield* setUp()).open
      const first = yield* append(wal)
      yield* pass(9.999)
      const second = yield* append(wal)
      yield* pass(0.001)
      const third = yield* append(wal)
      deepStrictEqual([first, second, third].map(({ segment }) => Number(segment)), [1, 1, 2])
    }))

  it.scoped("a window goes on over a reopening", () =>
    Effect.gen(function*() {
      const { open } = yield* setUp()
      yield* Effect.scoped(Effect.flatMap(open, append))
      yield* pass(9)
      strictEqual((yield* Effect.scoped(Effect.flatMap(open, append))).segment, 1)
      yield* pass(1)
      strictEqual((yield* Effect.scoped(Effect.flatMap(open, append))).segment, 2)
    }))

  it.scoped("a segment takes no more than maxSegmentBytes", () =>
    Effect.gen(function*() {
      const wal = yield* (yield* setUp({ maxSegmentBytes: 4096 })).open
      const refs = yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7], () => appendThird(wal))
      deepStrictEqual(refs.map(({ segment }) => Number(segment)), [1, 1, 1, 2, 2, 2, 3])
      assertTrue((yield* wal.stats).segments.every(({ bytes }) => bytes <= 4096))
    }))

  it.scoped("an idle segment is rotated once, and an empty one never", () =>
    Effect.gen(function*() {
      const wal = yield* (yield* setUp({ entryRetention: "1 hour" })).open
      yield* pass(3_600)
      yield* wal.compact
      deepStrictEqual(yield* segmentIds(wal), [1])
      yield* append(wal)
      yield* wal.compact
      yield* pass(3_000)
      yield* wal.compact
      deepStrictEqual(yield* segmentIds(wal), [1, 2])
      strictEqual((yield* wal.stats).segments[1]?.entries, 0)
    }))

  it.scoped("a log that was closed and lies idle is rotated too", () =>
    Effect.gen(function*() {
      const { open } = yield* setUp()
      yield* Effect.scoped(Effect.flatMap(open, append))
      const wal = yield* open
      yield* pass(10)
      yield* wal.compact
      deepStrictEqual(yield* segmentIds(wal), [1, 2])
      deepStrictEqual(yield* sequences(wal.replay()), [1])
    }))
})

describe("expiry", () => {
  it.scoped("a segment is removed exactly when its highest timestamp has expired", () =>
    Effect.gen(function*() {
      const { disk, open } = yield* setUp()
      const wal = yield* open
      const ref = yield* append(wal, "at 0")
      yield* pass(9)
      yield* append(wal, "at 9")
      yield* pass(6)
      yield* append(wal, "at 15")
      yield* pass(93.999)
      deepStrictEqual((yield* wal.compact).removed, [])
      deepStrictEqual(yield* sequences(wal.replay()), [1, 2, 3])
      yield* pass(0.001)
      const report = yield* wal.compact
      deepStrictEqual(removedFrom(report), [[1, "expired"]])
      deepStrictEqual([report.removed[0]?.entries, Number(report.oldestSequence)], [2, 3])
      assertFalse(yield* disk.fileSystem.exists("/wal/00000000000000000001.wal"))

      deepStrictEqual(yield* sequences(wal.replay()), [3])
      const gone = yield* Effect.flip(wal.readEntryAt(ref))
      assertTrue(gone._tag === "WalRetentionError")
      deepStrictEqual([Number(gone.requested), Number(gone.oldest)], [1, 3])
    }))

  it.scoped("an idle active segment expires, keys and all, and sequences go on", () =>
    Effect.gen(function*() {
      const { open } = yield* setUp()
      const wal = yield* open
      yield* append(wal)
      yield* append(wal)
      yield* pass(100)
      deepStrictEqual(removedFrom(yield* wal.compact), [[1, "expired"]])
      deepStrictEqual([yield* wal.entryCount, (yield* wal.stats).oldest], [0, undefined])
      deepStrictEqual(yield* collect(wal.enumerateKeys), [])
      deepStrictEqual(yield* sequences(wal.replay()), [])
      strictEqual((yield* append(wal)).sequence, 3)
    }))

  it.scoped("sequences and timestamps go on over a reopening when everything has expired", () =>
    Effect.gen(function*() {
      const { open } = yield* setUp()
      yield* Effect.scoped(
        Effect.flatMap(open, (wal) => Effect.all([append(wal), append(wal), pass(100), wal.compact]))
      )
      yield* Effect.scoped(Effect.flatMap(open, (wal) => wal.entryCount))
      yield* TestClock.setTime(START - 3_600_000)
      const wal = yield* open
      strictEqual(wal.recovery.entries, 0)
      strictEqual((yield* append(wal)).sequence, 3)
      deepStrictEqual((yield* collect(wal.replay())).map(({ timestamp }) => timestamp), [START])
    }))

  it.scoped("takes every segment that has expired, and none behind them", () =>
    Effect.gen(function*() {
      const wal = yield* (yield* setUp()).open
      for (let window = 0; window < 15; window++) {
        yield* append(wal)
        yield* pass(10)
      }
      yield* wal.compact
      // Appended in window n - 1, judged at the end of window 15: those of the first five have had their hundred seconds.
      deepStrictEqual((yield* sequences(wal.replay())).at(0), 7)
    }))

  it.scoped("retention that is infinite removes nothing", () =>
    Effect.gen(function*() {
      const wal = yield* (yield* setUp({ entryRetention: Infinity })).open
      yield* append(wal)
      yield* TestClock.adjust("4000 days")
      deepStrictEqual((yield* wal.compact).removed, [])
      deepStrictEqual(yield* sequences(wal.replay()), [1])
    }))
})

describe("retainBytes and truncation", () => {
  it.scoped("retainBytes removes the oldest segments, whatever their age, and never the active one", () =>
    Effect.gen(function*() {
      const wal = yield* (yield* setUp({ maxSegmentBytes: 4096, retainBytes: 9_000 })).open
      yield* Effect.forEach(Array.from({ length: 13 }), () => appendThird(wal))
      deepStrictEqual(yield* segmentIds(wal), [1, 2, 3, 4, 5])
      const report = yield* wal.compact
      deepStrictEqual(removedFrom(report), [[1, "retainBytes"], [2, "retainBytes"]])
      assertTrue((yield* wal.stats).bytes <= 9_000)
      deepStrictEqual(yield* sequences(wal.replay()), [7, 8, 9, 10, 11, 12, 13])
    }))

  it.scoped("an active segment that alone is larger than retainBytes stays", () =>
    Effect.gen(function*() {
      const wal = yield* (yield* setUp({ maxSegmentBytes: 1024 * 1024, retainBytes: 4096 })).open
      yield* wal.appendEntry("k", new Uint8Array(10_000))
      deepStrictEqual((yield* wal.compact).removed, [])
      deepStrictEqual(yield* sequences(wal.replay()), [1])
    }))

  it.scoped("truncateBefore keeps that entry, drops only whole segments, and never the active one", () =>
    Effect.gen(function*() {
      const wal = yield* (yield* setUp({ maxSegmentBytes: 4096 })).open
      yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7], () => appendThird(wal))
      deepStrictEqual(removedFrom(yield* wal.truncateBefore(sequence(3))), [])
      deepStrictEqual(removedFrom(yield* wal.truncateBefore(sequence(5))), [[1, "truncated"]])
      deepStrictEqual(yield* sequences(wal.replay()), [4, 5, 6, 7])
      deepStrictEqual(removedFrom(yield* wal.truncateBefore(sequence(1_000_000))), [[2, "truncated"]])
      deepStrictEqual(yield* sequences(wal.replay()), [7])
      strictEqual((yield* appendThird(wal)).sequence, 8)
    }))
})

describe("removal", () => {
  it.scoped("goes from the oldest on, with the directory synced after each file", () =>
    Effect.gen(function*() {
      const { disk, open } = yield* setUp({ maxSegmentBytes: 4096 })
      const wal = yield* open
      yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7], () => appendThird(wal))
      yield* TestClock.adjust(0)
      const before = yield* disk.operationCount
      yield* wal.truncateBefore(sequence(7))
      const operations = (yield* disk.operations).filter(({ index, kind }) => index > before && kind !== "open")
      deepStrictEqual(operations.map(({ kind, path }) => [kind, path]), [
        ["remove", "/wal/00000000000000000001.wal"],
        ["sync", "/wal"],
        ["remove", "/wal/00000000000000000002.wal"],
        ["sync", "/wal"]
      ])
    }))

  it.scoped("a view without the segment comes before its file goes", () =>
    Effect.gen(function*() {
      const { disk, open } = yield* setUp({ maxSegmentBytes: 4096 })
      const wal = yield* open
      const [first] = yield* Effect.forEach([1, 2, 3, 4] as const, () => appendThird(wal))
      const slow = yield* disk.fault({ on: "remove", effect: SimulatedDisk.slow("1 second") })
      const truncation = yield* Effect.fork(wal.truncateBefore(sequence(4)))
      yield* TestClock.adjust(0)
      assertTrue(yield* disk.fileSystem.exists("/wal/00000000000000000001.wal"))
      deepStrictEqual(yield* sequences(wal.replay()), [4])
      strictEqual(first && (yield* Effect.flip(wal.readEntryAt(first)))._tag, "WalRetentionError")
      yield* slow.lift
      yield* pass(1)
      strictEqual((yield* Fiber.join(truncation)).removed.length, 1)
    }))

  it.scoped("one that fails is tried again, before anything newer goes", () =>
    Effect.gen(function*() {
      const { disk, open } = yield* setUp({ maxSegmentBytes: 4096 })
      const wal = yield* open
      yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7], () => appendThird(wal))
      yield* disk.fault({ on: "remove", times: 1, effect: SimulatedDisk.fail("EIO") })
      const error = yield* Effect.flip(wal.truncateBefore(sequence(4)))
      assertTrue(error._tag === "WalIoError" && error.path === "/wal/00000000000000000001.wal")
      deepStrictEqual(yield* sequences(wal.replay()), [4, 5, 6, 7])
      deepStrictEqual(removedFrom(yield* wal.truncateBefore(sequence(7))), [[1, "truncated"], [2, "truncated"]])
    }))

  it.scoped("a full disk stops no compaction", () =>
    Effect.gen(function*() {
      const { disk, open } = yield* setUp()
      const wal = yield* open
      yield* append(wal)
      yield* pass(10)
      yield* append(wal)
      yield* pass(90)
      yield* disk.setCapacity(0)
      deepStrictEqual(removedFrom(yield* wal.compact), [[1, "expired"]])
    }))

  it.scoped("a reader whose next segment is removed is told, and none is skipped", () =>
    Effect.gen(function*() {
      const wal = yield* (yield* setUp({ maxSegmentBytes: 4096 })).open
      yield* Effect.forEach(Array.from({ length: 10 }), () => appendThird(wal))
      const seen: Array<number> = []
      const truncateAtFirst = (stream: ReturnType<Wal.Service["replay"]>) =>
        Stream.runForEach(stream, (entry) => {
          seen.push(entry.sequence)
          return entry.sequence === 1 ? Effect.asVoid(wal.truncateBefore(sequence(10))) : Effect.void
        })
      const error = yield* Effect.flip(truncateAtFirst(wal.replay()))
      assertTrue(error._tag === "WalRetentionError")
      deepStrictEqual([Number(error.requested), Number(error.oldest), seen], [4, 10, [1, 2, 3]])
    }))

  it.scoped.each(["replay", "enumerateRecords"] as const)(
    "a reader whose segment was opened reads it to its end: %s",
    (way) =>
      Effect.gen(function*() {
        const wal = yield* (yield* setUp({ maxSegmentBytes: 4 * 1024 * 1024 })).open
        const large = wal.appendEntry("k", new Uint8Array(700_000))
        yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], () => large)
        deepStrictEqual(yield* segmentIds(wal), [1, 2])
        const stream = way === "replay" ? wal.replay() : wal.enumerateRecords("k")
        const seen = yield* collect(
          Stream.mapEffect(stream, ({ sequence: number }) =>
            number === 1 ? Effect.as(wal.truncateBefore(sequence(6)), 1) : Effect.succeed(Number(number)))
        )
        deepStrictEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8])
        deepStrictEqual(yield* segmentIds(wal), [2])
      })
  )
})

describe("the schedule", () => {
  it.scoped("by default, expired segments go by themselves, once a window", () =>
    Effect.gen(function*() {
      const wal = yield* (yield* setUp({ compaction: undefined })).open
      yield* append(wal)
      yield* pass(50)
      yield* append(wal)
      yield* pass(49)
      deepStrictEqual(yield* sequences(wal.replay()), [1, 2])
      yield* pass(11)
      deepStrictEqual(yield* sequences(wal.replay()), [2])
      yield* pass(60)
      strictEqual(yield* wal.entryCount, 0)
    }))

  it.scoped("another schedule is kept, and a rotation does not wait for it", () =>
    Effect.gen(function*() {
      const wal = yield* (yield* setUp({
        compaction: Schedule.spaced("5 minutes"),
        maxSegmentBytes: 4096,
        retainBytes: 8192
      })).open
      yield* append(wal)
      yield* pass(150)
      strictEqual(yield* wal.entryCount, 1)
      yield* pass(150)
      strictEqual(yield* wal.entryCount, 0)
      yield* Effect.forEach(Array.from({ length: 12 }), () => appendThird(wal))
      yield* TestClock.adjust(0)
      assertTrue((yield* segmentIds(wal)).length <= 3)
    }))

  it.scoped("a manual one does nothing by itself", () =>
    Effect.gen(function*() {
      const wal = yield* (yield* setUp()).open
      yield* append(wal)
      yield* pass(1_000)
      deepStrictEqual(yield* segmentIds(wal), [1])
      strictEqual(yield* wal.entryCount, 1)
    }))

  it.scoped("its fiber survives errors", () =>
    Effect.gen(function*() {
      const { disk, open } = yield* setUp({ compaction: undefined })
      const wal = yield* open
      yield* append(wal)
      const failing = yield* disk.fault({ on: "remove", times: 2, effect: SimulatedDisk.fail("EIO") })
      yield* pass(10)
      yield* pass(90)
      strictEqual(yield* failing.hits, 1)
      assertTrue(yield* disk.fileSystem.exists("/wal/00000000000000000001.wal"))
      yield* pass(10)
      yield* pass(10)
      strictEqual(yield* failing.hits, 2)
      assertFalse(yield* disk.fileSystem.exists("/wal/00000000000000000001.wal"))
    }))

  it.scoped("its fiber stops with the scope", () =>
    Effect.gen(function*() {
      const { disk, open } = yield* setUp({ compaction: undefined })
      const scope = yield* Scope.make()
      const wal = yield* Scope.extend(open, scope)
      yield* append(wal)
      yield* Scope.close(scope, Exit.void)
      const before = yield* disk.operationCount
      yield* pass(1_000)
      strictEqual(yield* disk.operationCount, before)
    }))
})
