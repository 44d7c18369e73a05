import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Wal from "effect-wal/Wal"
import type { Durability } from "effect-wal/WalEntry"
import * as Effect from "effect/Effect"
import { bytes, contents, sequence } from "./entries.js"
import { at, type Place } from "./places.js"

const small = { maxSegmentBytes: 4096, compaction: "manual" } as const

/** About a third of a small segment. */
const third = (value: string): Uint8Array => bytes(value.padEnd(1_200, "."))

/** What an append that expects `expected` comes to: its sequence, or the one that the conflict names. */
const expecting = (wal: Wal.Service, key: string, expected: number, durability?: Durability) =>
  wal.appendExpecting(key, bytes(`after ${expected}`), { expectedSequence: sequence(expected), durability }).pipe(
    Effect.map((ref) => Number(ref.sequence)),
    Effect.catchTag("WalConflictError", (error) => Effect.succeed(`${error.key} is at ${error.actual}`))
  )

/** Appending only if nobody else has, as its user sees it. */
export const expectingSuite = (place: Place) =>
  describe(`expecting ${place.name}`, () => {
    it.scoped("the first entry of a key expects 0, each next one the one before it", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          strictEqual(yield* expecting(wal, "a", 0), 1)
          strictEqual(yield* expecting(wal, "b", 0), 2)
          strictEqual(yield* expecting(wal, "a", 1), 3)
          strictEqual(yield* expecting(wal, "a", 1), "a is at 3")
          strictEqual(yield* expecting(wal, "b", 0), "b is at 2")
          strictEqual(yield* expecting(wal, "c", 7), "c is at 0")
          deepStrictEqual(yield* contents(wal.replay()), ["after 0", "after 0", "after 1"])
        })
      ))

    it.scoped("the key's last entry is found in older segments, and after the log was closed", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          yield* Effect.scoped(
            Effect.gen(function*() {
              const wal = yield* Wal.make({ directory, ...small })
              yield* wal.appendEntry("old", third("1"))
              yield* wal.appendEntry("old", third("2"))
              yield* Effect.forEach(["3", "4", "5", "6", "7", "8"], (value) => wal.appendEntry("other", third(value)))
              assertTrue((yield* wal.stats).segments.length > 2)
              strictEqual(yield* expecting(wal, "old", 1), "old is at 2")
              strictEqual(yield* expecting(wal, "old", 2), 9)
            })
          )
          const wal = yield* Wal.make({ directory, ...small })
          strictEqual(yield* expecting(wal, "old", 2), "old is at 9")
          strictEqual(yield* expecting(wal, "old", 9), 10)
          strictEqual(yield* expecting(wal, "new", 0), 11)
        })
      ))

    it.scoped("it holds across a rotation that the append itself brings about", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* Effect.forEach(["1", "2", "3"], (value) => wal.appendEntry("k", third(value)))
          const wrong = yield* Effect.flip(
            wal.appendExpecting("k", third("x"), { expectedSequence: sequence(2) })
          )
          strictEqual(wrong._tag === "WalConflictError" ? Number(wrong.actual) : wrong, 3)
          const ref = yield* wal.appendExpecting("k", third("4"), { expectedSequence: sequence(3) })
          strictEqual(ref.sequence, 4)
          strictEqual(ref.segment, 2)
        })
      ))

    it.scoped("what is under way counts: of many that expect the same, one is appended", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory })
          for (const durability of ["written", "synced", "buffered"] as const) {
            const before = yield* wal.entryCount
            const last = yield* Effect.map(wal.stats, ({ newest }) => Number(newest?.sequence ?? 0))
            const outcomes = yield* Effect.forEach(
              Array.from({ length: 20 }),
              () => expecting(wal, "k", last, durability),
              { concurrency: "unbounded" }
            )
            strictEqual(outcomes.filter((outcome) => outcome === last + 1).length, 1)
            strictEqual(outcomes.filter((outcome) => outcome === `k is at ${last + 1}`).length, 19)
            strictEqual(yield* wal.entryCount, before + 1)
          }
        })
      ))

    it.scoped("counters that many increase lose no step", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          const step: Effect.Effect<number> = Effect.gen(function*() {
            const known = Number((yield* wal.stats).newest?.sequence ?? 0)
            const outcome = yield* expecting(wal, "counter", known)
            return typeof outcome === "number" ? outcome : yield* step
          }).pipe(Effect.orDie)
          yield* Effect.forEach(
            Array.from({ length: 8 }),
            () => Effect.forEach(Array.from({ length: 10 }), () => step, { discard: true }),
            { concurrency: "unbounded", discard: true }
          )
          const all = yield* contents(wal.enumerateRecords("counter"))
          deepStrictEqual(all, Array.from({ length: 80 }, (_, index) => `after ${index}`))
        })
      ))

    it.scoped("a key whose entries have been removed has none", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* wal.appendEntry("gone", third("1"))
          yield* Effect.forEach(["2", "3", "4", "5", "6"], (value) => wal.appendEntry("k", third(value)))
          yield* wal.truncateBefore(sequence(6))
          strictEqual(yield* expecting(wal, "gone", 1), "gone is at 0")
          strictEqual(yield* expecting(wal, "gone", 0), 7)
        })
      ))
  })
