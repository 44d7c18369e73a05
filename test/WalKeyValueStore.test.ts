import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { describe, it } from "@effect/vitest"
import { assertFalse, assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import * as Wal from "effect-wal/Wal"
import * as WalKeyValueStore from "effect-wal/WalKeyValueStore"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { bytes } from "./support/entries.js"
import { keyValueSuite } from "./support/keyValueSuite.js"
import { at, files, memory, places, tunedMemory } from "./support/places.js"
import { unfairly } from "./support/unfairScheduler.js"

keyValueSuite("the platform's own, in memory", KeyValueStore.layerMemory)
for (const place of places) {
  keyValueSuite(
    `over a log ${place.name}`,
    Layer.unwrapScoped(Effect.map(place.directory, (directory) => WalKeyValueStore.layer({ directory }))).pipe(
      Layer.provide(place.layer)
    )
  )
}

/** So that a few writes end a segment. */
const SMALL = { maxSegmentBytes: 4096, compactAt: "manual" } as const

const big = (text: string): string => text.padEnd(1000, ".")

/** Each key with its value, as far as the test knows the keys. */
const all = (store: KeyValueStore.KeyValueStore, keys: ReadonlyArray<string>) =>
  Effect.forEach(keys, (key) => Effect.map(store.get(key), Option.getOrElse(() => "-")))

describe("a store over a log", () => {
  for (const place of [memory, tunedMemory, files]) {
    it.scoped(`has everything again when it is opened again, ${place.name}`, () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const open = <A, E>(use: (store: WalKeyValueStore.Service) => Effect.Effect<A, E>) =>
            Effect.scoped(Effect.flatMap(WalKeyValueStore.make({ directory }), use))
          yield* open((store) =>
            Effect.all([
              store.set("cleared", "1"),
              store.clear,
              store.set("text", "\uFEFFé"),
              store.set("\uFEFFkey", "half \uD83D"),
              store.set("bytes", Uint8Array.of(0, 255)),
              store.set("removed", "1"),
              store.remove("removed"),
              store.set("counter", "1"),
              store.modify("counter", (value) => `${value}1`)
            ])
          )
          yield* open((store) =>
            Effect.gen(function*() {
              strictEqual(yield* store.size, 4)
              deepStrictEqual(yield* store.get("text"), Option.some("\uFEFFé"))
              deepStrictEqual(yield* store.get("\uFEFFkey"), Option.some("half \uD83D"))
              deepStrictEqual(yield* store.getUint8Array("bytes"), Option.some(Uint8Array.of(0, 255)))
              deepStrictEqual(yield* store.get("bytes"), Option.some("AP8="))
              deepStrictEqual(yield* store.get("counter"), Option.some("11"))
            })
          )
        })
      ))
  }

  it.effect("does not share its bytes with those who give and take them", () =>
    Effect.gen(function*() {
      const store = yield* KeyValueStore.KeyValueStore
      const given = Uint8Array.of(1, 2)
      yield* store.set("k", given)
      given.fill(9)
      Option.getOrThrow(yield* store.getUint8Array("k")).fill(9)
      deepStrictEqual(yield* store.getUint8Array("k"), Option.some(Uint8Array.of(1, 2)))
    }).pipe(Effect.provide(WalKeyValueStore.layerMemory())))

  it.effect("writes nothing for a removal of what is not there", () =>
    Effect.gen(function*() {
      const store = yield* WalKeyValueStore.make({ directory: "/store" })
      yield* store.remove("a")
      yield* store.clear
      strictEqual(yield* store.wal.entryCount, 0)
    }).pipe(Effect.scoped, Effect.provide(SimulatedDisk.layer())))

  it.effect("has layers of its own tag, and options from the Config", () =>
    Effect.gen(function*() {
      const store = yield* Sessions
      yield* store.set("a", "1")
      strictEqual(yield* store.sync, 1)
      deepStrictEqual(yield* store.compact, { carried: 0, removed: [] })
    }).pipe(
      Effect.provide(Layer.provide(
        Sessions.layerConfig({
          directory: Config.string("STORE"),
          compactAt: Config.all({ bytes: Config.integer("STORE_BYTES") })
        }),
        SimulatedDisk.layer()
      )),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["STORE", "/s"], ["STORE_BYTES", "4096"]])))
    ))

  it.effect.each<[string, WalKeyValueStore.CompactAt]>([
    ["compactAt.garbage", { garbage: 0 }],
    ["compactAt.garbage", { garbage: 1.5 }],
    ["compactAt.garbage", { garbage: NaN }],
    ["compactAt.bytes", { bytes: -1 }]
  ])("refuses %s out of its rule", ([option, compactAt]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(WalKeyValueStore.make({ directory: "/store", compactAt }))
      strictEqual(error._tag === "WalConfigError" && error.option, option)
    }).pipe(Effect.scoped, Effect.provide(SimulatedDisk.layer())))
})

class Sessions extends WalKeyValueStore.Tag<Sessions>()("test/Sessions") {}

describe("what goes wrong in a store", () => {
  it.effect("a key that a log does not take is a BadArgument", () =>
    Effect.gen(function*() {
      const store = yield* KeyValueStore.KeyValueStore
      for (const key of ["", "half \uD83D", "x".repeat(65_536)]) {
        deepStrictEqual(yield* store.get(key), Option.none())
        const error = yield* Effect.flip(store.set(key, "value"))
        deepStrictEqual([error._tag, error.module, error.method], ["BadArgument", "KeyValueStore", "set"])
      }
      strictEqual(yield* store.size, 0)
    }).pipe(Effect.provide(WalKeyValueStore.layerMemory())))

  it.effect("a full disk is a SystemError with the log's error, and changes nothing", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* Effect.gen(function*() {
        const store = yield* KeyValueStore.KeyValueStore
        yield* store.set("k", "before")
        yield* disk.setCapacity(yield* disk.used)
        const error = yield* Effect.flip(store.set("k", "x".repeat(100_000)))
        strictEqual(error._tag === "SystemError" && error.pathOrDescriptor, "k")
        assertInclude(error.message, "NoSpace")
        strictEqual(error.cause instanceof Error && error.cause.name, "WalIoError")
        const modified = yield* Effect.flip(store.modify("k", () => "x".repeat(100_000)))
        strictEqual(modified.method, "modify")
        deepStrictEqual(yield* store.get("k"), Option.some("before"))
        yield* disk.setCapacity(1_000_000)
        yield* store.set("k", "after")
        deepStrictEqual(yield* store.get("k"), Option.some("after"))
      }).pipe(Effect.provide(WalKeyValueStore.layer({ directory: "/s" }).pipe(Layer.provide(disk.layer))))
    }))

  it.effect("a modification that throws leaves the key to others", () =>
    Effect.gen(function*() {
      const store = yield* KeyValueStore.KeyValueStore
      yield* store.set("k", "1")
      const exit = yield* Effect.exit(store.modify("k", () => {
        throw new Error("no")
      }))
      assertTrue(exit._tag === "Failure")
      yield* store.set("k", "2")
      yield* store.clear
    }).pipe(Effect.provide(WalKeyValueStore.layerMemory())))

  it.effect("a log with other entries is refused", () =>
    Effect.gen(function*() {
      const wal = yield* Wal.Wal
      yield* wal.appendEntry("k", bytes("of somebody else"))
      const error = yield* Effect.flip(Effect.scoped(WalKeyValueStore.fromWal(wal)))
      strictEqual(error._tag === "WalCodecError" && error.reason, "SchemaMismatch")
    }).pipe(Effect.provide(Wal.layerMemory())))
})

describe("writes at the same time", () => {
  for (const durability of ["written", "synced", "buffered"] as const) {
    it.effect(`come one after the other for each key, ${durability}`, () =>
      Effect.gen(function*() {
        const store = yield* KeyValueStore.KeyValueStore
        const increment = (value: string) => String(Number(value) + 1)
        yield* store.set("a", "0")
        yield* store.set("b", "0")
        yield* Effect.forEach(
          Array.from({ length: 200 }, (_, index) => index % 2 === 0 ? "a" : "b"),
          (key) => store.modify(key, increment),
          { concurrency: "unbounded" }
        )
        deepStrictEqual(yield* all(store, ["a", "b"]), ["100", "100"])
      }).pipe(
        Effect.provide(Layer.provide(WalKeyValueStore.layer({ directory: "/s", durability }), SimulatedDisk.layer()))
      ))
  }

  it.effect("leave memory and log with the same values", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      const open = Effect.provide(WalKeyValueStore.make({ directory: "/s", ...SMALL }), disk.layer)
      const keys = ["a", "b", "c"]
      const before = yield* Effect.scoped(Effect.flatMap(open, (store) =>
        Effect.gen(function*() {
          yield* Effect.forEach(
            Array.from({ length: 300 }, (_, index) => index),
            (index) =>
              index % 50 === 49
                ? store.clear
                : index % 7 === 6
                ? store.remove(keys[index % 3] ?? "a")
                : store.set(keys[index % 3] ?? "a", big(String(index))),
            { concurrency: "unbounded" }
          )
          yield* store.compact
          return yield* all(store, keys)
        })))
      deepStrictEqual(yield* Effect.scoped(Effect.flatMap(open, (store) => all(store, keys))), before)
    }))

  it.live("survive compactions, in whatever order fibers run", () =>
    Effect.forEach(Array.from({ length: 4 }, (_, seed) => seed), (seed) =>
      Effect.gen(function*() {
        const disk = yield* SimulatedDisk.make()
        const open = Effect.provide(WalKeyValueStore.make({ directory: "/s", ...SMALL }), disk.layer)
        const keys = Array.from({ length: 60 }, (_, index) => `k-${index}`)
        yield* Effect.scoped(Effect.flatMap(open, (store) =>
          Effect.gen(function*() {
            const writing = yield* Effect.fork(
              Effect.forEach(keys, (key) => store.set(key, big(key)), { concurrency: 30 })
            )
            yield* Effect.repeat(Effect.zipRight(store.compact, Effect.yieldNow()), {
              while: () => writing.unsafePoll() === null
            })
          })))
        deepStrictEqual(yield* Effect.scoped(Effect.flatMap(open, (store) => all(store, keys))), keys.map(big))
      }).pipe(unfairly(seed)), { discard: true }))

  it.effect("are finished when they are interrupted", () =>
    Effect.gen(function*() {
      const store = yield* KeyValueStore.KeyValueStore
      const begun = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(Effect.zipRight(Deferred.succeed(begun, undefined), store.set("k", "1")))
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      yield* store.set("k", "2")
      deepStrictEqual(yield* store.get("k"), Option.some("2"))
    }).pipe(Effect.provide(WalKeyValueStore.layerMemory({ durability: "synced" }))))
})

describe("compaction by key", () => {
  it.scoped("keeps the latest of each key, and nothing else", () =>
    at(memory)((directory) =>
      Effect.gen(function*() {
        const open = WalKeyValueStore.make({ directory, ...SMALL })
        yield* Effect.scoped(Effect.flatMap(open, (store) =>
          Effect.gen(function*() {
            yield* store.set("cold", big("cold"))
            yield* store.set("removed", big("removed"))
            yield* store.remove("removed")
            yield* Effect.forEach(Array.from({ length: 40 }), (_, index) => store.set("hot", big(String(index))))
            const before = yield* store.wal.stats
            const { carried, removed } = yield* store.compact
            deepStrictEqual([carried, removed.length], [1, before.segments.length - 1])
            deepStrictEqual(yield* all(store, ["cold", "removed", "hot"]), [big("cold"), "-", big("39")])
          })))
        yield* Effect.scoped(Effect.flatMap(open, (store) =>
          Effect.gen(function*() {
            deepStrictEqual(yield* all(store, ["cold", "removed", "hot"]), [big("cold"), "-", big("39")])
            yield* store.set("cold", "new")
          })))
        yield* Effect.scoped(Effect.flatMap(open, (store) =>
          Effect.gen(function*() {
            deepStrictEqual(yield* all(store, ["cold"]), ["new"])
          })))
      })
    ))

  it.scoped("runs by itself once half of the oldest segments is of no use", () =>
    at(memory)((directory) =>
      Effect.gen(function*() {
        const store = yield* WalKeyValueStore.make({
          directory,
          maxSegmentBytes: 4096,
          compactAt: { garbage: 0.5, bytes: 8192 }
        })
        yield* store.set("cold", big("cold"))
        yield* Effect.forEach(Array.from({ length: 200 }), (_, index) =>
          Effect.zipRight(store.set(`hot-${index % 3}`, big(String(index))), Effect.yieldNow()))
        const { bytes: size } = yield* store.wal.stats
        assertTrue(size < 40_000, `${size} bytes are left`)
        deepStrictEqual(yield* all(store, ["cold", "hot-1"]), [big("cold"), big("199")])
      })
    ))

  it.scoped("does not touch what is needed", () =>
    at(memory)((directory) =>
      Effect.gen(function*() {
        const store = yield* WalKeyValueStore.make({ directory, maxSegmentBytes: 4096, compactAt: { bytes: 0 } })
        yield* Effect.forEach(
          Array.from({ length: 40 }),
          (_, index) => Effect.zipRight(store.set(`k-${index}`, big("")), Effect.yieldNow())
        )
        const { oldest } = yield* store.wal.stats
        strictEqual(oldest?.sequence, 1)
      })
    ))

  it.effect("never overwrites a value that is set meanwhile", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      const open = Effect.provide(WalKeyValueStore.make({ directory: "/s", ...SMALL }), disk.layer)
      const keys = Array.from({ length: 30 }, (_, index) => `k-${index}`)
      const expected = keys.map((_, index) => index < 10 ? big("new") : index < 20 ? "-" : big("old"))
      yield* Effect.scoped(Effect.flatMap(open, (store) =>
        Effect.gen(function*() {
          yield* Effect.forEach(keys, (key) => store.set(key, big("old")))
          yield* Effect.all([
            store.compact,
            Effect.forEach(keys.slice(0, 10), (key) => store.set(key, big("new")), { concurrency: "unbounded" }),
            Effect.forEach(keys.slice(10, 20).toReversed(), (key) => store.remove(key)),
            store.compact
          ], { concurrency: "unbounded" })
          yield* store.compact
          deepStrictEqual(yield* all(store, keys), expected)
        })))
      deepStrictEqual(yield* Effect.scoped(Effect.flatMap(open, (store) => all(store, keys))), expected)
    }))

  it.effect("waits for a write that may lie in a segment that has ended", () =>
    Effect.gen(function*() {
      const wal = yield* Wal.Wal
      const told = yield* Deferred.make<void>()
      const slow: Wal.Service = {
        ...wal,
        appendEntry: (key, content, options) =>
          Effect.zipLeft(wal.appendEntry(key, content, options), key === "slow" ? Deferred.await(told) : Effect.void)
      }
      const store = yield* WalKeyValueStore.fromWal(slow, { compactAt: "manual" })
      const writing = yield* Effect.fork(store.set("slow", "value"))
      yield* Effect.repeat(wal.entryCount, { until: (count) => count === 1 })
      yield* Effect.forEach(["1", "2", "3", "4", "5", "6"], (value) => store.set("hot", big(value)))
      const compacting = yield* Effect.fork(store.compact)
      yield* Effect.repeatN(Effect.yieldNow(), 50)
      yield* Deferred.succeed(told, undefined)
      yield* Fiber.join(writing)
      strictEqual((yield* Fiber.join(compacting)).carried, 1)
      const again = yield* WalKeyValueStore.fromWal(wal, { compactAt: "manual" })
      deepStrictEqual(yield* all(again, ["slow", "hot"]), ["value", big("6")])
    }).pipe(Effect.scoped, Effect.provide(Wal.layerMemory({ maxSegmentBytes: 4096, compaction: "manual" }))))

  it.effect("takes no copy for newer than what happened after its original", () =>
    Effect.gen(function*() {
      const wal = yield* Wal.Wal
      const append = (key: string, value: string, kind: string, original: number) =>
        wal.appendEntry(key, bytes(value), {
          metadata: Uint8Array.of(kind.charCodeAt(0), original, 0, 0, 0, 0, 0, 0, 0)
        })
      yield* append("set", "older", "t", 0) // 1
      yield* append("removed", "older", "t", 0) // 2
      yield* append("cleared", "older", "t", 0) // 3
      yield* append("*", "", "c", 0)
      yield* append("set", "newer", "t", 0) // 5
      yield* append("removed", "newer", "t", 0) // 6
      yield* append("removed", "", "r", 0)
      yield* append("set", "older", "t", 1)
      yield* append("removed", "older", "t", 6)
      yield* append("cleared", "older", "t", 3)
      yield* append("set", "newer", "t", 5)
      const store = yield* WalKeyValueStore.fromWal(wal)
      deepStrictEqual(yield* all(store, ["set", "removed", "cleared"]), ["newer", "-", "-"])
    }).pipe(Effect.scoped, Effect.provide(Wal.layerMemory())))

  it.effect("removes nothing when a copy cannot be written", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      const store = yield* Effect.provide(WalKeyValueStore.make({ directory: "/s", ...SMALL }), disk.layer)
      yield* Effect.forEach(Array.from({ length: 20 }), (_, index) => store.set(`k-${index}`, big(String(index))))
      const before = yield* store.wal.stats
      yield* disk.setCapacity(yield* disk.used)
      const error = yield* Effect.flip(store.compact)
      strictEqual(error._tag === "WalIoError" && error.reason, "NoSpace")
      deepStrictEqual((yield* store.wal.stats).oldest, before.oldest)
      yield* disk.setCapacity(1_000_000)
      const { removed } = yield* store.compact
      assertFalse(removed.length === 0)
      strictEqual(yield* store.size, 20)
    }).pipe(Effect.scoped))
})
