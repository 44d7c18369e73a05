import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Wal from "effect-wal/Wal"
import type { Entry } from "effect-wal/WalEntry"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { appendAll, bytes, contents, sequence, text } from "./entries.js"
import { at, type Place } from "./places.js"

/** Small segments, so that a few entries fill several of them; nothing happens by itself. */
const small = { maxSegmentBytes: 4096, compaction: "manual", syncInterval: "never" } as const

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** About a third of a small segment. */
const third = (value: number): Uint8Array => bytes(String(value).padEnd(1_200, "."))

const appendNumbers = (wal: Wal.Service, numbers: ReadonlyArray<number>, key = "k") =>
  Effect.forEach(numbers, (number) => wal.appendEntry(key, third(number)), { discard: true })

const numberOf = (entry: Entry): number => Number(text(entry.content).replace(/\.+$/, ""))

/** The next `count` entries of a stream, in a fiber of their own. */
const take = <E>(stream: Stream.Stream<Entry, E>, count: number) =>
  Effect.fork(
    Effect.map(Stream.runCollect(Stream.take(stream, count)), (entries) => Chunk.toReadonlyArray(entries).map(numberOf))
  )

/** Lets everything run that can, without the help of a timer. */
const settle = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 30)))

/** Following a log, as its user sees it. */
export const followingSuite = (place: Place) =>
  describe(`following ${place.name}`, () => {
    it.scoped("history comes first, and then every entry as it is appended, over several segments", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* appendNumbers(wal, upTo(5))
          const fiber = yield* take(wal.changes(), 20)
          yield* settle
          yield* appendNumbers(wal, upTo(20).slice(5))
          deepStrictEqual(yield* Fiber.join(fiber), upTo(20))
          assertTrue((yield* wal.stats).segments.length > 5)
        })
      ))

    it.scoped("without a gap and without a repeat while many append", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, maxSegmentBytes: 16_384, compaction: "manual" })
          const follow = (from: number) =>
            Effect.fork(
              Effect.map(
                Stream.runCollect(Stream.take(wal.changes({ from: sequence(from) }), 601 - from)),
                (entries) => Chunk.toReadonlyArray(entries).map((entry) => Number(entry.sequence))
              )
            )
          const early = yield* follow(1)
          const append = (writer: number) =>
            Effect.forEach(upTo(100), (number) => wal.appendEntry(`w${writer}`, bytes(`${number}`)), { discard: true })
          const writers = yield* Effect.fork(
            Effect.forEach(upTo(6), append, { concurrency: "unbounded", discard: true })
          )
          yield* Effect.yieldNow()
          const late = yield* follow(50)
          yield* Fiber.join(writers)
          deepStrictEqual(yield* Fiber.join(early), upTo(600))
          deepStrictEqual(yield* Fiber.join(late), upTo(600).slice(49))
        })
      ))

    it.scoped("of one key: its history, and what comes of it", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* appendNumbers(wal, [1, 2], "ours")
          yield* appendNumbers(wal, [3, 4], "theirs")
          yield* appendNumbers(wal, [5], "ours")
          const fiber = yield* take(wal.changes({ key: "ours", after: sequence(1) }), 4)
          yield* settle
          yield* appendNumbers(wal, [6], "theirs")
          yield* appendNumbers(wal, [7, 8], "ours")
          deepStrictEqual(yield* Fiber.join(fiber), [2, 5, 7, 8])
        })
      ))

    it.scoped("a follower of what is synced does not see what is only written", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          const seen = yield* Ref.make<ReadonlyArray<number>>([])
          yield* Effect.forkScoped(
            Stream.runForEach(
              wal.changes({ visibility: "synced" }),
              (entry) => Ref.update(seen, (numbers) => [...numbers, numberOf(entry)])
            )
          )
          yield* wal.appendEntry("k", third(1))
          yield* settle
          deepStrictEqual(yield* Ref.get(seen), [])
          yield* wal.logEntry("k", third(2))
          yield* settle
          deepStrictEqual(yield* Ref.get(seen), [1, 2])
        })
      ))

    it.scoped("of one key, synced: what is written before and synced after it began is not left out", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* wal.logEntry("k", third(1))
          yield* wal.appendEntry("k", third(2))
          const fiber = yield* take(wal.changes({ key: "k", visibility: "synced" }), 2)
          yield* settle
          yield* wal.sync
          deepStrictEqual(yield* Fiber.join(fiber), [1, 2])
        })
      ))

    it.scoped("it ends when the log closes", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* appendAll(wal, "k", ["1"])
          const fiber = yield* Effect.fork(contents(wal.changes()))
          yield* settle
          yield* appendAll(wal, "k", ["2"])
          yield* settle
          yield* wal.shutdown({ files: "keep" })
          deepStrictEqual(yield* Fiber.join(fiber), ["1", "2"])
        })
      ))

    it.scoped("one that falls behind retention is told", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* appendNumbers(wal, upTo(10))
          yield* wal.truncateBefore(sequence(8))
          const error = yield* Effect.flip(Stream.runDrain(wal.changes({ from: sequence(2) })))
          strictEqual(error._tag, "WalRetentionError")
        })
      ))

    it.scoped("or goes on with the oldest there is, and reports the gap", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* appendNumbers(wal, upTo(10))
          yield* wal.truncateBefore(sequence(8))
          const gaps = yield* Ref.make<ReadonlyArray<readonly [number, number]>>([])
          const changes = wal.changes({
            from: sequence(2),
            onExpired: (gap) => Ref.update(gaps, (all) => [...all, [gap.requested, gap.oldest] as const])
          })
          const seen = yield* Fiber.join(yield* take(changes, 2))
          const oldest = (yield* wal.stats).oldest?.sequence ?? 0
          deepStrictEqual(seen, [oldest, oldest + 1])
          deepStrictEqual(yield* Ref.get(gaps), [[2, oldest]])
        })
      ))

    it.scoped("retention that overtakes a slow reader is told too, and never skipped over", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* appendNumbers(wal, upTo(12))
          const seen: Array<number> = []
          const slow = Stream.runForEachChunk(wal.changes(), (chunk) => {
            seen.push(...Chunk.toReadonlyArray(chunk).map(numberOf))
            return wal.truncateBefore(sequence(11))
          })
          const error = yield* Effect.flip(slow)
          strictEqual(error._tag, "WalRetentionError")
          deepStrictEqual(seen, upTo(seen.length))
          assertTrue(seen.length < 11)
        })
      ))

    it.scoped("an empty key is refused", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          const error = yield* Effect.flip(Stream.runDrain(wal.changes({ key: "" })))
          strictEqual(error._tag === "WalCodecError" && error.reason, "EmptyKey")
        })
      ))
  })
