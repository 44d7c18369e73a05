import * as FileSystem from "@effect/platform/FileSystem"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Wal from "effect-wal/Wal"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { appendAll, bytes, contents, session } from "./entries.js"
import { at, type Place } from "./places.js"

class Orders extends Wal.Tag<Orders>()("test/Orders") {}
class Audit extends Wal.Tag<Audit>()("test/Audit") {}

const configured = {
  directory: Config.string("WAL_DIRECTORY"),
  segments: Config.integer("WAL_SEGMENTS").pipe(Config.withDefault(10)),
  entryRetention: Config.duration("WAL_RETENTION").pipe(Config.withDefault("7 days"))
}

const namesIn = (directory: string) =>
  Effect.map(Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(directory)), (names) => names.sort())

/** A log in a scope of its own, which the test closes. */
const openIn = (options: Parameters<typeof Wal.make>[0]) =>
  Effect.gen(function*() {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const wal = yield* Scope.extend(Wal.make(options), scope)
    return { wal, close: Scope.close(scope, Exit.void) }
  })

/** Whether an append was acknowledged, or how it was refused. */
const outcome = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.match(effect, { onFailure: (error) => error._tag, onSuccess: () => "acknowledged" })

/** Opening and closing, as their user sees them. */
export const lifeCycleSuite = (place: Place) =>
  describe(`the life cycle ${place.name}`, () => {
    it.scoped("the scope's end drains what is buffered, while the clock stands still", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          yield* Wal.make({ directory, flushInterval: "1 hour", durability: "buffered" }).pipe(
            session((wal) => appendAll(wal, "k", ["1", "2", "3"]))
          )
          const wal = yield* Wal.make({ directory })
          deepStrictEqual(yield* contents(wal.replay()), ["1", "2", "3"])
        })
      ))

    it.scoped("a closed log is sealed, so that opening it scans nothing", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          yield* Wal.make({ directory }).pipe(session((wal) => appendAll(wal, "k", ["1", "2"])))
          const { recovery } = yield* Wal.make({ directory })
          deepStrictEqual([recovery.segments, recovery.sealed, recovery.scanned, recovery.entries], [1, 1, 0, 2])
          deepStrictEqual([Number(recovery.newestSequence), recovery.tornTails], [2, []])
        })
      ))

    it.scoped("shutdown keeps the files, and the log can be opened again at once", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const first = yield* Wal.make({ directory })
          yield* appendAll(first, "k", ["1"])
          yield* first.shutdown({ files: "keep" })
          const second = yield* Wal.make({ directory })
          deepStrictEqual(yield* contents(second.replay()), ["1"])
        })
      ))

    it.scoped("shutdown removes the files of the log, and nothing else", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const first = yield* Wal.make({ directory, maxSegmentBytes: 4096 })
          yield* fs.writeFileString(`${directory}/notes.txt`, "of somebody else")
          yield* Effect.forEach([1, 2, 3, 4], () => first.appendEntry("k", new Uint8Array(3_000)))
          yield* first.shutdown({ files: "remove" })
          const left = yield* namesIn(directory)
          deepStrictEqual(left, ["LOCK", "notes.txt"].filter((name) => left.includes(name)))
          assertTrue(left.includes("notes.txt"))
          const second = yield* Wal.make({ directory })
          strictEqual(yield* second.entryCount, 0)
          strictEqual((yield* second.appendEntry("k", bytes("first"))).sequence, 1)
        })
      ))

    it.scoped("shutdown twice, at once or one after the other, is one shutdown", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          yield* appendAll(wal, "k", ["1"])
          yield* Effect.all([wal.shutdown({ files: "keep" }), wal.shutdown({ files: "keep" })], { concurrency: 2 })
          yield* wal.shutdown({ files: "keep" })
          const again = yield* Wal.make({ directory })
          deepStrictEqual(yield* contents(again.replay()), ["1"])
        })
      ))

    it.scoped("a shutdown that is to remove what another one keeps is told so", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          yield* appendAll(wal, "k", ["1"])
          yield* wal.shutdown({ files: "keep" })
          strictEqual((yield* Effect.flip(wal.shutdown({ files: "remove" })))._tag, "WalClosedError")
          const again = yield* Wal.make({ directory })
          deepStrictEqual(yield* contents(again.replay()), ["1"])
        })
      ))

    it.scoped("the scope's end awaits a shutdown that is under way", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const { close, wal } = yield* openIn({ directory, durability: "buffered", flushInterval: "1 hour" })
          yield* appendAll(wal, "k", ["1", "2"])
          const shutdown = yield* Effect.fork(wal.shutdown({ files: "keep" }))
          yield* Effect.yieldNow()
          yield* close
          const again = yield* Wal.make({ directory })
          deepStrictEqual(yield* contents(again.replay()), ["1", "2"])
          yield* Fiber.join(shutdown)
        })
      ))

    it.scoped("an interrupted shutdown goes on to its end", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const { wal } = yield* openIn({ directory, durability: "buffered", flushInterval: "1 hour" })
          yield* appendAll(wal, "k", ["1", "2"])
          const shutdown = yield* Effect.fork(wal.shutdown({ files: "keep" }))
          yield* Effect.yieldNow()
          yield* Fiber.interrupt(shutdown)
          const again = yield* Wal.make({ directory })
          deepStrictEqual(yield* contents(again.replay()), ["1", "2"])
        })
      ))

    it.scoped.each(["buffered", "written", "synced"] as const)(
      "%s appends during and after closing are acknowledged and there, or told",
      (durability) =>
        at(place)((directory) =>
          Effect.gen(function*() {
            const { close, wal } = yield* openIn({
              directory,
              maxSegmentBytes: 4096,
              maxPendingBytes: 1024,
              flushInterval: "1 hour"
            })
            const appenders = yield* Effect.forEach(Array.from({ length: 50 }, (_, index) => index), (index) =>
              Effect.fork(outcome(wal.appendEntry(`${index}`, new Uint8Array(300), { durability }))))
            yield* Effect.yieldNow()
            yield* close
            const outcomes = yield* Effect.forEach(appenders, Fiber.join)
            strictEqual(yield* outcome(wal.appendEntry("late", bytes(""), { durability })), "WalClosedError")
            const again = yield* Wal.make({ directory })
            const acknowledged = outcomes.filter((outcome) =>
              outcome === "acknowledged"
            ).length
            strictEqual(outcomes.filter((outcome) => outcome === "WalClosedError").length, 50 - acknowledged)
            strictEqual(yield* again.entryCount, acknowledged)
          })
        )
    )

    it.scoped.each(["written", "synced"] as const)(
      "%s appends that wait when the files are removed are acknowledged or told",
      (durability) =>
        at(place)((directory) =>
          Effect.gen(function*() {
            const { wal } = yield* openIn({ directory })
            const appenders = yield* Effect.forEach([1, 2, 3], () =>
              Effect.fork(outcome(wal.appendBatch([{ key: "k", content: bytes("") }], { durability }))))
            yield* Effect.yieldNow()
            yield* wal.shutdown({ files: "remove" })
            deepStrictEqual(yield* Effect.forEach(appenders, Fiber.join), [
              "acknowledged",
              "acknowledged",
              "acknowledged"
            ])
          })
        )
    )

    it.scoped("two logs in one program are two services with two directories", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const logs = Layer.merge(
            Orders.layer({ directory: `${directory}/orders` }),
            Audit.layer({ directory: `${directory}/audit`, durability: "buffered" })
          )
          yield* Effect.gen(function*() {
            const orders = yield* Orders
            const audit = yield* Audit
            yield* appendAll(orders, "k", ["order"])
            yield* appendAll(audit, "k", ["audit 1", "audit 2"])
            deepStrictEqual(yield* contents(orders.replay()), ["order"])
            deepStrictEqual(yield* contents(audit.replay()), ["audit 1", "audit 2"])
          }).pipe(Effect.provide(logs))
          deepStrictEqual((yield* fs.readDirectory(directory)).sort(), ["audit", "orders"])
        })
      ))

    it.scoped("the ready-made layer opens a log for as long as it is provided", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const layer = Wal.layer({ directory })
          const refs = yield* Effect.flatMap(Wal.Wal, (wal) =>
            appendAll(wal, "k", ["1"])).pipe(Effect.provide(layer))
          deepStrictEqual(refs.map((ref) => Number(ref.sequence)), [1])
          const read = yield* Effect.flatMap(Wal.Wal, (wal) => contents(wal.replay())).pipe(Effect.provide(layer))
          deepStrictEqual(read, ["1"])
        })
      ))

    it.scoped("options come from the Config, and what is missing there or wrong is an error", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const fromConfig = (values: ReadonlyArray<readonly [string, string]>) =>
            Effect.flatMap(Wal.Wal, (wal) => wal.stats).pipe(
              Effect.provide(Wal.layerConfig(configured)),
              Effect.withConfigProvider(ConfigProvider.fromMap(new Map(values)))
            )
          strictEqual((yield* fromConfig([["WAL_DIRECTORY", directory], ["WAL_SEGMENTS", "3"]])).directory, directory)
          const missing = yield* Effect.flip(fromConfig([]))
          assertTrue("_op" in missing && missing._op === "MissingData")
          const wrong = yield* Effect.flip(fromConfig([["WAL_DIRECTORY", directory], ["WAL_SEGMENTS", "0"]]))
          assertTrue("_tag" in wrong && wrong._tag === "WalConfigError" && wrong.option === "segments")
        })
      ))
  })
