import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as TypedWal from "effect-wal/TypedWal"
import * as Wal from "effect-wal/Wal"
import type { WalCodecError, WalError } from "effect-wal/WalError"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { bytes, collect, contents, text } from "./entries.js"
import { at, type Place } from "./places.js"

const Order = Schema.Struct({ item: Schema.String, quantity: Schema.Int, at: Schema.optional(Schema.Date) })

const orders = { key: Schema.String, content: Order }

class Placed extends Schema.TaggedClass<Placed>()("Placed", { item: Schema.String }) {}

const OrderId = Schema.String.pipe(Schema.pattern(/^order-\d+$/), Schema.brand("OrderId"))

const Reversed = Schema.transform(Schema.Uint8ArrayFromSelf, Schema.String, {
  strict: true,
  decode: (bytes) => text(bytes.toReversed()),
  encode: (value) => bytes(value).toReversed()
})

/** The one error that a value which does not fit is refused with. */
const refusal = <A, R>(append: Effect.Effect<A, WalError, R>): Effect.Effect<WalCodecError, A, R> =>
  Effect.map(Effect.flip(append), (error) => {
    assertTrue(error._tag === "WalCodecError")
    strictEqual(error.reason, "SchemaMismatch")
    return error
  })

/** Appending through schemas, as its user sees it. */
export const typedAppendingSuite = (place: Place) =>
  describe(`appending typed entries ${place.name}`, () => {
    it.scoped("an entry is JSON in the log, and is read back as the value that it was", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          yield* TestClock.setTime(1_700_000_000_000)
          const wal = yield* Wal.make({ directory })
          const typed = TypedWal.make(wal, orders)
          const order = { item: "tea", quantity: 2, at: new Date(5) }
          const ref = yield* typed.appendEntry("order-1", order, { metadata: bytes("v1") })
          const expected = {
            key: "order-1",
            content: order,
            sequence: ref.sequence,
            timestamp: 1_700_000_000_000,
            metadata: "v1",
            ref
          }
          const withText = ({ metadata, ...rest }: TypedWal.Entry<string, typeof Order.Type>) => ({
            ...rest,
            metadata: text(metadata)
          })
          deepStrictEqual((yield* collect(typed.enumerateRecords("order-1"))).map(withText), [expected])
          deepStrictEqual((yield* collect(typed.replay())).map(withText), [expected])
          deepStrictEqual(withText(yield* typed.readEntryAt(ref)), expected)
          deepStrictEqual(yield* contents(wal.enumerateRecords("order-1")), [
            "{\"item\":\"tea\",\"quantity\":2,\"at\":\"1970-01-01T00:00:00.005Z\"}"
          ])
        })
      ))

    it.scoped("a MessagePack entry holds what JSON does not, and each of a batch its own bytes", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const Reading = Schema.Struct({
            at: Schema.DateFromSelf,
            id: Schema.BigIntFromSelf,
            values: Schema.Array(Schema.Number),
            raw: Schema.Uint8ArrayFromSelf
          })
          const typed = TypedWal.make(wal, { key: Schema.String, content: TypedWal.msgPack(Reading) })
          const readings = Array.from({ length: 1_000 }, (_, index) => ({
            at: new Date(index),
            id: BigInt(index) - 2n ** 62n,
            values: [index, NaN, -Infinity],
            raw: Uint8Array.of(index & 0xff)
          }))
          yield* typed.appendBatch(readings.map((content) => ({ key: "k", content })))
          const read = yield* collect(typed.enumerateRecords("k"))
          deepStrictEqual(
            read.map(({ content }) => ({ ...content, raw: Uint8Array.from(content.raw) })),
            readings
          )
          const [first] = yield* collect(wal.replay())
          // A map of four members, of which the first has a name of two bytes.
          deepStrictEqual([...first?.content.subarray(0, 4) ?? []], [0xde, 0, 4, 0xa2])
        })
      ))

    it.scoped("bytes are what they are, and a schema from bytes is used as it is", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const raw = TypedWal.make(wal, { key: Schema.String, content: TypedWal.bytes })
          const reversed = TypedWal.make(wal, { key: Schema.String, content: TypedWal.binary(Reversed) })
          yield* raw.appendEntry("raw", Uint8Array.of(0xff, 0))
          yield* reversed.appendEntry("reversed", "abc")
          deepStrictEqual((yield* collect(raw.enumerateRecords("raw"))).map(({ content }) => [...content]), [[0xff, 0]])
          deepStrictEqual((yield* collect(reversed.enumerateRecords("reversed"))).map(({ content }) => content), [
            "abc"
          ])
          deepStrictEqual(yield* contents(wal.enumerateRecords("reversed")), ["cba"])
        })
      ))

    it.scoped("a class with a tag is a schema like any other", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const typed = TypedWal.make(yield* Wal.make({ directory }), { key: Schema.String, content: Placed })
          yield* typed.appendEntry("order-1", new Placed({ item: "tea" }))
          const [entry] = yield* collect(typed.replay())
          assertTrue(entry?.content instanceof Placed)
          strictEqual(entry.content.item, "tea")
        })
      ))

    it.scoped("keys are what their schema makes of strings or bytes", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const branded = TypedWal.make(wal, { key: OrderId, content: Schema.Int })
          const binary = TypedWal.make(wal, { key: Schema.Uint8ArrayFromSelf, content: Schema.Int })
          yield* branded.appendEntry(OrderId.make("order-12"), 1)
          yield* branded.appendEntry(OrderId.make("order-1"), 2)
          const ids: ReadonlyArray<typeof OrderId.Type> = yield* collect(branded.enumerateKeys)
          deepStrictEqual(ids, ["order-1", "order-12"].map((id) => OrderId.make(id)))
          deepStrictEqual(
            (yield* collect(branded.enumerateRecords(OrderId.make("order-12")))).map((
              { content, key }
            ) => [key, content]),
            [["order-12", 1]]
          )
          yield* binary.appendEntry(Uint8Array.of(0xff), 3)
          deepStrictEqual((yield* collect(binary.enumerateKeys)).map((key) => key.length), [7, 8, 1])
          deepStrictEqual(
            (yield* collect(binary.enumerateRecords(Uint8Array.of(0xff)))).map(({ content }) => content),
            [3]
          )
        })
      ))

    it.scoped("a number may be a key, as the text that it is encoded to", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const typed = TypedWal.make(wal, { key: Schema.NumberFromString, content: Schema.Int })
          yield* typed.appendBatch([{ key: 7, content: 1 }, { key: 12, content: 2 }])
          deepStrictEqual((yield* collect(typed.replay())).map(({ key }) => key), [7, 12])
          deepStrictEqual((yield* collect(wal.enumerateKeys)).map(text), ["12", "7"])
        })
      ))

    it.scoped("logEntry has synced what it acknowledges", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const typed = TypedWal.make(yield* Wal.make({ directory, syncInterval: "never" }), orders)
          yield* typed.appendEntry("order-1", { item: "tea", quantity: 1 })
          strictEqual((yield* typed.wal.stats).syncedSequence, 0)
          const ref = yield* typed.logEntry("order-1", { item: "tea", quantity: 2 }, { metadata: bytes("m") })
          strictEqual((yield* typed.wal.stats).syncedSequence, ref.sequence)
          const read = yield* typed.readEntryAt(ref)
          deepStrictEqual([read.content.quantity, text(read.metadata)], [2, "m"])
        })
      ))

    it.scoped("an entry is encoded when the append runs, each time", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const typed = TypedWal.make(yield* Wal.make({ directory }), orders)
          const order = { item: "tea", quantity: 1 }
          const append = typed.appendEntry("order-1", order)
          yield* append
          order.quantity = 2
          yield* append
          deepStrictEqual((yield* collect(typed.replay())).map(({ content }) => content.quantity), [1, 2])
        })
      ))

    it.scoped("a content that does not fit is refused, with what is wrong with it, and nothing is appended", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const typed = TypedWal.make(yield* Wal.make({ directory }), orders)
          const error = yield* refusal(typed.appendEntry("order-1", { item: "tea", quantity: 1.5 }))
          strictEqual(
            error.message,
            "SchemaMismatch: the content does not fit its schema: at quantity: Expected an integer, actual 1.5"
          )
          assertTrue(ParseResult.isParseError(error.cause))
          strictEqual(error.sequence, undefined)
          strictEqual(yield* typed.wal.entryCount, 0)
          strictEqual((yield* typed.appendEntry("order-1", { item: "tea", quantity: 1 })).sequence, 1)
        })
      ))

    it.scoped("a key that does not fit is refused, by appends and by reads", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const Id = Schema.String.pipe(Schema.startsWith("order-"))
          const typed = TypedWal.make(yield* Wal.make({ directory }), { key: Id, content: Schema.Int })
          const append = yield* refusal(typed.appendEntry("invoice-1", 1))
          assertTrue(append.description.startsWith("the key does not fit its schema: Expected a string starting with"))
          strictEqual((yield* refusal(collect(typed.enumerateRecords("invoice-1")))).description, append.description)
          strictEqual(yield* typed.wal.entryCount, 0)
        })
      ))

    it.scoped("what the log itself does not take fails as it does there", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const typed = TypedWal.make(yield* Wal.make({ directory }), { key: Schema.String, content: Schema.Int })
          const error = yield* Effect.flip(typed.appendEntry("", 1))
          assertTrue(error._tag === "WalCodecError" && error.reason === "EmptyKey")
        })
      ))

    it.scoped.each([
      [undefined, "JSON has no undefined"],
      [() => 1, "JSON has no function"],
      [{ id: 1n }, "Do not know how to serialize a BigInt"]
    ])("what JSON has no text for is refused: %o", ([value, reason]) =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const typed = TypedWal.make(yield* Wal.make({ directory }), { key: Schema.String, content: Schema.Unknown })
          const error = yield* refusal(typed.appendEntry("k", value))
          strictEqual(error.description, `the content does not fit its schema: ${reason}`)
          strictEqual(yield* typed.wal.entryCount, 0)
        })
      ))

    it.scoped("a long reason is cut short", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const Short = Schema.String.pipe(Schema.maxLength(3))
          const typed = TypedWal.make(yield* Wal.make({ directory }), { key: Schema.String, content: Short })
          const error = yield* refusal(typed.appendEntry("k", "x".repeat(100_000)))
          assertTrue(error.description.length < 1_100 && error.description.endsWith("…"))
        })
      ))

    it.scoped("a batch with an entry that does not fit appends nothing, and the log goes on", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const typed = TypedWal.make(yield* Wal.make({ directory }), orders)
          const batch = (quantity: number) =>
            [1, quantity, 3].map((quantity) => ({ key: "order-1", content: { item: "tea", quantity } }))
          const error = yield* refusal(typed.appendBatch(batch(0.5)))
          strictEqual(
            error.description,
            "the content of entry 2 of 3 in the batch does not fit its schema: at quantity: Expected an integer, actual 0.5"
          )
          strictEqual(yield* typed.wal.entryCount, 0)
          const refs = yield* typed.appendBatch(batch(2), { durability: "synced" })
          deepStrictEqual(refs.map(({ sequence }) => Number(sequence)), [1, 2, 3])
          deepStrictEqual((yield* collect(typed.replay())).map(({ content }) => content.quantity), [1, 2, 3])
          deepStrictEqual(yield* typed.appendBatch([]), [])
        })
      ))

    it.scoped("a sink takes a stream of values, in groups as large as its chunks", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const typed = TypedWal.make(yield* Wal.make({ directory }), { key: Schema.String, content: Schema.Int })
          const summary = yield* Stream.range(1, 1_000).pipe(
            Stream.map((content) => ({ key: `key-${content % 3}`, content, metadata: bytes(`${content}`) })),
            Stream.rechunk(300),
            Stream.run(typed.appendSink({ durability: "synced" }))
          )
          deepStrictEqual([summary.entries, Number(summary.firstSequence), Number(summary.lastSequence)], [
            1_000,
            1,
            1_000
          ])
          const read = yield* collect(typed.enumerateRecords("key-1"))
          deepStrictEqual(read.map(({ content }) => content), Array.from({ length: 334 }, (_, index) => index * 3 + 1))
          deepStrictEqual(read.map(({ metadata }) => Number(text(metadata))), read.map(({ content }) => content))
        })
      ))

    it.scoped("a sink stops at a value that does not fit, with those before it appended", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const typed = TypedWal.make(yield* Wal.make({ directory }), { key: Schema.String, content: Schema.Int })
          const error = yield* Stream.make(1, 2, 3, 4.5, 5).pipe(
            Stream.map((content) => ({ key: "k", content })),
            Stream.run(typed.appendSink()),
            refusal
          )
          strictEqual(error.description, "the content does not fit its schema: Expected an integer, actual 4.5")
          deepStrictEqual((yield* collect(typed.replay())).map(({ content }) => content), [1, 2, 3])
          strictEqual((yield* typed.appendEntry("k", 4)).sequence, 4)
        })
      ))
  })
