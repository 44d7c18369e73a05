import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Wal from "effect-wal/Wal"
import type { EntryInput } from "effect-wal/WalEntry"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { bytes, collect, contents, sequences, session, text } from "./entries.js"
import { at, type Place } from "./places.js"

/** Bytes of every value, which repeat with a period that no block has. */
const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + index % 251) & 0xff)

const inputs = (key: string, values: ReadonlyArray<string>): ReadonlyArray<EntryInput> =>
  values.map((value) => ({ key, content: bytes(value) }))

/** Appending, as its user sees it. */
export const appendingSuite = (place: Place) =>
  describe(`appending ${place.name}`, () => {
    it.scoped("an entry is read back with its key, content, metadata, timestamp and ref", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          yield* TestClock.setTime(1_700_000_000_000)
          const wal = yield* Wal.make({ directory })
          const ref = yield* wal.appendEntry("order-1", bytes("placed"), { metadata: bytes("v1") })
          const entries = yield* collect(wal.enumerateRecords("order-1"))
          deepStrictEqual(
            entries.map((entry) => ({
              ...entry,
              key: text(entry.key),
              content: text(entry.content),
              metadata: text(entry.metadata)
            })),
            [{
              sequence: ref.sequence,
              timestamp: 1_700_000_000_000,
              key: "order-1",
              content: "placed",
              metadata: "v1",
              ref
            }]
          )
          deepStrictEqual([ref.segment, ref.offset, ref.sequence, ref.length % 8], [1, 128, 1, 0])
        })
      ))

    it.scoped("a key is a string or its UTF-8 bytes, and any other bytes are a key too", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          yield* wal.appendEntry("Zürich ✈", bytes("as a string"))
          yield* wal.appendEntry(bytes("Zürich ✈"), bytes("as bytes"))
          const binary = Uint8Array.of(0xff, 0x00, 0xfe)
          yield* wal.appendEntry(binary, bytes("binary"))
          deepStrictEqual(yield* contents(wal.enumerateRecords("Zürich ✈")), ["as a string", "as bytes"])
          deepStrictEqual(yield* contents(wal.enumerateRecords(bytes("Zürich ✈"))), ["as a string", "as bytes"])
          deepStrictEqual(yield* contents(wal.enumerateRecords(binary)), ["binary"])
          deepStrictEqual(yield* contents(wal.enumerateRecords(Uint8Array.of(0xff, 0x00))), [])
        })
      ))

    it.scoped("keys of 1 and of 65,535 bytes, and metadata of 65,535, are taken", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const longest = "k".repeat(65_535)
          yield* wal.appendEntry("k", bytes("short"))
          yield* wal.appendEntry(longest, bytes("long"), { metadata: pattern(65_535) })
          deepStrictEqual(yield* contents(wal.enumerateRecords("k")), ["short"])
          const [entry] = yield* collect(wal.enumerateRecords(longest))
          deepStrictEqual(entry && [text(entry.content), entry.key.length], ["long", 65_535])
          deepStrictEqual(entry && Buffer.compare(entry.metadata, pattern(65_535)), 0)
        })
      ))

    it.scoped.each([0, 1, 7, 8, 9, 4096, 1024 * 1024])("a content of %i bytes is read back as it was", (length) =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const content = pattern(length)
          const ref = yield* Wal.make({ directory }).pipe(session((wal) =>
            Effect.gen(function*() {
              const ref = yield* wal.appendEntry("k", content)
              yield* wal.appendEntry("k", bytes("next"))
              const read = yield* wal.readEntryAt(ref)
              strictEqual(Buffer.compare(read.content, content), 0)
              return ref
            })
          ))
          const wal = yield* Wal.make({ directory })
          const entries = yield* collect(wal.enumerateRecords("k"))
          strictEqual(entries.length, 2)
          strictEqual(Buffer.compare((yield* wal.readEntryAt(ref)).content, content), 0)
          deepStrictEqual(entries[0] && Buffer.compare(entries[0].content, content), 0)
        })
      ))

    it.scoped("sequences are 1, 2, 3 … over all keys, and timestamps never step back", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          yield* TestClock.setTime(5_000)
          const wal = yield* Wal.make({ directory })
          yield* wal.appendEntry("a", bytes("1"))
          yield* TestClock.setTime(4_000)
          yield* wal.appendEntry("b", bytes("2"))
          yield* TestClock.setTime(6_000)
          yield* wal.appendEntry("a", bytes("3"))
          const entries = yield* collect(wal.replay())
          deepStrictEqual(entries.map((entry) => [Number(entry.sequence), entry.timestamp]), [[1, 5_000], [2, 5_000], [
            3,
            6_000
          ]])
        })
      ))

    it.scoped.each(["buffered", "written", "synced"] as const)(
      "a %s append is read back and survives a clean close",
      (durability) =>
        at(place)((directory) =>
          Effect.gen(function*() {
            yield* Wal.make({ directory }).pipe(session((wal) =>
              Effect.gen(function*() {
                yield* wal.appendEntry("k", bytes("one"), { durability })
                yield* wal.appendBatch(inputs("k", ["two", "three"]), { durability })
                deepStrictEqual(yield* contents(wal.enumerateRecords("k")), ["one", "two", "three"])
              })
            ))
            const wal = yield* Wal.make({ directory, durability })
            yield* wal.appendEntry("k", bytes("four"))
            deepStrictEqual(yield* contents(wal.replay()), ["one", "two", "three", "four"])
          })
        )
    )

    it.scoped("what logEntry has acknowledged is synced, and says so in the stats", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          yield* wal.appendEntry("k", bytes("written"))
          strictEqual((yield* wal.stats).syncedSequence, 0)
          const ref = yield* wal.logEntry("k", bytes("synced"), { metadata: bytes("m") })
          strictEqual((yield* wal.stats).syncedSequence, ref.sequence)
          strictEqual(text((yield* wal.readEntryAt(ref)).metadata), "m")
        })
      ))

    it.scoped("a batch has its refs in the order of its entries, one behind the other", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const refs = yield* wal.appendBatch([
            { key: "a", content: bytes("1") },
            { key: bytes("b"), content: bytes("2"), metadata: bytes("m") },
            { key: "a", content: bytes("") }
          ])
          deepStrictEqual(
            refs.map((ref) =>
              Number(ref.sequence)
            ),
            [1, 2, 3]
          )
          deepStrictEqual(refs.map((ref) => ref.offset), [
            128,
            128 + (refs[0]?.length ?? 0),
            128 + (refs[0]?.length ?? 0) + (refs[1]?.length ?? 0)
          ])
          const read = yield* Effect.forEach(refs, (ref) => wal.readEntryAt(ref))
          deepStrictEqual(read.map((entry) => [text(entry.key), text(entry.content), text(entry.metadata)]), [
            ["a", "1", ""],
            ["b", "2", "m"],
            ["a", "", ""]
          ])
        })
      ))

    it.scoped("an empty batch appends nothing", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          deepStrictEqual(yield* wal.appendBatch([]), [])
          strictEqual(yield* wal.entryCount, 0)
        })
      ))

    it.scoped("a batch is never split over two segments", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, maxSegmentBytes: 4096, compaction: "manual" })
          const batch = Array.from({ length: 10 }, () => ({ key: "k", content: pattern(250) }))
          const batches = yield* Effect.forEach([1, 2, 3, 4], () => wal.appendBatch(batch))
          deepStrictEqual(batches.map((refs) => new Set(refs.map((ref) => ref.segment)).size), [1, 1, 1, 1])
          deepStrictEqual(batches.map((refs) => Number(refs[0]?.segment)), [1, 2, 3, 4])
        })
      ))

    it.scoped("a stream of entries goes into a sink, which says what it has appended", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({
            directory,
            maxPendingBytes: 4096,
            maxSegmentBytes: 16 * 1024,
            compaction: "manual"
          })
          yield* wal.appendEntry("k", bytes("before"))
          const values = Array.from({ length: 1_000 }, (_, index) => `value ${index}`)
          const summary = yield* Stream.fromIterable(inputs("k", values)).pipe(
            Stream.rechunk(300),
            Stream.run(wal.appendSink({ durability: "synced" }))
          )
          deepStrictEqual({ ...summary }, {
            entries: 1_000,
            firstSequence: summary.firstSequence,
            lastSequence: summary.lastSequence
          })
          deepStrictEqual([Number(summary.firstSequence), Number(summary.lastSequence)], [2, 1_001])
          deepStrictEqual(yield* contents(wal.enumerateRecords("k")), ["before", ...values])
          strictEqual((yield* wal.stats).syncedSequence, 1_001)
        })
      ))

    it.scoped("a sink that is given nothing appends nothing", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const summary = yield* Stream.run(Stream.empty, wal.appendSink())
          deepStrictEqual(summary.entries, 0)
          deepStrictEqual([Number(summary.firstSequence), Number(summary.lastSequence)], [0, 0])
          strictEqual(yield* wal.entryCount, 0)
        })
      ))

    it.scoped("a sink stops at a bad entry, with those before it appended", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const error = yield* Stream.make(
            ...inputs("k", ["1", "2"]),
            { key: "", content: bytes("3") },
            ...inputs("k", ["4"])
          ).pipe(
            Stream.run(wal.appendSink()),
            Effect.flip
          )
          assertTrue(error._tag === "WalCodecError" && error.reason === "EmptyKey")
          deepStrictEqual(yield* contents(wal.replay()), ["1", "2"])
        })
      ))

    it.scoped("a read sees every append acknowledged before it, buffered ones included, while the clock stands still", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, durability: "buffered", flushInterval: "1 hour" })
          const append = (value: string) => wal.appendEntry("k", bytes(value))
          yield* append("1")
          deepStrictEqual(yield* contents(wal.enumerateRecords("k")), ["1"])
          yield* append("2")
          deepStrictEqual(yield* sequences(wal.replay()), [1, 2])
          const ref = yield* append("3")
          strictEqual(text((yield* wal.readEntryAt(ref)).content), "3")
          yield* append("4")
          strictEqual(yield* wal.entryCount, 4)
          yield* append("5")
          strictEqual((yield* wal.stats).newest?.sequence, 5)
          yield* wal.appendEntry("new key", bytes("6"))
          deepStrictEqual((yield* collect(wal.enumerateKeys)).map(text), ["k", "new key"])
          strictEqual((yield* wal.stats).pendingBytes, 0)
        })
      ))

    it.scoped("sync makes everything acknowledged durable and answers the last sequence, 0 for an empty log", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, flushInterval: "1 hour", syncInterval: "never" })
          strictEqual(yield* wal.sync, 0)
          yield* wal.appendEntry("k", bytes("written"))
          yield* wal.appendEntry("k", bytes("buffered"), { durability: "buffered" })
          strictEqual((yield* wal.stats).syncedSequence, 0)
          strictEqual(yield* wal.sync, 2)
          strictEqual((yield* wal.stats).syncedSequence, 2)
          strictEqual(yield* wal.sync, 2)
        })
      ))
  })
