/**
 * Retention: what expires when, and what never goes.
 */
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as SimulatedDisk from "../../../src/testing/SimulatedDisk.js"
import * as Wal from "../../../src/Wal.js"
import { Sequence } from "../../../src/WalEntry.js"
import type { WalOptions } from "../../../src/WalOptions.js"

const content = new Uint8Array(100)

/** A window of one hour, ten of them kept. */
const HOURLY: Partial<WalOptions> = { entryRetention: "10 hours", segments: 10, compaction: "manual" }

const open = (options: Partial<WalOptions> = {}) => Wal.make({ directory: "/log", ...HOURLY, ...options })

const onMemory = <A, E>(test: Effect.Effect<A, E, Layer.Layer.Success<ReturnType<typeof SimulatedDisk.layer>>>) =>
  Effect.provide(test, SimulatedDisk.layer())

const append = (wal: Wal.Service) => Effect.map(wal.appendEntry("key", content), ({ segment }) => Number(segment))

const sequences = (wal: Wal.Service) =>
  Effect.map(
    Stream.runCollect(wal.replay()),
    (entries) => Chunk.toReadonlyArray(entries).map(({ sequence }) => Number(sequence))
  )

const removedBy = (wal: Wal.Service) =>
  Effect.map(wal.compact, ({ removed }) => removed.map(({ reason, segment }) => `${segment} ${reason}`))

describe("rotation", () => {
  it.effect("begins a new segment once the window has passed, with the next append", () =>
    onMemory(Effect.scoped(Effect.gen(function*() {
      const wal = yield* open()
      strictEqual(yield* append(wal), 1)
      yield* TestClock.adjust("59 minutes")
      strictEqual(yield* append(wal), 1)
      yield* TestClock.adjust("1 minute")
      strictEqual(yield* append(wal), 2)
      deepStrictEqual(yield* sequences(wal), [1, 2, 3])
    }))))

  it.effect("begins a new segment when an entry does not fit any more", () =>
    onMemory(Effect.scoped(Effect.gen(function*() {
      const wal = yield* open({ maxSegmentBytes: 4096 })
      const segments = yield* Effect.forEach(Array.from({ length: 60 }), () => append(wal))
      strictEqual(segments.at(-1), 3)
      const { segments: stats } = yield* wal.stats
      assertTrue(stats.every(({ bytes }) => bytes <= 4096))
    }))))

  it.effect("leaves an empty segment alone, however old it is", () =>
    onMemory(Effect.scoped(Effect.gen(function*() {
      const wal = yield* open()
      yield* TestClock.adjust("3 days")
      yield* wal.compact
      strictEqual(yield* append(wal), 1)
    }))))

  it.effect("follows a closed segment that is due by a new one, and reopens one that is not", () =>
    onMemory(Effect.gen(function*() {
      yield* Effect.scoped(Effect.flatMap(open(), append))
      strictEqual(yield* Effect.scoped(Effect.flatMap(open(), append)), 1)
      yield* TestClock.adjust("2 hours")
      strictEqual(yield* Effect.scoped(Effect.flatMap(open(), append)), 2)
    })))
})

describe("expiry", () => {
  it.effect("takes a segment when its last entry has expired, and not before", () =>
    onMemory(Effect.scoped(Effect.gen(function*() {
      const wal = yield* open()
      yield* append(wal)
      yield* TestClock.adjust("50 minutes")
      yield* append(wal)
      yield* TestClock.adjust("2 hours")
      yield* append(wal)
      yield* TestClock.adjust(Duration.subtract("8 hours", "1 millis"))
      deepStrictEqual(yield* removedBy(wal), [])
      deepStrictEqual(yield* sequences(wal), [1, 2, 3])
      yield* TestClock.adjust("1 millis")
      deepStrictEqual(yield* removedBy(wal), ["1 expired"])
      deepStrictEqual(yield* sequences(wal), [3])
    }))))

  it.effect("rotates an idle segment, so that it expires too; sequences go on when nothing is left, also after reopening", () =>
    onMemory(Effect.gen(function*() {
      yield* Effect.scoped(Effect.gen(function*() {
        const wal = yield* open()
        yield* append(wal)
        yield* append(wal)
        yield* TestClock.adjust("11 hours")
        deepStrictEqual(yield* removedBy(wal), ["1 expired"])
        strictEqual(yield* wal.entryCount, 0)
      }))
      yield* Effect.scoped(Effect.gen(function*() {
        const wal = yield* open()
        strictEqual((yield* wal.appendEntry("key", content)).sequence, 3)
      }))
    })))

  it.effect("never takes the active segment, nor an unexpired one behind an expired one", () =>
    onMemory(Effect.scoped(Effect.gen(function*() {
      const wal = yield* open()
      for (let hour = 0; hour < 15; hour++) {
        yield* append(wal)
        yield* TestClock.adjust("1 hour")
      }
      yield* wal.compact
      const [oldest] = yield* sequences(wal)
      // Appended at hour n - 1, judged at hour 15: those of the hours 5 and before have had their ten hours.
      strictEqual(oldest, 7)
    }))))

  it.effect("removes the oldest first under retainBytes, expired or not", () =>
    onMemory(Effect.scoped(Effect.gen(function*() {
      const wal = yield* open({ maxSegmentBytes: 4096, retainBytes: 10_000 })
      yield* Effect.forEach(Array.from({ length: 120 }), () => append(wal))
      const removed = yield* removedBy(wal)
      assertTrue(removed.length > 1)
      deepStrictEqual(removed, removed.map((_, index) => `${index + 1} retainBytes`))
      assertTrue((yield* wal.stats).bytes <= 10_000)
    }))))

  it.effect("keeps the entry before which it truncates, and drops whole segments only", () =>
    onMemory(Effect.scoped(Effect.gen(function*() {
      const wal = yield* open({ maxSegmentBytes: 4096 })
      yield* Effect.forEach(Array.from({ length: 60 }), () => append(wal))
      const second = (yield* wal.stats).segments[1]
      const report = yield* wal.truncateBefore(Sequence.make((second?.firstSequence ?? 0) + 3))
      deepStrictEqual(report.removed.map(({ reason, segment }) => `${segment} ${reason}`), ["1 truncated"])
      strictEqual((yield* sequences(wal))[0], Number(second?.firstSequence))
    }))))
})

/** A wall clock that can be moved apart from the monotonic one. */
const skewed = Effect.gen(function*() {
  const base = yield* Effect.clock
  const skew = { millis: 0 }
  const clock: Clock.Clock = {
    ...Clock.make(),
    unsafeCurrentTimeMillis: () => base.unsafeCurrentTimeMillis() + skew.millis,
    unsafeCurrentTimeNanos: () => base.unsafeCurrentTimeNanos(),
    sleep: (duration) => base.sleep(duration)
  }
  return { clock, skew }
})

const DAY = 86_400_000

describe("a clock that is moved", () => {
  it.effect("back: timestamps do not decrease, and the entry from the future does not block retention for ever", () =>
    onMemory(Effect.scoped(Effect.gen(function*() {
      const { clock, skew } = yield* skewed
      skew.millis = 100 * DAY
      const wal = yield* Effect.withClock(open(), clock)
      yield* append(wal)
      skew.millis = 0
      yield* append(wal)
      const stamps = Chunk.toReadonlyArray(yield* Stream.runCollect(wal.replay())).map(({ timestamp }) => timestamp)
      deepStrictEqual(stamps, [100 * DAY, 100 * DAY])
      strictEqual((yield* wal.compact).outcome, "clockJumped")
      yield* TestClock.adjust("2 hours")
      deepStrictEqual(yield* removedBy(wal), [])
      yield* TestClock.adjust("11 hours")
      deepStrictEqual(yield* removedBy(wal), ["1 expired"])
      strictEqual((yield* wal.appendEntry("key", content)).sequence, 3)
    }))))

  it.effect("by more than a window: one run is skipped, and nothing is judged by its age", () =>
    onMemory(Effect.scoped(Effect.gen(function*() {
      const { clock, skew } = yield* skewed
      const wal = yield* Effect.withClock(open(), clock)
      yield* append(wal)
      skew.millis = 30 * DAY
      deepStrictEqual(yield* wal.compact, { outcome: "clockJumped", removed: [], oldestSequence: Sequence.make(1) })
      deepStrictEqual(yield* removedBy(wal), ["1 expired"])
    }))))
})

describe("the scheduled fiber", () => {
  it.effect("removes what has expired by itself", () =>
    onMemory(Effect.scoped(Effect.gen(function*() {
      const wal = yield* Wal.make({ directory: "/log", entryRetention: "10 hours", segments: 10 })
      yield* append(wal)
      yield* TestClock.adjust("12 hours")
      strictEqual(yield* wal.entryCount, 0)
    }))))

  it.effect("survives its own errors, and stops with the log", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* Effect.scoped(Effect.gen(function*() {
        const wal = yield* Wal.make({ directory: "/log", entryRetention: "10 hours", segments: 10 })
        yield* append(wal)
        const fault = yield* disk.fault({ on: "remove", path: ".wal", effect: SimulatedDisk.fail("EIO") })
        yield* TestClock.adjust("12 hours")
        assertTrue((yield* fault.hits) > 0)
        assertTrue(yield* disk.fileSystem.exists("/log/00000000000000000001.wal"))
        yield* fault.lift
        yield* TestClock.adjust("1 hour")
        strictEqual(yield* disk.fileSystem.exists("/log/00000000000000000001.wal"), false)
      })).pipe(Effect.provide(disk.layer))
      const before = yield* disk.operationCount
      yield* TestClock.adjust("3 days")
      strictEqual(yield* disk.operationCount, before)
    }))
})

describe("a reader", () => {
  it.effect("that comes to a segment which is gone is told, and never skips it", () =>
    onMemory(Effect.scoped(Effect.gen(function*() {
      const wal = yield* open({ maxSegmentBytes: 4096 })
      yield* Effect.forEach(Array.from({ length: 60 }), () => append(wal))
      const seen: Array<number> = []
      const error = yield* Effect.flip(
        Stream.runForEachChunk(wal.replay(), (chunk) =>
          Effect.gen(function*() {
            seen.push(...Chunk.toReadonlyArray(chunk).map(({ sequence }) => Number(sequence)))
            yield* wal.truncateBefore(Sequence.make(60))
          }))
      )
      strictEqual(error._tag, "WalRetentionError")
      deepStrictEqual(seen, Array.from({ length: seen.length }, (_, index) => index + 1))
      assertTrue(seen.length > 0 && seen.length < 60)
    }))))

  it.effect("sees neither a removed segment nor a gap: the view goes first", () =>
    onMemory(Effect.scoped(Effect.gen(function*() {
      const wal = yield* open({ maxSegmentBytes: 4096 })
      yield* Effect.forEach(Array.from({ length: 60 }), () => append(wal))
      yield* wal.truncateBefore(Sequence.make(60))
      const left = yield* sequences(wal)
      deepStrictEqual(left, Array.from({ length: left.length }, (_, index) => 60 - left.length + 1 + index))
      const gone = yield* Effect.flip(Stream.runDrain(wal.replay({ from: Sequence.make(1) })))
      strictEqual(gone._tag, "WalRetentionError")
    }))))
})
