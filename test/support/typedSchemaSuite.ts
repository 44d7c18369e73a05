import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as TypedWal from "effect-wal/TypedWal"
import * as Wal from "effect-wal/Wal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { appendAll, collect, contents, session } from "./entries.js"
import { at, type Place } from "./places.js"

/** What a schema may need: how many letters to shift by. */
export class Cipher extends Context.Tag("test/Cipher")<Cipher, { readonly shift: number }>() {}

const shifted = (text: string, shift: number): string =>
  String.fromCodePoint(...Array.from(text, (letter) => (letter.codePointAt(0) ?? 0) + shift))

/** Text that is in the log as the cipher has it. */
export const Secret = Schema.transformOrFail(Schema.String, Schema.String, {
  strict: true,
  decode: (text) => Effect.map(Cipher, ({ shift }) => shifted(text, -shift)),
  encode: (text) => Effect.map(Cipher, ({ shift }) => shifted(text, shift))
})

/** Even numbers take a while; 13 never comes to an end that is good. */
const Slow = Schema.transformOrFail(Schema.Number, Schema.Number, {
  strict: true,
  decode: (number, _, ast) =>
    number === 13
      ? Effect.zipRight(Effect.yieldNow(), Effect.fail(new ParseResult.Type(ast, number, "13 is not lucky")))
      : number % 2 === 0
      ? Effect.delay(Effect.succeed(number), "1 millis")
      : ParseResult.succeed(number),
  encode: (number) => number % 2 === 0 ? Effect.as(Effect.yieldNow(), number) : ParseResult.succeed(number)
})

const OrderV1 = Schema.Struct({ item: Schema.String, price: Schema.Number })

const OrderV2 = Schema.Struct({
  version: Schema.Literal(2),
  items: Schema.NonEmptyArray(Schema.String),
  cents: Schema.Int,
  currency: Schema.optionalWith(Schema.String, { default: () => "EUR" })
})

const OrderV1AsV2 = Schema.transform(OrderV1, Schema.typeSchema(OrderV2), {
  strict: true,
  decode: ({ item, price }) => ({
    version: 2 as const,
    items: [item] as const,
    cents: Math.round(price * 100),
    currency: "EUR"
  }),
  encode: ({ cents, items }) => ({ item: items[0], price: cents / 100 })
})

const contentsOf = <K, A, E, R>(stream: Stream.Stream<TypedWal.Entry<K, A>, E, R>) =>
  Effect.map(collect(stream), (entries) => entries.map(({ content }) => content))

/** Schemas that do more than to look at a value. */
export const typedSchemaSuite = (place: Place) =>
  describe(`schemas of a log ${place.name}`, () => {
    it.scoped("what they require is required by the operations of make, each time", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const typed = TypedWal.make(wal, { key: Secret, content: Secret })
          const by = (shift: number) => Effect.provideService(Cipher, { shift })
          const ref = yield* by(1)(typed.appendEntry("a", "abc"))
          yield* by(1)(typed.logEntry("a", "def"))
          yield* by(1)(typed.appendBatch([{ key: "a", content: "ghi" }]))
          yield* by(1)(Stream.run(Stream.make({ key: "a", content: "jkl" }), typed.appendSink()))
          deepStrictEqual(yield* contents(wal.enumerateRecords("b")), ["\"bcd\"", "\"efg\"", "\"hij\"", "\"klm\""])
          const all = ["abc", "def", "ghi", "jkl"]
          deepStrictEqual(yield* by(1)(contentsOf(typed.enumerateRecords("a"))), all)
          deepStrictEqual(yield* by(1)(contentsOf(typed.replay())), all)
          deepStrictEqual(yield* by(1)(collect(typed.enumerateKeys)), ["a"])
          strictEqual((yield* by(1)(typed.readEntryAt(ref))).content, "abc")
          strictEqual((yield* by(2)(typed.readEntryAt(ref))).content, "`ab")
        })
      ))

    it.scoped("they may wait, between others that do not, and the order stays", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const typed = TypedWal.make(yield* Wal.make({ directory }), { key: Schema.String, content: Slow })
          const values = [1, 2, 3, 4, 4, 5, 7]
          const [first = 0, second = 0, ...rest] = values
          yield* typed.appendEntry("k", first)
          yield* typed.appendEntry("k", second)
          yield* typed.appendBatch(rest.map((content) => ({ key: "k", content })))
          const reading = yield* Effect.fork(contentsOf(typed.enumerateRecords("k")))
          yield* letPass(reading)
          deepStrictEqual(yield* Fiber.join(reading), values)
        })
      ))

    it.scoped("they may fail while they wait, behind what came before", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const typed = TypedWal.make(wal, { key: Schema.String, content: Slow })
          yield* appendAll(wal, "k", ["1", "2", "13", "4", "5"])
          const given: Array<number> = []
          const reading = yield* typed.replay().pipe(
            Stream.runForEach(({ content }) => Effect.sync(() => given.push(content))),
            Effect.flip,
            Effect.fork
          )
          yield* letPass(reading)
          const error = yield* Fiber.join(reading)
          assertTrue(error._tag === "WalCodecError")
          deepStrictEqual([error.sequence, given], [3, [1, 2]])
          assertTrue(error.description.endsWith("13 is not lucky"))
          const skipping = yield* Effect.fork(contentsOf(typed.replay({ onDecodeError: "skip" })))
          yield* letPass(skipping)
          deepStrictEqual(yield* Fiber.join(skipping), [1, 2, 4, 5])
        })
      ))

    it.scoped("a version of them that knows the older ones reads what these have written", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          yield* Wal.make({ directory }).pipe(session((wal) =>
            TypedWal.make(wal, { key: Schema.String, content: OrderV1 })
              .appendEntry("order-1", { item: "tea", price: 2.5 })
          ))
          const wal = yield* Wal.make({ directory })
          const content = Schema.Union(OrderV2, OrderV1AsV2)
          const typed = TypedWal.make(wal, { key: Schema.String, content })
          yield* typed.appendEntry("order-1", { version: 2, items: ["milk", "salt"], cents: 99, currency: "CHF" })
          yield* appendAll(wal, "order-1", ["{\"version\":2,\"items\":[\"rice\"],\"cents\":1}", "{\"version\":3}"])
          deepStrictEqual(yield* contentsOf(typed.replay({ onDecodeError: "skip" })), [
            { version: 2, items: ["tea"], cents: 250, currency: "EUR" },
            { version: 2, items: ["milk", "salt"], cents: 99, currency: "CHF" },
            { version: 2, items: ["rice"], cents: 1, currency: "EUR" }
          ])
          deepStrictEqual((yield* contents(wal.replay())).slice(0, 2), [
            "{\"item\":\"tea\",\"price\":2.5}",
            "{\"version\":2,\"items\":[\"milk\",\"salt\"],\"cents\":99,\"currency\":\"CHF\"}"
          ])
          const error = yield* Effect.flip(contentsOf(typed.replay()))
          assertTrue(error._tag === "WalCodecError")
          strictEqual(error.sequence, 4)
        })
      ))

    it.scoped("a codec that knows the older one reads what that has written, and writes its own", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const [json, msgPack] = [TypedWal.json(OrderV1), TypedWal.msgPack(OrderV1)]
          const content = TypedWal.binary(Schema.Union(msgPack.schema, json.schema))
          const [old, present] = [{ item: "tea", price: 2.5 }, { item: "milk", price: 1 }]
          yield* TypedWal.make(wal, { key: Schema.String, content: json }).appendEntry("k", old)
          const typed = TypedWal.make(wal, { key: Schema.String, content })
          yield* typed.appendEntry("k", present)
          deepStrictEqual(yield* contentsOf(typed.replay()), [old, present])
          const [first, second] = yield* collect(wal.replay())
          deepStrictEqual([first?.content[0], second?.content[0]], [0x7b, 0xde])
        })
      ))
  })

/** Lets time pass until the fiber has ended; on real files it needs some of the real one, too. */
const letPass = <A, E>(fiber: Fiber.RuntimeFiber<A, E>) =>
  Effect.repeat(
    Effect.zipRight(
      Effect.zipRight(
        TestClock.adjust("1 millis"),
        Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1)))
      ),
      Fiber.poll(fiber)
    ),
    { until: (exit) => exit._tag === "Some" }
  )
