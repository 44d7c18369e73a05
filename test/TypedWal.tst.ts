import type * as FileSystem from "@effect/platform/FileSystem"
import { TypedWal, type Wal, type WalEntry, type WalError } from "effect-wal"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Sink from "effect/Sink"
import type * as Stream from "effect/Stream"
import { describe, expect, test } from "tstyche"

declare const wal: Wal.Service
declare const reader: Wal.Reader
declare const bytes: Uint8Array
declare const ref: WalEntry.EntryRef
declare const sequence: WalEntry.Sequence
declare const date: Date

const OrderId = Schema.String.pipe(Schema.brand("OrderId"))
type OrderId = typeof OrderId.Type
declare const id: OrderId

const Order = Schema.Struct({ item: Schema.String, at: Schema.Date })
interface Order extends Schema.Schema.Type<typeof Order> {}
declare const order: Order

type Reading = WalError.ReadError | WalError.WalRetentionError

declare const json: <A, I, R>(content: TypedWal.JsonContent<A, I, R>) => void

const orders = TypedWal.make(wal, { key: OrderId, content: Order })

describe("make", () => {
  test("gives a log of the schemas' types", () => {
    expect(orders).type.toBe<TypedWal.Service<OrderId, typeof Order.Type>>()
    expect(orders.wal).type.toBe<Wal.Service>()
  })

  test("takes keys from strings and bytes, and from nothing else", () => {
    expect(TypedWal.make(wal, { key: Schema.NumberFromString, content: Order }).enumerateKeys).type.toBe<
      Stream.Stream<number, Reading>
    >()
    expect(TypedWal.make(wal, { key: Schema.Uint8ArrayFromSelf, content: Order }).enumerateKeys).type.toBe<
      Stream.Stream<Uint8Array, Reading>
    >()
    expect(TypedWal.make(wal, { key: Schema.Literal("a", "b"), content: Order }).enumerateKeys).type.toBe<
      Stream.Stream<"a" | "b", Reading>
    >()
    expect(TypedWal.make).type.not.toBeCallableWith(wal, { key: Schema.Number, content: Order })
    expect(TypedWal.make).type.not.toBeCallableWith(wal, { key: Schema.Struct({ id: Schema.String }), content: Order })
  })

  test("needs a log that is open for writing, a key and a content", () => {
    expect(TypedWal.make).type.not.toBeCallableWith(reader, { key: OrderId, content: Order })
    expect(TypedWal.make).type.not.toBeCallableWith(wal, { content: Order })
    expect(TypedWal.make).type.not.toBeCallableWith(wal, { key: OrderId })
  })

  test("knows two ways with what does not fit", () => {
    expect<TypedWal.OnDecodeError>().type.toBe<"fail" | "skip">()
    expect(TypedWal.make).type.toBeCallableWith(wal, { key: OrderId, content: Order, onDecodeError: "skip" })
    expect(TypedWal.make).type.toBeCallableWith(wal, { key: OrderId, content: Order, onDecodeError: undefined })
    expect(TypedWal.make).type.not.toBeCallableWith(wal, { key: OrderId, content: Order, onDecodeError: "ignore" })
  })
})

describe("the content", () => {
  test("is JSON of a plain schema", () => {
    expect(TypedWal.make(wal, { key: OrderId, content: Schema.Date })).type.toBe<TypedWal.Service<OrderId, Date>>()
    expect(TypedWal.make(wal, { key: OrderId, content: Schema.Unknown })).type.toBe<
      TypedWal.Service<OrderId, unknown>
    >()
    expect(TypedWal.make(wal, { key: OrderId, content: Schema.Uint8ArrayFromBase64 })).type.toBe<
      TypedWal.Service<OrderId, Uint8Array>
    >()
    expect(TypedWal.make(wal, { key: OrderId, content: Shipped })).type.toBe<TypedWal.Service<OrderId, Shipped>>()
  })

  test("of a plain schema may be whatever JSON holds", () => {
    expect(json).type.toBeCallableWith(Schema.Struct({ a: Schema.optional(Schema.BigInt), b: Schema.Null }))
    expect(json).type.toBeCallableWith(Schema.Tuple(Schema.Literal("a", 1, true), Schema.optionalElement(Schema.Int)))
    expect(json).type.toBeCallableWith(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
    expect(json).type.toBeCallableWith(Schema.HashMap({ key: Schema.String, value: Shipped }))
    expect(json).type.toBeCallableWith(Schema.Option(Schema.Struct({ id: OrderId, within: Schema.Duration })))
    expect(json).type.toBeCallableWith(Schema.Exit({ success: Schema.Void, failure: Order, defect: Schema.Defect }))
    expect(json).type.toBeCallableWith(Schema.Object)
    expect(json).type.toBeCallableWith(Schema.Any)
    expect(json).type.toBeCallableWith(Category)
  })

  test("of a plain schema from bytes is refused: it is not said whether these are JSON", () => {
    expect(json).type.not.toBeCallableWith(Schema.Uint8ArrayFromSelf)
    expect(json).type.not.toBeCallableWith(Utf8)
    expect(json).type.not.toBeCallableWith(Schema.Union(Schema.String, Schema.Uint8ArrayFromSelf))
  })

  test("of a plain schema is refused where JSON would write another value, or none", () => {
    expect(json).type.not.toBeCallableWith(Schema.DateFromSelf)
    expect(json).type.not.toBeCallableWith(Schema.Struct({ a: Schema.Struct({ at: Schema.DateFromSelf }) }))
    expect(json).type.not.toBeCallableWith(Schema.Struct({ a: Schema.optional(Schema.BigIntFromSelf) }))
    expect(json).type.not.toBeCallableWith(Schema.Array(Schema.OptionFromSelf(Schema.String)))
    expect(json).type.not.toBeCallableWith(Schema.MapFromSelf({ key: Schema.String, value: Schema.String }))
    expect(json).type.not.toBeCallableWith(Schema.ReadonlySetFromSelf(Schema.String))
    expect(json).type.not.toBeCallableWith(Schema.SymbolFromSelf)
    expect(json).type.not.toBeCallableWith(Dated)
  })

  test("is what a codec makes of it", () => {
    expect(TypedWal.json(Order)).type.toBe<TypedWal.ContentCodec<typeof Order.Type>>()
    expect(TypedWal.json(Schema.DateFromSelf)).type.toBe<TypedWal.ContentCodec<Date>>()
    expect(TypedWal.msgPack(Order)).type.toBe<TypedWal.ContentCodec<typeof Order.Type>>()
    expect(TypedWal.binary(Utf8)).type.toBe<TypedWal.ContentCodec<string>>()
    expect(TypedWal.bytes).type.toBe<TypedWal.ContentCodec<Uint8Array>>()
    expect(TypedWal.make(wal, { key: OrderId, content: TypedWal.json(Order) })).type.toBe<
      TypedWal.Service<OrderId, typeof Order.Type>
    >()
    expect(TypedWal.make(wal, { key: OrderId, content: TypedWal.msgPack(Order) })).type.toBe<
      TypedWal.Service<OrderId, typeof Order.Type>
    >()
    expect(TypedWal.make(wal, { key: OrderId, content: TypedWal.binary(Utf8) })).type.toBe<
      TypedWal.Service<OrderId, string>
    >()
    expect(TypedWal.make(wal, { key: OrderId, content: TypedWal.bytes })).type.toBe<
      TypedWal.Service<OrderId, Uint8Array>
    >()
  })

  test("of a codec keeps what its schema requires", () => {
    expect(TypedWal.json(Secret)).type.toBe<TypedWal.ContentCodec<string, Cipher>>()
    expect(TypedWal.msgPack(Secret)).type.toBe<TypedWal.ContentCodec<string, Cipher>>()
  })

  test("is binary from bytes only", () => {
    expect(TypedWal.binary).type.not.toBeCallableWith(Schema.String)
  })

  test("may be of any type where a function makes the log", () => {
    const logOf = <A, I, R>(content: Schema.Schema<A, I, R>) =>
      TypedWal.make(wal, { key: Schema.String, content: TypedWal.json(content) })
    expect(logOf(Order)).type.toBe<TypedWal.Service<string, typeof Order.Type>>()
  })
})

describe("appending", () => {
  test("one entry", () => {
    expect(orders.appendEntry(id, order)).type.toBe<Effect.Effect<WalEntry.EntryRef, WalError.AppendError>>()
    expect(orders.appendEntry).type.toBeCallableWith(id, order, { durability: "buffered", metadata: bytes })
    expect(orders.logEntry(id, order, { metadata: bytes })).type.toBe<
      Effect.Effect<WalEntry.EntryRef, WalError.AppendError>
    >()
  })

  test("takes the values, not what they are encoded to", () => {
    expect(orders.appendEntry).type.not.toBeCallableWith("order-1", order)
    expect(orders.appendEntry).type.not.toBeCallableWith(id, { item: "tea", at: "2020-01-01" })
    expect(orders.appendEntry).type.not.toBeCallableWith(id, { at: date })
    expect(orders.appendEntry).type.not.toBeCallableWith(id, bytes)
    expect(orders.logEntry).type.not.toBeCallableWith(id, order, { durability: "written" })
  })

  test("a batch", () => {
    expect(orders.appendBatch([{ key: id, content: order, metadata: bytes }], { durability: "synced" })).type.toBe<
      Effect.Effect<ReadonlyArray<WalEntry.EntryRef>, WalError.AppendError>
    >()
    expect(orders.appendBatch).type.not.toBeCallableWith([{ key: id }])
    expect(orders.appendBatch).type.not.toBeCallableWith([{ key: id, content: bytes }])
  })

  test("a stream", () => {
    expect(orders.appendSink({ durability: "synced" })).type.toBe<
      Sink.Sink<Wal.AppendSummary, TypedWal.EntryInput<OrderId, typeof Order.Type>, never, WalError.AppendError>
    >()
  })
})

describe("reading", () => {
  test("entries", () => {
    type Stored = TypedWal.Entry<OrderId, typeof Order.Type>
    expect(orders.enumerateRecords(id)).type.toBe<Stream.Stream<Stored, Reading>>()
    expect(orders.enumerateRecords(id, { onLost: "skip", onDecodeError: "skip" })).type.toBe<
      Stream.Stream<Stored, Reading>
    >()
    expect(orders.replay({ after: sequence, to: sequence, onLost: "skip", onDecodeError: "fail" })).type.toBe<
      Stream.Stream<Stored, Reading>
    >()
    expect(orders.changes({ key: id, visibility: "synced", onDecodeError: "skip" })).type.toBe<
      Stream.Stream<Stored, Reading | WalError.WalFailedError>
    >()
    expect(orders.readEntryAt(ref)).type.toBe<Effect.Effect<Stored, Reading>>()
    expect(orders.enumerateKeys).type.toBe<Stream.Stream<OrderId, Reading>>()
    expect<Stored>().type.toBe<{
      readonly key: OrderId
      readonly content: typeof Order.Type
      readonly sequence: WalEntry.Sequence
      readonly timestamp: number
      readonly metadata: Uint8Array
      readonly ref: WalEntry.EntryRef
    }>()
  })

  test("takes a key of the log's own, and ways that there are", () => {
    expect(orders.enumerateRecords).type.not.toBeCallableWith("order-1")
    expect(orders.enumerateRecords).type.not.toBeCallableWith(id, { onDecodeError: "ignore" })
    expect(orders.replay).type.not.toBeCallableWith({ from: 1 })
    expect(orders.readEntryAt).type.not.toBeCallableWith(ref, { onDecodeError: "skip" })
  })

  test("is what a log that is open for writing can do, too", () => {
    expect<TypedWal.Service<string, number>>().type.toBeAssignableTo<TypedWal.Reader<string, number>>()
    expect<TypedWal.Reader<string, number>>().type.not.toBeAssignableTo<TypedWal.Service<string, number>>()
    expect<TypedWal.Reader<string, number>["wal"]>().type.toBe<Wal.Reader>()
  })

  test("there is no operation that this page does not know", () => {
    expect<keyof TypedWal.Reader<string, number>>().type.toBe<
      "changes" | "enumerateKeys" | "enumerateRecords" | "readEntryAt" | "replay" | "wal"
    >()
    expect<Exclude<keyof TypedWal.Service<string, number>, keyof TypedWal.Reader<string, number>>>().type.toBe<
      "appendBatch" | "appendEntry" | "appendExpecting" | "appendSink" | "logEntry"
    >()
  })
})

describe("what the schemas require", () => {
  const letters = TypedWal.make(wal, { key: Numbered, content: Secret })

  test("is required by each operation of make", () => {
    expect(letters).type.toBe<TypedWal.Service<string, string, Numbering | Cipher>>()
    expect(letters.appendEntry("a", "b")).type.toBe<
      Effect.Effect<WalEntry.EntryRef, WalError.AppendError, Numbering | Cipher>
    >()
    expect(letters.appendSink()).type.toBe<
      Sink.Sink<
        Wal.AppendSummary,
        TypedWal.EntryInput<string, string>,
        never,
        WalError.AppendError,
        Numbering | Cipher
      >
    >()
    expect(letters.replay()).type.toBe<
      Stream.Stream<TypedWal.Entry<string, string>, Reading, Numbering | Cipher>
    >()
    expect(letters.enumerateKeys).type.toBe<Stream.Stream<string, Reading, Numbering | Cipher>>()
    expect(letters.readEntryAt(ref)).type.toBe<
      Effect.Effect<TypedWal.Entry<string, string>, Reading, Numbering | Cipher>
    >()
  })

  test("is taken by a tag's layers, so that its operations require nothing", () => {
    expect(Effect.flatMap(Letters, (letters) => letters.appendEntry("a", "b"))).type.toBe<
      Effect.Effect<WalEntry.EntryRef, WalError.AppendError, Letters>
    >()
    expect(Letters.layer({ directory: "./letters" })).type.toBe<
      Layer.Layer<Letters, WalError.OpenError, FileSystem.FileSystem | Numbering | Cipher>
    >()
    expect(Letters.layerConfig({ directory: Config.string("LETTERS") })).type.toBe<
      Layer.Layer<
        Letters,
        WalError.OpenError | ConfigError.ConfigError,
        FileSystem.FileSystem | Numbering | Cipher
      >
    >()
    expect(Letters.layerMemory()).type.toBe<Layer.Layer<Letters, WalError.OpenError, Numbering | Cipher>>()
  })
})

describe("a tag", () => {
  test("has layers that require the file system only, where the schemas require nothing", () => {
    expect(Orders.layer({ directory: "./orders" })).type.toBe<
      Layer.Layer<Orders, WalError.OpenError, FileSystem.FileSystem>
    >()
    expect(Orders.layerMemory()).type.toBe<Layer.Layer<Orders, WalError.OpenError>>()
    expect(Orders.layer).type.not.toBeCallableWith({})
    expect(Orders.layer).type.not.toBeCallableWith({ directory: "./orders", key: Schema.String })
  })

  test("gives the log, and asks for itself", () => {
    expect(Effect.map(Orders, (orders) => orders)).type.toBe<
      Effect.Effect<TypedWal.Service<OrderId, typeof Order.Type>, never, Orders>
    >()
    expect(Orders.key).type.toBe<"test/Orders">()
  })

  test("never stands in for another", () => {
    expect<Orders>().type.not.toBeAssignableTo<Letters>()
    expect<Letters>().type.not.toBeAssignableTo<Orders>()
    const entries = Effect.flatMap(Orders, ({ wal }) => wal.entryCount)
    expect(Effect.provide(entries, Orders.layerMemory())).type.toBe<
      Effect.Effect<number, WalError.ReadError | WalError.OpenError>
    >()
    expect(Effect.provide(entries, OtherOrders.layerMemory())).type.toBe<
      Effect.Effect<number, WalError.ReadError | WalError.OpenError, Orders>
    >()
  })

  test("takes the options of make", () => {
    const tag = TypedWal.Tag<Orders>()
    expect(tag).type.toBeCallableWith("test/A", { key: OrderId, content: TypedWal.bytes, onDecodeError: "skip" })
    expect(tag).type.not.toBeCallableWith("test/A", { key: Schema.Number, content: Order })
    expect(tag).type.not.toBeCallableWith("test/A", { key: OrderId, content: Schema.Uint8ArrayFromSelf })
    expect(tag).type.not.toBeCallableWith("test/A")
  })
})

class Orders extends TypedWal.Tag<Orders>()("test/Orders", { key: OrderId, content: Order }) {}

class OtherOrders extends TypedWal.Tag<OtherOrders>()("test/OtherOrders", { key: OrderId, content: Order }) {}

class Shipped extends Schema.TaggedClass<Shipped>()("Shipped", { at: Schema.Date }) {}

interface Category {
  readonly name: string
  readonly within: ReadonlyArray<Category>
}

const Category: Schema.Schema<Category> = Schema.Struct({
  name: Schema.String,
  within: Schema.Array(Schema.suspend((): Schema.Schema<Category> => Category))
})

interface Dated {
  readonly at: Date
  readonly within: ReadonlyArray<Dated>
}

const Dated: Schema.Schema<Dated> = Schema.Struct({
  at: Schema.DateFromSelf,
  within: Schema.Array(Schema.suspend((): Schema.Schema<Dated> => Dated))
})

class Cipher extends Context.Tag("test/Cipher")<Cipher, { readonly decode: (code: string) => string }>() {}

class Numbering extends Context.Tag("test/Numbering")<Numbering, { readonly decode: (code: string) => string }>() {}

const Secret = Schema.transformOrFail(Schema.String, Schema.String, {
  strict: true,
  decode: (code) => Effect.map(Cipher, (cipher) => cipher.decode(code)),
  encode: (text) => Effect.succeed(text)
})

const Numbered = Schema.transformOrFail(Schema.String, Schema.String, {
  strict: true,
  decode: (code) => Effect.map(Numbering, (numbering) => numbering.decode(code)),
  encode: (text) => Effect.succeed(text)
})

class Letters extends TypedWal.Tag<Letters>()("test/Letters", { key: Numbered, content: Secret }) {}

const Utf8 = Schema.transform(Schema.Uint8ArrayFromSelf, Schema.String, {
  strict: true,
  decode: (bytes) => new TextDecoder().decode(bytes),
  encode: (text) => new TextEncoder().encode(text)
})
