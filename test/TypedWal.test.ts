import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import * as TypedWal from "effect-wal/TypedWal"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { appendAll, collect, contents } from "./support/entries.js"
import { files, memory } from "./support/places.js"
import { typedAppendingSuite } from "./support/typedAppendingSuite.js"
import { typedReadingSuite } from "./support/typedReadingSuite.js"
import { Cipher, Secret, typedSchemaSuite } from "./support/typedSchemaSuite.js"

for (const place of [memory, files]) {
  typedAppendingSuite(place)
  typedReadingSuite(place)
  typedSchemaSuite(place)
}

const OrderEvent = Schema.Union(
  Schema.TaggedStruct("Placed", { item: Schema.String }),
  Schema.TaggedStruct("Shipped", { at: Schema.Date })
)

class Orders extends TypedWal.Tag<Orders>()("test/Orders", { key: Schema.String, content: OrderEvent }) {}

class Letters extends TypedWal.Tag<Letters>()("test/Letters", {
  key: Secret,
  content: TypedWal.msgPack(Secret),
  onDecodeError: "skip"
}) {}

const eventsOf = (orders: TypedWal.Service<string, typeof OrderEvent.Type>) =>
  Effect.map(collect(orders.replay()), (entries) => entries.map(({ content }) => content._tag))

describe("the tag of a typed log", () => {
  it.effect("has a layer in memory, which is gone with its scope", () =>
    Effect.gen(function*() {
      const place = Effect.flatMap(Orders, (orders) =>
        Effect.zipRight(
          orders.appendBatch([
            { key: "order-1", content: { _tag: "Placed", item: "tea" } },
            { key: "order-1", content: { _tag: "Shipped", at: new Date(0) } }
          ]),
          eventsOf(orders)
        ))
      deepStrictEqual(yield* Effect.provide(place, Orders.layerMemory()), ["Placed", "Shipped"])
      deepStrictEqual(yield* Effect.provide(place, Orders.layerMemory({ segments: 2 })), ["Placed", "Shipped"])
    }))

  it.effect("has a layer with options from the Config", () =>
    Effect.gen(function*() {
      const { wal } = yield* Orders
      strictEqual((yield* wal.stats).directory, "/from/config")
    }).pipe(
      Effect.provide(Orders.layerConfig({ directory: Config.string("DIRECTORY") })),
      Effect.provide(SimulatedDisk.layer()),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["DIRECTORY", "/from/config"]])))
    ))

  it.effect("keeps what it has synced through a power loss, and batches whole", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      const ordersOn = (machine: typeof disk) =>
        Layer.provide(Orders.layer({ directory: "/orders", syncInterval: "never" }), machine.layer)
      const rebooted = yield* Effect.gen(function*() {
        const orders = yield* Orders
        yield* orders.appendBatch([
          { key: "order-1", content: { _tag: "Placed", item: "tea" } },
          { key: "order-2", content: { _tag: "Placed", item: "milk" } }
        ], { durability: "synced" })
        yield* orders.logEntry("order-1", { _tag: "Shipped", at: new Date(0) })
        yield* orders.appendEntry("order-2", { _tag: "Shipped", at: new Date(0) })
        return yield* disk.crashed("lose-all")
      }).pipe(Effect.provide(ordersOn(disk)))
      const found = yield* Effect.provide(Effect.flatMap(Orders, eventsOf), ordersOn(rebooted))
      deepStrictEqual(found, ["Placed", "Placed", "Shipped"])
    }))

  it.effect("fails as the log does when the disk is full, and goes on when there is space", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* Effect.gen(function*() {
        const orders = yield* Orders
        yield* disk.setCapacity(yield* disk.used)
        const placed = { _tag: "Placed", item: "x".repeat(1_000) } as const
        const error = yield* Effect.flip(orders.logEntry("order-1", placed))
        assertTrue(error._tag === "WalIoError" && error.reason === "NoSpace")
        yield* disk.setCapacity(1_000_000)
        strictEqual((yield* orders.logEntry("order-1", placed)).sequence, 1)
        deepStrictEqual(yield* eventsOf(orders), ["Placed"])
      }).pipe(Effect.provide(Layer.provide(Orders.layer({ directory: "/orders" }), disk.layer)))
    }))

  it.effect("takes what the schemas require once, and no other one's", () =>
    Effect.gen(function*() {
      const letters = yield* Letters
      const ref = yield* letters.appendEntry("a", "abc")
      yield* letters.appendBatch([{ key: "a", content: "def" }])
      yield* Stream.run(Stream.make({ key: "a", content: "ghi" }), letters.appendSink())
      const read = Effect.map(
        collect(letters.enumerateRecords("a")),
        (entries) => entries.map(({ content }) => content)
      )
      deepStrictEqual(yield* read, ["abc", "def", "ghi"])
      deepStrictEqual(yield* Effect.provideService(read, Cipher, { shift: 7 }), ["abc", "def", "ghi"])
      strictEqual((yield* letters.readEntryAt(ref)).content, "abc")
      deepStrictEqual(yield* collect(letters.enumerateKeys), ["a"])
      // A string of three bytes in MessagePack: 0xa3, which is no UTF-8, and "bcd".
      deepStrictEqual((yield* contents(letters.wal.enumerateRecords("b")))[0], "\ufffdbcd")
    }).pipe(
      Effect.provide(Letters.layerMemory()),
      Effect.provideService(Cipher, { shift: 1 })
    ))

  it.effect("does with what does not fit as its options say", () =>
    Effect.gen(function*() {
      const letters = yield* Letters
      yield* letters.appendEntry("a", "abc")
      yield* appendAll(letters.wal, "b", ["not MessagePack"])
      strictEqual((yield* collect(letters.replay())).length, 1)
      const error = yield* Effect.flip(collect(letters.replay({ onDecodeError: "fail" })))
      assertTrue(error._tag === "WalCodecError" && error.sequence === 2)
    }).pipe(
      Effect.provide(Letters.layerMemory()),
      Effect.provideService(Cipher, { shift: 1 })
    ))
})
