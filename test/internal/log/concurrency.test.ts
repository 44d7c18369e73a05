import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import * as Wal from "effect-wal/Wal"
import type { Durability, Entry } from "effect-wal/WalEntry"
import type { WalOptions } from "effect-wal/WalOptions"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { bytes, collect, contents, sequence, sequences, text } from "../../support/entries.js"
import { at, memory, places } from "../../support/places.js"
import { unfairly } from "../../support/unfairScheduler.js"

const durabilities: ReadonlyArray<Durability> = ["buffered", "written", "synced"]

const durabilityOf = (number: number): Durability => durabilities[number % durabilities.length] ?? "written"

/** What a fiber appends: three entries, one by one or as a batch. */
const contentsOf = (fiber: number): ReadonlyArray<string> => [0, 1, 2].map((step) => `${fiber}.${step}`)

const appendAsFiber = (wal: Wal.Service, fiber: number) => {
  const inputs = contentsOf(fiber).map((content) => ({ key: `key ${fiber % 50}`, content: bytes(content) }))
  return fiber % 4 === 0
    ? wal.appendBatch(inputs, { durability: durabilityOf(fiber >> 2) })
    : Effect.forEach(inputs, ({ content, key }, step) =>
      Effect.zipRight(
        Effect.yieldNow(),
        wal.appendEntry(key, content, { durability: durabilityOf(fiber + step) })
      ))
}

/** Sequences follow each other, and every fiber's entries are there once, in its order; those of a batch are neighbours. */
const assertWhole = (entries: ReadonlyArray<Entry>, fibers: number): void => {
  deepStrictEqual(
    entries.map((entry) => Number(entry.sequence)),
    Array.from({ length: entries.length }, (_, index) => index + 1)
  )
  const places = new Map<string, Array<readonly [number, string]>>()
  for (const entry of entries) {
    const content = text(entry.content)
    const fiber = content.split(".")[0] ?? ""
    places.set(fiber, [...places.get(fiber) ?? [], [entry.sequence, content]])
  }
  strictEqual(places.size, fibers)
  for (const [fiber, found] of places) {
    deepStrictEqual(found.map(([, content]) => content), contentsOf(Number(fiber)))
    const [first = 0, , last = 0] = found.map(([sequence]) => sequence)
    assertTrue(Number(fiber) % 4 !== 0 || last === first + 2)
  }
}

/** Reads in every way until it is interrupted; what it reads is in order and without a gap. */
const readOnAndOn = (wal: Wal.Service) =>
  Effect.gen(function*() {
    const seen = yield* collect(wal.replay())
    const first = Number(seen[0]?.sequence ?? 1)
    deepStrictEqual(seen.map((entry) => Number(entry.sequence)), seen.map((_, index) => first + index))
    const count = yield* wal.entryCount
    assertTrue(count >= seen.length)
    const keys = yield* collect(wal.enumerateKeys)
    strictEqual(new Set(keys.map(text)).size, keys.length)
    for (const key of keys.slice(0, 5)) {
      const records = yield* collect(wal.enumerateRecords(key))
      assertTrue(records.every((entry, index) => index === 0 || entry.sequence > (records[index - 1]?.sequence ?? 0)))
    }
    const last = seen.at(-1)
    if (last !== undefined) {
      strictEqual(text((yield* wal.readEntryAt(last.ref)).content), text(last.content))
    }
    yield* wal.compact
    yield* Effect.yieldNow()
  }).pipe(Effect.forever)

const withReaders = <A, E>(wal: Wal.Service, work: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const readers = yield* Effect.forEach([1, 2, 3], () => Effect.fork(readOnAndOn(wal)))
    const result = yield* Effect.raceAll([
      work,
      ...readers.map((reader) => Effect.zipRight(Fiber.join(reader), Effect.never))
    ])
    yield* Fiber.interruptAll(readers)
    return result
  })

/** A log on a disk that the test has in its hands. */
const openOnDisk = (options: Partial<WalOptions>) =>
  Effect.gen(function*() {
    const disk = yield* SimulatedDisk.make()
    const open = Effect.provide(
      Wal.make({ directory: "/wal", flushInterval: "1 hour", syncInterval: "never", ...options }),
      disk.layer
    )
    return { disk, wal: yield* open, open }
  })

const FIBERS = 1_000

describe("concurrency", () => {
  for (const place of places) {
    it.scopedLive(`1,000 fibers append ${place.name} while others read and compact: nothing is lost, doubled or reordered`, () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const options = {
            directory,
            maxSegmentBytes: 8 * 1024,
            maxPendingBytes: 4 * 1024,
            syncInterval: "20 millis"
          } as const
          const wal = yield* Wal.make(options)
          yield* withReaders(
            wal,
            Effect.forEach(Array.from({ length: FIBERS }, (_, fiber) => fiber), (fiber) => appendAsFiber(wal, fiber), {
              concurrency: "unbounded",
              discard: true
            })
          )
          const entries = yield* collect(wal.replay())
          assertWhole(entries, FIBERS)
          assertTrue((yield* wal.stats).segments.length > 10)
          yield* wal.shutdown({ files: "keep" })
          const again = yield* Wal.make(options)
          assertWhole(yield* collect(again.replay()), FIBERS)
          const keys = yield* collect(again.enumerateKeys)
          const records = yield* Effect.forEach(keys, (key) => collect(again.enumerateRecords(key)))
          strictEqual(records.flat().length, entries.length)
        })
      ))
  }

  // The clock stands still: nothing here is rescued by a timer.
  it.scoped.each(Array.from({ length: 40 }, (_, seed) => seed))(
    "the same holds however fibers are interleaved (seed %i)",
    (seed) =>
      at(memory)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, maxSegmentBytes: 4 * 1024, maxPendingBytes: 1024 })
          yield* withReaders(
            wal,
            Effect.forEach(Array.from({ length: 60 }, (_, fiber) => fiber), (fiber) => appendAsFiber(wal, fiber), {
              concurrency: "unbounded",
              discard: true
            })
          )
          assertWhole(yield* collect(wal.replay()), 60)
          strictEqual(yield* wal.sync, 180)
          yield* wal.shutdown({ files: "keep" })
          assertWhole(yield* collect((yield* Wal.make({ directory })).replay()), 60)
        }).pipe(unfairly(seed))
      )
  )

  it.scoped.each(Array.from({ length: 10 }, (_, seed) => seed))(
    "a few appends, reads and syncs at once never wait for one that may not come (seed %i)",
    (seed) =>
      at(memory)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({
            directory,
            maxSegmentBytes: 4 * 1024,
            flushInterval: "1 hour",
            syncInterval: "never"
          })
          const append = (durability: Durability) => wal.appendEntry("k", bytes(durability), { durability })
          for (let round = 0; round < 200; round++) {
            yield* Effect.all([
              append("written"),
              append(durabilityOf(round)),
              round % 3 === 0 ? append("buffered") : Effect.void,
              round % 3 === 0 ? wal.entryCount : Effect.void,
              round % 5 === 0 ? wal.sync : Effect.void
            ], { concurrency: "unbounded", discard: true })
          }
          strictEqual(yield* wal.entryCount, 467)
        }).pipe(unfairly(seed))
      )
  )
})

describe("backpressure", () => {
  it.scoped("appenders wait when maxPendingBytes wait, and are served first come, first served", () =>
    Effect.gen(function*() {
      const { disk, wal } = yield* openOnDisk({ maxPendingBytes: 1024 })
      const slow = yield* disk.fault({ on: "write", effect: SimulatedDisk.slow("1 second") })
      const acknowledged: Array<number> = []
      const numbers = Array.from({ length: 20 }, (_, number) => number)
      const appenders = yield* Effect.forEach(numbers, (number) =>
        Effect.fork(Effect.map(
          wal.appendEntry("k", new Uint8Array(number % 3 === 0 ? 700 : 100).fill(number), { durability: "buffered" }),
          (ref) => acknowledged.push(ref.sequence)
        )))
      yield* TestClock.adjust("0 seconds")
      assertTrue(acknowledged.length < 10)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.joinAll(appenders)
      yield* slow.lift
      deepStrictEqual(acknowledged, numbers.map((number) => number + 1))
      const entries = yield* collect(wal.replay())
      deepStrictEqual(entries.map((entry) => entry.content[0]), numbers)
      const writes = (yield* disk.operations).filter(({ kind, path }) => kind === "write" && path.endsWith(".wal"))
      assertTrue(writes.length > 3 && writes.every(({ length = 0 }) => length <= 1024))
    }))

  it.scoped("what is larger than maxPendingBytes is admitted when nothing is pending", () =>
    at(memory)((directory) =>
      Effect.gen(function*() {
        const wal = yield* Wal.make({ directory, maxPendingBytes: 64, flushInterval: "1 hour" })
        yield* wal.appendEntry("k", new Uint8Array(10_000))
        yield* wal.appendEntry("k", new Uint8Array(10_000), { durability: "buffered" })
        yield* wal.appendBatch([1, 2, 3].map(() => ({ key: "k", content: new Uint8Array(10_000) })), {
          durability: "buffered"
        })
        strictEqual(yield* wal.entryCount, 5)
      })
    ))
})

describe("interruption", () => {
  it.scoped("an appender that waits for its turn leaves nothing behind, and those behind it go on", () =>
    Effect.gen(function*() {
      const { disk, wal } = yield* openOnDisk({ maxPendingBytes: 200 })
      const slow = yield* disk.fault({ on: "write", effect: SimulatedDisk.slow("1 second") })
      const append = (content: string) => Effect.fork(wal.appendEntry("k", bytes(content.padEnd(100, "."))))
      const first = yield* append("first")
      const [second, third, fourth] = yield* Effect.all([append("second"), append("third"), append("fourth")])
      yield* TestClock.adjust("0 seconds")
      yield* Fiber.interrupt(second)
      yield* Fiber.interrupt(fourth)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.joinAll([first, third])
      deepStrictEqual((yield* contents(wal.replay())).map((content) => content.replace(/\.+/, "")), ["first", "third"])
      yield* slow.lift
      strictEqual((yield* wal.appendEntry("k", bytes("next"))).sequence, 3)
    }))

  it.scoped("an appender that is framed stops waiting at once, and its entry or batch is whole", () =>
    Effect.gen(function*() {
      const { disk, open, wal } = yield* openOnDisk({})
      const slow = yield* disk.fault({ on: ["write", "sync"], effect: SimulatedDisk.slow("1 second") })
      const entry = yield* Effect.fork(wal.appendEntry("k", bytes("entry")))
      yield* TestClock.adjust("0 seconds")
      const batch = yield* Effect.fork(
        wal.appendBatch(["1", "2", "3"].map((content) => ({ key: "k", content: bytes(content) })), {
          durability: "synced"
        })
      )
      yield* TestClock.adjust("0 seconds")
      yield* Fiber.interruptAll([entry, batch])
      yield* slow.lift
      yield* TestClock.adjust("1 minute")
      deepStrictEqual(yield* contents(wal.replay()), ["entry", "1", "2", "3"])
      yield* wal.shutdown({ files: "keep" })
      deepStrictEqual(yield* contents((yield* open).replay()), ["entry", "1", "2", "3"])
    }))

  it.scoped("a stream that is not finished gives its handle back", () =>
    Effect.gen(function*() {
      const { disk, wal } = yield* openOnDisk({ maxSegmentBytes: 4096, compaction: "manual" })
      yield* Effect.forEach(Array.from({ length: 12 }), () => wal.appendEntry("k", new Uint8Array(1_000)))
      const takeOne = Effect.all([
        collect(Stream.take(wal.replay(), 1)),
        collect(Stream.take(wal.enumerateRecords("k"), 1)),
        collect(Stream.take(wal.enumerateKeys, 1))
      ])
      yield* takeOne
      const before = (yield* disk.openFiles).length
      yield* Effect.repeatN(takeOne, 50)
      strictEqual((yield* disk.openFiles).length, before)
      const reading = yield* Effect.fork(Stream.runForEach(wal.replay(), () => Effect.never))
      yield* TestClock.adjust("0 seconds")
      strictEqual((yield* disk.openFiles).length, before)
      yield* Fiber.interrupt(reading)
      yield* wal.shutdown({ files: "keep" })
      deepStrictEqual(yield* disk.openFiles, [])
    }))
})

describe("closing while others work", () => {
  it.scoped("a reader in the middle of a stream is told, and every handle is closed", () =>
    Effect.gen(function*() {
      const { disk, wal } = yield* openOnDisk({ maxSegmentBytes: 4096, compaction: "manual" })
      yield* Effect.forEach(Array.from({ length: 12 }), () => wal.appendEntry("k", new Uint8Array(1_000)))
      const goOn = yield* Deferred.make<void>()
      const streams = [wal.replay(), wal.enumerateRecords("k")]
      const readers = yield* Effect.forEach(streams, (stream) =>
        Effect.fork(Effect.flip(Stream.runForEach(stream, () => Deferred.await(goOn)))))
      yield* TestClock.adjust("0 seconds")
      yield* wal.shutdown({ files: "keep" })
      yield* Deferred.succeed(goOn, undefined)
      const errors = yield* Effect.forEach(readers, Fiber.join)
      deepStrictEqual(
        errors.map((error) =>
          error._tag
        ),
        ["WalClosedError", "WalClosedError"]
      )
      deepStrictEqual(yield* disk.openFiles, [])
    }))

  it.scoped.each(["keep", "remove"] as const)(
    "synced appends that wait for a slow fsync are told (files: %s)",
    (files) =>
      Effect.gen(function*() {
        const { disk, wal } = yield* openOnDisk({})
        yield* disk.fault({ on: "sync", effect: SimulatedDisk.slow("1 second") })
        const append = Effect.zipLeft(Effect.fork(wal.logEntry("k", bytes(""))), TestClock.adjust("1 millis"))
        const appenders = yield* Effect.all([append, append, append])
        const shutdown = yield* Effect.fork(wal.shutdown({ files }))
        yield* TestClock.adjust("1 minute")
        deepStrictEqual(yield* Fiber.joinAll(appenders).pipe(Effect.as("acknowledged")), "acknowledged")
        yield* Fiber.join(shutdown)
      })
  )

  it.scoped("no file is removed any more once the lock is given back", () =>
    Effect.gen(function*() {
      const { disk, wal } = yield* openOnDisk({ maxSegmentBytes: 4096, compaction: "manual" })
      yield* Effect.forEach(Array.from({ length: 12 }), () => wal.appendEntry("k", new Uint8Array(1_000)))
      yield* disk.fault({ on: "remove", effect: SimulatedDisk.slow("1 second") })
      const first = yield* Effect.fork(wal.truncateBefore(sequence(7)))
      const second = yield* Effect.fork(Effect.either(wal.truncateBefore(sequence(10))))
      yield* TestClock.adjust("0 seconds")
      const shutdown = yield* Effect.fork(wal.shutdown({ files: "keep" }))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(shutdown)
      strictEqual((yield* Fiber.join(first)).removed.length, 2)
      const late = yield* Fiber.join(second)
      assertTrue(late._tag === "Left" && late.left._tag === "WalClosedError")
      const operations = (yield* disk.operations).filter(({ kind, path }) =>
        kind !== "readDirectory" && path.startsWith("/wal")
      )
      deepStrictEqual(operations.at(-1)?.kind, "rename")
      assertTrue(operations.at(-1)?.path.startsWith("/wal/LOCK"))
    }))
})

describe("rotation while others work", () => {
  it.scoped("a mark that falls due while the next segment is made is not written into the wrong one", () =>
    Effect.gen(function*() {
      const { disk, open, wal } = yield* openOnDisk({
        maxSegmentBytes: 4096,
        flushInterval: "10 millis",
        compaction: "manual"
      })
      yield* disk.fault({ on: "rename", path: (path) => path.endsWith(".tmp"), effect: SimulatedDisk.slow("1 second") })
      const append = wal.appendEntry("k", new Uint8Array(1_500))
      yield* append
      yield* append
      const third = yield* Effect.fork(append)
      yield* TestClock.adjust("100 millis")
      const fourth = yield* Effect.fork(append)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.joinAll([third, fourth])
      deepStrictEqual(yield* sequences(wal.replay()), [1, 2, 3, 4])
      yield* wal.shutdown({ files: "keep" })
      const again = yield* open
      deepStrictEqual(again.recovery.tornTails, [])
      deepStrictEqual(yield* sequences(again.replay()), [1, 2, 3, 4])
    }))

  it.scoped("a full disk refuses the appends that need a new segment, and the log goes on when there is space", () =>
    Effect.gen(function*() {
      const { disk, wal } = yield* openOnDisk({ maxSegmentBytes: 4096, compaction: "manual" })
      yield* wal.appendEntry("k", new Uint8Array(3_000))
      const full = yield* disk.fault({
        on: ["write", "open"],
        path: (path) => path.endsWith(".tmp"),
        effect: SimulatedDisk.fail("ENOSPC")
      })
      const error = yield* Effect.flip(wal.appendEntry("k", new Uint8Array(3_000)))
      assertTrue(error._tag === "WalIoError" && error.reason === "NoSpace")
      yield* wal.appendEntry("k", bytes("small"))
      yield* full.lift
      yield* wal.appendEntry("k", new Uint8Array(3_000))
      deepStrictEqual(yield* sequences(wal.replay()), [1, 2, 3])
    }))
})
