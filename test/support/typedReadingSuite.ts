import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as TypedWal from "effect-wal/TypedWal"
import * as Wal from "effect-wal/Wal"
import type { WalCodecError, WalError } from "effect-wal/WalError"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HashMap from "effect/HashMap"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as ParseResult from "effect/ParseResult"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { appendAll, bytes, collect, sequence } from "./entries.js"
import { at, type Place } from "./places.js"

const numbers = { key: Schema.String, content: Schema.Int }

const contentsOf = <A, E, R>(stream: Stream.Stream<TypedWal.Entry<string, A>, E, R>) =>
  Effect.map(collect(stream), (entries) => entries.map(({ content }) => content))

/** What a stream gave before its end, and the error it ended with. */
const untilFailure = <A, R>(
  stream: Stream.Stream<A, WalError, R>
): Effect.Effect<readonly [ReadonlyArray<A>, WalCodecError], unknown, R> =>
  Effect.gen(function*() {
    const given = yield* Ref.make<ReadonlyArray<A>>([])
    const error = yield* Effect.flip(Stream.runForEach(stream, (value) => Ref.update(given, (all) => [...all, value])))
    assertTrue(error._tag === "WalCodecError")
    strictEqual(error.reason, "SchemaMismatch")
    return [yield* Ref.get(given), error]
  })

/** The messages of the log lines of an effect, with their annotations. */
const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const lines: Array<{ readonly message: string; readonly annotations: Record<string, unknown> }> = []
    const logger = Logger.make(({ annotations, logLevel, message }) => {
      if (logLevel._tag === "Warning") {
        lines.push({ message: String(message), annotations: Object.fromEntries(HashMap.toEntries(annotations)) })
      }
    })
    yield* Effect.provide(effect, Logger.replace(Logger.defaultLogger, logger))
    return lines
  })

const skipped = (what: "entries" | "keys", directory: string) =>
  Effect.map(
    Metric.value(Metric.tagged(
      Metric.counter(`effect_wal_${what}_skipped`, {
        description: `${what} that a typed read left out, because they do not fit the schemas`,
        incremental: true
      }),
      "log",
      directory
    )),
    ({ count }) => count
  )

/** Some that fit, of two keys, with others among them. */
const mixed = (wal: Wal.Service) =>
  Effect.gen(function*() {
    yield* appendAll(wal, "a", ["1", "2"])
    yield* appendAll(wal, "b", ["3"])
    const refs = yield* appendAll(wal, "a", ["\"four\"", "{"])
    yield* appendAll(wal, "a", ["6"])
    return refs
  })

const json = TypedWal.json(Schema.Unknown)
const msgPack = TypedWal.msgPack(Schema.Unknown)

const malformed = [
  { what: "JSON", content: json, stored: Uint8Array.of(0x7b) },
  { what: "UTF-8", content: json, stored: Uint8Array.of(0x22, 0xff, 0x22) },
  { what: "MessagePack", content: msgPack, stored: Uint8Array.of(0xa5, 0x61) },
  { what: "one value of MessagePack", content: msgPack, stored: Uint8Array.of(1, 2) }
]

/** Reading through schemas, as its user sees it. */
export const typedReadingSuite = (place: Place) =>
  describe(`reading typed entries ${place.name}`, () => {
    it.scoped("a replay takes its range, and a key's records those of the key", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, maxSegmentBytes: 4096, compaction: "manual" })
          const typed = TypedWal.make(wal, numbers)
          yield* Effect.forEach(
            Array.from({ length: 100 }, (_, index) => index + 1),
            (content) => typed.appendEntry(content % 2 === 0 ? "even" : "odd", content)
          )
          assertTrue((yield* wal.stats).segments.length > 1)
          deepStrictEqual(yield* contentsOf(typed.replay({ after: sequence(97) })), [98, 99, 100])
          deepStrictEqual(yield* contentsOf(typed.replay({ from: sequence(3), to: sequence(4) })), [3, 4])
          deepStrictEqual((yield* contentsOf(typed.enumerateRecords("even"))).slice(0, 3), [2, 4, 6])
          deepStrictEqual(yield* contentsOf(typed.enumerateRecords("neither")), [])
          yield* wal.truncateBefore(sequence(90))
          const gone = yield* Effect.flip(collect(typed.replay({ from: sequence(1) })))
          strictEqual(gone._tag, "WalRetentionError")
        })
      ))

    it.scoped("a follower's entries are decoded, and its key is encoded", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const typed = TypedWal.make(yield* Wal.make({ directory }), numbers)
          const append = (content: number) => typed.appendEntry(content % 2 === 0 ? "even" : "odd", content)
          yield* Effect.forEach([1, 2], append)
          const even = yield* Effect.fork(contentsOf(Stream.take(typed.changes({ key: "even" }), 2)))
          const all = yield* Effect.fork(contentsOf(Stream.take(typed.changes(), 4)))
          yield* Effect.forEach([3, 4], append)
          deepStrictEqual(yield* Fiber.join(even), [2, 4])
          deepStrictEqual(yield* Fiber.join(all), [1, 2, 3, 4])
        })
      ))

    it.scoped("an append may expect the key's last entry", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const typed = TypedWal.make(yield* Wal.make({ directory }), numbers)
          const first = yield* typed.appendExpecting("k", 1, { expectedSequence: sequence(0) })
          const conflict = yield* Effect.flip(typed.appendExpecting("k", 2, { expectedSequence: sequence(0) }))
          deepStrictEqual(conflict._tag === "WalConflictError" ? conflict.actual : conflict, first.sequence)
          yield* typed.appendExpecting("k", 2, { expectedSequence: first.sequence })
          deepStrictEqual(yield* contentsOf(typed.replay()), [1, 2])
        })
      ))

    it.scoped("chunks stay chunks", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const typed = TypedWal.make(wal, numbers)
          yield* Stream.range(1, 5_000).pipe(
            Stream.map((content) => ({ key: "k", content })),
            Stream.run(typed.appendSink())
          )
          const sizes = <A, E>(stream: Stream.Stream<A, E>) =>
            Effect.map(collect(Stream.chunks(stream)), (chunks) => chunks.map(Chunk.size))
          const expected = yield* sizes(wal.replay())
          assertTrue(expected.length < 10)
          deepStrictEqual(yield* sizes(typed.replay()), expected)
        })
      ))

    it.scoped("an entry that does not fit fails the stream behind those before it, and the log goes on", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const typed = TypedWal.make(wal, numbers)
          const [four] = yield* mixed(wal)
          for (const read of [typed.replay(), typed.enumerateRecords("a")]) {
            const [given, error] = yield* untilFailure(read)
            deepStrictEqual(given.filter(({ key }) => key === "a").map(({ content }) => content), [1, 2])
            deepStrictEqual([error.sequence, error.offset], [four?.sequence, four?.offset])
            strictEqual(error.path, (yield* wal.stats).segments[0]?.path)
            strictEqual(
              error.message,
              "SchemaMismatch: the content of entry 4 does not fit its schema: Expected number, actual \"four\""
                + ` (${error.path} at offset ${error.offset})`
            )
            assertTrue(ParseResult.isParseError(error.cause))
          }
          deepStrictEqual(yield* contentsOf(typed.replay({ after: sequence(5) })), [6])
          strictEqual((yield* typed.appendEntry("a", 7)).sequence, 7)
        })
      ))

    it.scoped("entries that do not fit are left out, counted, and told in one line", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const typed = TypedWal.make(wal, numbers)
          yield* mixed(wal)
          const before = yield* skipped("entries", directory)
          const lines = yield* logged(Effect.gen(function*() {
            deepStrictEqual(yield* contentsOf(typed.replay({ onDecodeError: "skip" })), [1, 2, 3, 6])
          }))
          strictEqual((yield* skipped("entries", directory)) - before, 2)
          deepStrictEqual(lines.map(({ annotations }) => annotations), [{ directory, skipped: 2, sequence: 4 }])
          assertTrue(
            lines[0]?.message.startsWith(
              "entries that do not fit the schemas are left out; the first: SchemaMismatch: the content of entry 4 does not fit"
            )
          )
          deepStrictEqual(yield* contentsOf(typed.enumerateRecords("a", { onDecodeError: "skip" })), [1, 2, 6])
          strictEqual((yield* skipped("entries", directory)) - before, 4)
        })
      ))

    it.scoped("thousands of them are a line for each chunk, and a stream of nothing", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const typed = TypedWal.make(wal, { ...numbers, onDecodeError: "skip" })
          yield* wal.appendBatch(Array.from({ length: 5_000 }, () => ({ key: "k", content: bytes("?") })))
          const before = yield* skipped("entries", directory)
          const chunks = yield* Stream.runCount(Stream.chunks(wal.replay()))
          const lines = yield* logged(Effect.gen(function*() {
            deepStrictEqual(yield* collect(Stream.chunks(typed.replay())), [])
          }))
          strictEqual(lines.length, chunks)
          assertTrue(chunks < 10)
          strictEqual((yield* skipped("entries", directory)) - before, 5_000)
        })
      ))

    it.scoped("what a read says goes before what the log says, and one entry is never left out", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const typed = TypedWal.make(wal, { ...numbers, onDecodeError: "skip" })
          const [four] = yield* mixed(wal)
          deepStrictEqual(yield* contentsOf(typed.replay()), [1, 2, 3, 6])
          const [given] = yield* untilFailure(typed.replay({ onDecodeError: "fail" }))
          strictEqual(given.length, 3)
          assertTrue(four !== undefined)
          const error = yield* Effect.flip(typed.readEntryAt(four))
          assertTrue(error._tag === "WalCodecError")
          deepStrictEqual([error.reason, error.sequence, error.offset], ["SchemaMismatch", 4, four.offset])
        })
      ))

    it.scoped("keys that do not fit are treated the same", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const schemas = { key: Schema.NumberFromString, content: Schema.Int }
          const strict = TypedWal.make(wal, schemas)
          const lenient = TypedWal.make(wal, { ...schemas, onDecodeError: "skip" })
          yield* appendAll(wal, "1", ["1"])
          yield* appendAll(wal, "one", ["2"])
          yield* wal.appendEntry(Uint8Array.of(0xff, 0xfe), bytes("3"))
          const [keys, inKeys] = yield* untilFailure(strict.enumerateKeys)
          deepStrictEqual(keys, [1])
          strictEqual(
            inKeys.description,
            "the key \"one\" does not fit its schema: Unable to decode \"one\" into a number"
          )
          const [entries, inEntries] = yield* untilFailure(strict.replay())
          deepStrictEqual(entries.map(({ key }) => key), [1])
          deepStrictEqual([inEntries.sequence, inEntries.description], [
            2,
            "the key of entry 2 does not fit its schema: Unable to decode \"one\" into a number"
          ])
          const before = yield* skipped("keys", directory)
          deepStrictEqual(yield* collect(lenient.enumerateKeys), [1])
          strictEqual((yield* skipped("keys", directory)) - before, 2)
          deepStrictEqual((yield* collect(lenient.replay())).map(({ content }) => content), [1])
        })
      ))

    it.scoped.each(malformed)("bytes that are not $what do not fit", ({ content, stored }) =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const typed = TypedWal.make(wal, { key: Schema.String, content })
          yield* wal.appendEntry("k", stored)
          const [given, error] = yield* untilFailure(typed.replay())
          deepStrictEqual([given, Number(error.sequence)], [[], 1])
          deepStrictEqual(yield* collect(typed.replay({ onDecodeError: "skip" })), [])
        })
      ))
  })
