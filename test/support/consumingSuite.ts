import * as FileSystem from "@effect/platform/FileSystem"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Wal from "effect-wal/Wal"
import * as WalConsumer from "effect-wal/WalConsumer"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import { caughtUp, consumeAll, noting, one, settle } from "./consumers.js"
import { appendAll, bytes, sequence, text } from "./entries.js"
import { at, type Place } from "./places.js"

/** Small segments; nothing happens by itself. */
const small = { maxSegmentBytes: 4096, compaction: "manual", syncInterval: "never" } as const

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => String(from + index))

const keysOf = (entries: WalConsumer.Entries) => new Set(entries.map(({ key }) => text(key)))

/** Consumers of a log, as their user sees them. */
export const consumingSuite = (place: Place) =>
  describe(`consuming ${place.name}`, () => {
    it.scoped("every entry once, in order, and what comes while it runs", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* appendAll(wal, "k", numbers(1, 25))
          const seen: Array<string> = []
          const sizes: Array<number> = []
          const consumer = yield* WalConsumer.make({ name: "billing", wal, from: "earliest" })
          deepStrictEqual(consumer.recovery, { _tag: "Started", after: sequence(0) })
          strictEqual(yield* consumer.lag, 25)
          yield* wal.sync
          const fiber = yield* Effect.fork(consumer.run((entries) => {
            sizes.push(entries.length)
            return noting(seen)(entries)
          }, one))
          yield* caughtUp(consumer)
          yield* appendAll(wal, "k", numbers(26, 30))
          yield* settle
          strictEqual(yield* consumer.lag, 5)
          yield* wal.sync
          yield* caughtUp(consumer)
          deepStrictEqual(seen, numbers(1, 30))
          assertTrue(sizes.every((size) => size <= 10) && sizes.length >= 3)
          strictEqual(yield* consumer.position, 30)
          yield* Fiber.interrupt(fiber)
        })
      ))

    it.scoped("goes on where it was, across runs and openings", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          yield* Effect.scoped(Effect.gen(function*() {
            const wal = yield* Wal.make({ directory, ...small })
            yield* appendAll(wal, "k", numbers(1, 5))
            deepStrictEqual((yield* consumeAll(wal, "a")).seen, numbers(1, 5))
            yield* appendAll(wal, "k", numbers(6, 7))
            deepStrictEqual((yield* consumeAll(wal, "a")).seen, numbers(6, 7))
          }))
          const wal = yield* Wal.make({ directory, ...small })
          yield* appendAll(wal, "k", numbers(8, 9))
          deepStrictEqual(yield* consumeAll(wal, "a"), {
            seen: numbers(8, 9),
            recovery: { _tag: "Resumed", after: sequence(7) }
          })
        })
      ))

    it.scoped("several are independent, and the latest begin with what comes", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* appendAll(wal, "k", numbers(1, 5))
          yield* WalConsumer.make({ name: "late", wal, from: "latest" })
          yield* appendAll(wal, "k", numbers(6, 8))
          deepStrictEqual((yield* consumeAll(wal, "early")).seen, numbers(1, 8))
          deepStrictEqual((yield* consumeAll(wal, "late", "latest")).seen, numbers(6, 8))
          deepStrictEqual((yield* consumeAll(wal, "later", "latest")).seen, [])
        })
      ))

    it.scoped("the entries of one key; the cursor moves over the others", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          const seen: Array<string> = []
          const consumer = yield* WalConsumer.make({ name: "one", wal, from: "earliest", key: "ours" })
          yield* appendAll(wal, "theirs", ["1"])
          yield* appendAll(wal, "ours", ["2", "3"])
          yield* appendAll(wal, "theirs", ["4", "5"])
          yield* wal.sync
          const fiber = yield* Effect.fork(consumer.run(noting(seen), one))
          yield* caughtUp(consumer)
          yield* Fiber.interrupt(fiber)
          deepStrictEqual(seen, ["2", "3"])
          strictEqual(yield* consumer.position, 5)
          const error = yield* Effect.flip(WalConsumer.make({ name: "one", wal, from: "earliest", key: "theirs" }))
          strictEqual(error._tag === "WalConsumerError" && error.reason, "OtherKey")
        })
      ))

    it.scoped("keys side by side, each in its order, never two batches of one at once", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          const keys = ["a", "b", "c", "d"]
          yield* Effect.forEach(numbers(1, 100), (number) =>
            wal.appendEntry(keys[Number(number) % 4] ?? "", bytes(number)))
          yield* wal.sync
          const seen = new Map<string, Array<number>>()
          const atWork = new Set<string>()
          let most = 0
          const consumer = yield* WalConsumer.make({ name: "keys", wal, from: "earliest" })
          const fiber = yield* Effect.fork(consumer.run((entries) =>
            Effect.gen(function*() {
              const [key = "", ...others] = keysOf(entries)
              assertTrue(others.length === 0 && !atWork.has(key) && entries.length <= 3)
              atWork.add(key)
              most = Math.max(most, atWork.size)
              yield* Effect.promise(() =>
                new Promise((resolve) => setTimeout(resolve, Math.random() * 3))
              )
              seen.set(key, [...seen.get(key) ?? [], ...entries.map((entry) => Number(text(entry.content)))])
              atWork.delete(key)
            }), { batch: 3, concurrency: "per-key", handlers: 3 }))
          yield* Effect.raceFirst(caughtUp(consumer), Fiber.join(fiber))
          yield* Fiber.interrupt(fiber)
          strictEqual(most, 3)
          for (const [index, key] of keys.entries()) {
            deepStrictEqual(seen.get(key), numbers(1, 100).map(Number).filter((number) => number % 4 === index))
          }
        })
      ))

    it.scoped("a slow key does not keep the others waiting, but the cursor", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* appendAll(wal, "slow", ["1"])
          yield* appendAll(wal, "fast", numbers(2, 50))
          yield* wal.sync
          const seen: Array<string> = []
          const gate = yield* Deferred.make<void>()
          const consumer = yield* WalConsumer.make({ name: "keys", wal, from: "earliest" })
          const fiber = yield* Effect.fork(
            consumer.run((entries) => keysOf(entries).has("slow") ? Deferred.await(gate) : noting(seen)(entries), {
              batch: 10,
              concurrency: "per-key"
            })
          )
          yield* settle
          deepStrictEqual(seen, numbers(2, 50))
          strictEqual(yield* consumer.position, 0)
          yield* Deferred.succeed(gate, undefined)
          yield* caughtUp(consumer)
          strictEqual(yield* consumer.position, 50)
          yield* Fiber.interrupt(fiber)
        })
      ))

    it.scoped("only what is on disk, unless it is to be seen earlier", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          const [safe, early]: [Array<string>, Array<string>] = [[], []]
          const consumer = yield* WalConsumer.make({ name: "safe", wal, from: "earliest" })
          const hasty = yield* WalConsumer.make({ name: "early", wal, from: "earliest", visibility: "written" })
          const fiber = yield* Effect.fork(Effect.all([
            consumer.run(noting(safe), one),
            hasty.run(noting(early), one)
          ], { concurrency: "unbounded" }))
          yield* appendAll(wal, "k", numbers(1, 3))
          yield* settle
          deepStrictEqual(safe, [])
          deepStrictEqual(early, numbers(1, 3))
          strictEqual((yield* wal.stats).syncedSequence, 0)
          // Its cursor goes no further than the log is synced, so that it syncs it.
          yield* Fiber.interrupt(fiber)
          strictEqual((yield* wal.stats).syncedSequence, 3)
        })
      ))

    it.scoped("a failing batch is tried again as its schedule says, and then ends the run before it", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* appendAll(wal, "k", numbers(1, 5))
          yield* wal.sync
          const consumer = yield* WalConsumer.make({ name: "a", wal, from: "earliest" })
          const tries: Array<string> = []
          const exit = yield* Effect.exit(consumer.run(([entry]) => {
            tries.push(text(entry.content))
            return text(entry.content) === "3" ? Effect.fail("three" as const) : Effect.void
          }, { batch: 1, concurrency: 1, retry: Schedule.recurs(2) }))
          deepStrictEqual(exit, Exit.fail("three"))
          deepStrictEqual(tries, ["1", "2", "3", "3", "3"])
          strictEqual(yield* consumer.position, 2)
          deepStrictEqual((yield* consumeAll(wal, "a")).seen, numbers(3, 5))
        })
      ))

    it.scoped("or is given up to the dead letters, as is one that dies", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* appendAll(wal, "k", numbers(1, 5))
          yield* wal.sync
          const consumer = yield* WalConsumer.make({ name: "a", wal, from: "earliest" })
          const seen: Array<string> = []
          const dead: Array<string> = []
          const fiber = yield* Effect.fork(consumer.run((entries) => {
            const content = text(entries[0].content)
            return content === "2" ? Effect.fail("two") : content === "4" ? Effect.die("four") : noting(seen)(entries)
          }, { batch: 1, concurrency: 1, retry: Schedule.recurs(1), deadLetter: noting(dead) }))
          yield* caughtUp(consumer)
          yield* Fiber.interrupt(fiber)
          deepStrictEqual(seen, ["1", "3", "5"])
          deepStrictEqual(dead, ["2", "4"])
        })
      ))

    it.scoped("one run at a time, and another after it", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          const consumer = yield* WalConsumer.make({ name: "a", wal, from: "earliest" })
          const again = yield* WalConsumer.make({ name: "a", wal, from: "earliest" })
          const fiber = yield* Effect.fork(consumer.run(noting([]), one))
          yield* settle
          const error = yield* Effect.flip(again.run(noting([]), one))
          strictEqual(error._tag === "WalConsumerError" && error.reason, "AlreadyRunning")
          yield* Fiber.interrupt(fiber)
          const next = yield* Effect.fork(again.run(noting([]), one))
          yield* settle
          strictEqual(yield* Effect.map(next.status, ({ _tag }) => _tag), "Suspended")
          yield* Fiber.interrupt(next)
        })
      ))

    it.scoped("it ends when the log closes, and the cursor is as far as the handlers were", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          yield* Effect.scoped(Effect.gen(function*() {
            const wal = yield* Wal.make({ directory, ...small })
            yield* appendAll(wal, "k", numbers(1, 5))
            const consumer = yield* WalConsumer.make({ name: "a", wal, from: "earliest" })
            const fiber = yield* Effect.fork(consumer.run(noting([]), one))
            yield* wal.sync
            yield* caughtUp(consumer)
            yield* wal.shutdown({ files: "keep" })
            yield* Fiber.join(fiber)
          }))
          const wal = yield* Wal.make({ directory, ...small })
          deepStrictEqual((yield* WalConsumer.make({ name: "a", wal, from: "earliest" })).recovery, {
            _tag: "Resumed",
            after: sequence(5)
          })
        })
      ))

    it.scoped("a log that is removed takes its cursors along", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const wal = yield* Wal.make({ directory, ...small })
          yield* WalConsumer.make({ name: "a", wal, from: "earliest" })
          assertTrue((yield* fs.readDirectory(directory)).includes("a.cursor"))
          yield* wal.shutdown({ files: "remove" })
          assertTrue(!(yield* fs.exists(`${directory}/a.cursor`)))
        })
      ))

    it.scoped("names that cannot be a file's, and cursors that cannot be read, are refused", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const reasonOf = (wal: Wal.Service, name: string) =>
            Effect.map(
              Effect.flip(WalConsumer.make({ name, wal, from: "earliest" })),
              (error) => error._tag === "WalConsumerError" ? error.reason : error._tag
            )
          yield* Effect.scoped(Effect.gen(function*() {
            const wal = yield* Wal.make({ directory, ...small })
            for (const name of ["", ".a", "a/b", "ä", "a b", "..", "x".repeat(101), "a\n"]) {
              strictEqual(yield* reasonOf(wal, name), "InvalidName")
            }
            yield* WalConsumer.make({ name: "x".repeat(100), wal, from: "earliest" })
            yield* WalConsumer.make({ name: "a", wal, from: "earliest" })
            yield* WalConsumer.make({ name: "b", wal, from: "earliest" })
          }))
          const line = yield* fs.readFileString(`${directory}/a.cursor`)
          yield* fs.writeFileString(`${directory}/b.cursor`, line)
          yield* fs.writeFileString(`${directory}/a.cursor`, line.replace("\"sequence\":0", "\"sequence\":9"))
          yield* fs.writeFileString(`${directory}/c.cursor`, "")
          const wal = yield* Wal.make({ directory, ...small })
          for (const name of ["a", "b", "c"]) {
            strictEqual(yield* reasonOf(wal, name), "DamagedCursor")
          }
        })
      ))

    it.scoped("options that break their rules are refused", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          const consumer = yield* WalConsumer.make({ name: "a", wal, from: "earliest" })
          const refused = (options: WalConsumer.RunOptions) =>
            Effect.map(
              Effect.flip(consumer.run(noting([]), options)),
              (error) => error._tag === "WalConfigError" ? error.option : error._tag
            )
          strictEqual(yield* refused({ batch: 0, concurrency: 1 }), "batch")
          strictEqual(yield* refused({ batch: 1, concurrency: "per-key", handlers: 0.5 }), "handlers")
          strictEqual(yield* refused({ ...one, saveEvery: { entries: 0 } }), "saveEvery.entries")
          strictEqual(yield* refused({ ...one, saveEvery: { interval: 0 } }), "saveEvery.interval")
        })
      ))

    it.scoped("one that is behind retention is told when it is made, and goes on with the oldest entry", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* WalConsumer.make({ name: "a", wal, from: "earliest" })
          yield* Effect.forEach(numbers(1, 10), (number) => wal.appendEntry("k", bytes(number.padEnd(1200, "."))))
          const { oldestSequence } = yield* wal.truncateBefore(sequence(8))
          assertTrue(oldestSequence > 1)
          const { recovery, seen } = yield* consumeAll(wal, "a")
          deepStrictEqual(recovery, {
            _tag: "Expired",
            cursor: sequence(0),
            after: sequence(oldestSequence - 1),
            missed: { first: sequence(1), last: sequence(oldestSequence - 1) }
          })
          deepStrictEqual(seen.map((content) => content.replaceAll(".", "")), numbers(oldestSequence, 10))
          strictEqual((yield* consumeAll(wal, "a")).recovery._tag, "Resumed")
        })
      ))

    it.scoped("one that retention overtakes is told while it runs", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          const consumer = yield* WalConsumer.make({ name: "a", wal, from: "earliest" })
          yield* Effect.forEach(numbers(1, 10), (number) => wal.logEntry("k", bytes(number.padEnd(1200, "."))))
          const { oldestSequence } = yield* wal.truncateBefore(sequence(8))
          const error = yield* Effect.flip(consumer.run(noting([]), { ...one, onExpired: "fail" }))
          strictEqual(error._tag, "WalRetentionError")
          const gaps: Array<readonly [number, number]> = []
          const seen: Array<string> = []
          const fiber = yield* Effect.fork(consumer.run(noting(seen), {
            ...one,
            onExpired: ({ oldest, requested }) => Effect.sync(() => gaps.push([requested, oldest]))
          }))
          yield* caughtUp(consumer)
          yield* Fiber.interrupt(fiber)
          deepStrictEqual(gaps, [[1, Number(oldestSequence)]])
          strictEqual(seen.length, 10 - oldestSequence + 1)
        })
      ))
  })
