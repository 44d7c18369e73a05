import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Wal from "effect-wal/Wal"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { appendAll, bytes, collect, contents, sequence, sequences, session, text } from "./entries.js"
import { at, type Place } from "./places.js"

/** Small segments, so that a few entries fill several of them. */
const small = { maxSegmentBytes: 4096, compaction: "manual" } as const

/** About a third of a small segment. */
const third = (value: string): Uint8Array => bytes(value.padEnd(1_200, "."))

const value = (content: Uint8Array): string => text(content).replace(/\.+$/, "")

/** Two keys, alternating, over four segments. */
const fill = (wal: Wal.Service) =>
  Effect.forEach(
    Array.from({ length: 12 }, (_, index) => index + 1),
    (number) => wal.appendEntry(number % 2 === 0 ? "even" : "odd", third(`${number}`))
  )

/** Reading, as its user sees it. */
export const readingSuite = (place: Place) =>
  describe(`reading ${place.name}`, () => {
    it.scoped("a key's records come in order, from all segments, and of no other key", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* fill(wal)
          strictEqual((yield* wal.stats).segments.length, 4)
          const odd = yield* collect(wal.enumerateRecords("odd"))
          deepStrictEqual(odd.map((entry) => value(entry.content)), ["1", "3", "5", "7", "9", "11"])
          deepStrictEqual(yield* contents(wal.enumerateRecords("neither")), [])
        })
      ))

    it.scoped("a stream of records is a snapshot, and run again a new one", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          const records = wal.enumerateRecords("k")
          deepStrictEqual(yield* contents(records), [])
          yield* appendAll(wal, "k", ["1", "2"])
          deepStrictEqual(yield* contents(records), ["1", "2"])
        })
      ))

    it.scoped("keys come once each, in the order of their bytes, from all segments", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          deepStrictEqual(yield* collect(wal.enumerateKeys), [])
          for (const key of ["b", "é", "a", "b", "aa", "c", "a", "~", "b"]) {
            yield* wal.appendEntry(key, third("x"))
          }
          assertTrue((yield* wal.stats).segments.length > 2)
          deepStrictEqual((yield* collect(wal.enumerateKeys)).map(text), ["a", "aa", "b", "c", "~", "é"])
        })
      ))

    it.scoped("many keys, more than one run of the merge, are all there", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, maxSegmentBytes: 1024 * 1024, compaction: "manual" })
          const keys = Array.from({ length: 40_000 }, (_, index) => `key ${index.toString().padStart(6, "0")}`)
          const append = (some: ReadonlyArray<string>) =>
            wal.appendBatch(some.map((key) => ({ key, content: bytes("") })), { durability: "buffered" })
          for (let start = 0; start < keys.length; start += 5_000) {
            yield* append(keys.slice(start, start + 5_000))
          }
          yield* append(keys.slice(0, 100))
          deepStrictEqual((yield* collect(wal.enumerateKeys)).map(text), keys)
        })
      ))

    it.scoped("keys are decoded by a schema, from text or from bytes", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          yield* wal.appendEntry("12", bytes(""))
          yield* wal.appendEntry("7", bytes(""))
          deepStrictEqual(yield* collect(wal.enumerateKeysAs(Schema.NumberFromString)), [12, 7])
          deepStrictEqual((yield* collect(wal.enumerateKeysAs(Schema.Uint8ArrayFromSelf))).map(text), ["12", "7"])
          yield* wal.appendEntry(Uint8Array.of(0xff), bytes(""))
          deepStrictEqual((yield* collect(wal.enumerateKeysAs(Schema.Uint8ArrayFromSelf))).length, 3)
          const error = yield* Effect.flip(collect(wal.enumerateKeysAs(Schema.NumberFromString)))
          assertTrue(error._tag === "WalCodecError" && error.reason === "SchemaMismatch")
        })
      ))

    const ranges: ReadonlyArray<readonly [Wal.ReplayOptions | undefined, ReadonlyArray<number>]> = [
      [undefined, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
      [{ from: sequence(1) }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
      [{ from: sequence(11) }, [11, 12]],
      [{ from: sequence(13) }, []],
      [{ from: sequence(1_000_000) }, []],
      [{ after: sequence(0) }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
      [{ after: sequence(9) }, [10, 11, 12]],
      [{ after: sequence(12) }, []],
      [{ to: sequence(3) }, [1, 2, 3]],
      [{ to: sequence(0) }, []],
      [{ from: sequence(3), to: sequence(4) }, [3, 4]],
      [{ from: sequence(4), to: sequence(4) }, [4]],
      [{ from: sequence(5), to: sequence(4) }, []],
      [{ from: sequence(3), after: sequence(5), to: sequence(7) }, [6, 7]],
      [{ from: sequence(6), after: sequence(2), to: sequence(7) }, [6, 7]],
      [{ from: sequence(0), to: sequence(2) }, [1, 2]]
    ]

    it.scoped.each(ranges)("a replay of %o is its entries, whatever the segment", ([range, expected]) =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* fill(wal)
          deepStrictEqual(yield* sequences(wal.replay(range)), expected)
        })
      ))

    it.scoped("a replay of an empty log is empty", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          deepStrictEqual(yield* sequences(wal.replay()), [])
          deepStrictEqual(yield* sequences(wal.replay({ from: sequence(1) })), [])
          deepStrictEqual(yield* sequences(wal.replay({ after: sequence(0) })), [])
        })
      ))

    it.scoped("a replay that begins with an entry that is gone fails, and one without a beginning does not", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* fill(wal)
          yield* wal.truncateBefore(sequence(7))
          deepStrictEqual(yield* sequences(wal.replay()), [7, 8, 9, 10, 11, 12])
          for (const gone of [{ from: sequence(6) }, { after: sequence(5) }, { from: sequence(1), to: sequence(2) }]) {
            const error = yield* Effect.flip(sequences(wal.replay(gone)))
            assertTrue(error._tag === "WalRetentionError")
            strictEqual(error.oldest, 7)
          }
          deepStrictEqual(yield* sequences(wal.replay({ after: sequence(6), to: sequence(8) })), [7, 8])
        })
      ))

    it.scoped("each entry can be read by its ref, from sealed segments and the active one", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          const refs = yield* fill(wal)
          const read = yield* Effect.forEach(refs, (ref) =>
            wal.readEntryAt(ref), { concurrency: "unbounded" })
          deepStrictEqual(
            read.map((entry) =>
              value(entry.content)
            ),
            refs.map((ref) => `${ref.sequence}`)
          )
          deepStrictEqual(read.map((entry) => entry.ref), refs)
        })
      ))

    it.scoped("the stats count entries, bytes and segments, and know the oldest and newest entry", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          yield* TestClock.setTime(1_000)
          const wal = yield* Wal.make({ directory, ...small })
          const empty = yield* wal.stats
          deepStrictEqual([empty.entries, empty.oldest, empty.newest], [0, undefined, undefined])
          deepStrictEqual(empty.segments.map((segment) => [segment.entries, Number(segment.lastSequence)]), [[0, 0]])

          const refs = yield* fill(wal)
          yield* TestClock.setTime(2_000)
          const last = yield* wal.appendEntry("even", bytes("last"))
          const stats = yield* wal.stats
          strictEqual(stats.directory, directory)
          strictEqual(stats.entries, 13)
          strictEqual(yield* wal.entryCount, 13)
          deepStrictEqual({ ...stats.oldest }, { sequence: refs[0]?.sequence, timestamp: 1_000 })
          deepStrictEqual({ ...stats.newest }, { sequence: last.sequence, timestamp: 2_000 })
          deepStrictEqual(
            stats.segments.map((
              segment
            ) => [Number(segment.firstSequence), Number(segment.lastSequence), segment.state]),
            [[1, 3, "sealed"], [4, 6, "sealed"], [7, 9, "sealed"], [10, 13, "active"]]
          )
          deepStrictEqual(stats.segments.map((segment) => segment.entries), [3, 3, 3, 4])
          assertTrue(stats.segments.every((segment) => segment.bytes <= 4096 + 128))
        })
      ))

    it.scoped("a log can be closed and opened again, with everything in it, and goes on with the next sequence", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const refs = yield* Wal.make({ directory, ...small }).pipe(session(fill))
          for (const round of [1, 2, 3]) {
            yield* Wal.make({ directory, ...small }).pipe(session((wal) =>
              Effect.gen(function*() {
                strictEqual(wal.recovery.entries, 11 + round)
                deepStrictEqual([wal.recovery.tornTails, wal.recovery.lost, wal.recovery.scanned], [[], [], 0])
                const even = yield* collect(wal.enumerateRecords("even"))
                deepStrictEqual(even.slice(0, 6).map((entry) => value(entry.content)), ["2", "4", "6", "8", "10", "12"])
                const read = yield* Effect.forEach(refs, (ref) => wal.readEntryAt(ref))
                deepStrictEqual(read.map((entry) => entry.ref), refs)
                strictEqual((yield* wal.appendEntry("even", third("more"))).sequence, 12 + round)
                strictEqual(yield* wal.entryCount, 12 + round)
              })
            ))
          }
        })
      ))

    it.scoped("recovery reports an empty directory as a new log", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const { recovery } = yield* Wal.make({ directory })
          deepStrictEqual({ ...recovery, newestSequence: Number(recovery.newestSequence), duration: 0 }, {
            ...recovery,
            segments: 1,
            sealed: 0,
            scanned: 1,
            entries: 0,
            newestSequence: 0,
            tornTails: [],
            lost: [],
            duration: 0
          })
        })
      ))

    it.scoped("opening and closing without an append changes no file of the log", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const stats = yield* Wal.make({ directory }).pipe(
            session((wal) => Effect.zipRight(appendAll(wal, "k", ["1", "2"]), wal.stats))
          )
          const again = yield* Wal.make({ directory }).pipe(session((wal) => wal.stats))
          deepStrictEqual(
            again.segments,
            stats.segments
          )
        })
      ))

    it.scoped("compact and truncateBefore say what they removed", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* fill(wal)
          const nothing = yield* wal.compact
          deepStrictEqual([nothing.outcome, nothing.removed, Number(nothing.oldestSequence)], ["completed", [], 1])
          const report = yield* wal.truncateBefore(sequence(8))
          deepStrictEqual(
            report.removed.map(({ entries, reason, segment }) => [Number(segment), entries, reason]),
            [[1, 3, "truncated"], [2, 3, "truncated"]]
          )
          strictEqual(report.oldestSequence, 7)
          deepStrictEqual((yield* wal.stats).segments.map(({ segment }) => Number(segment)), [3, 4])
          deepStrictEqual((yield* collect(wal.enumerateRecords("odd"))).map((entry) => Number(entry.sequence)), [
            7,
            9,
            11
          ])
        })
      ))
  })
