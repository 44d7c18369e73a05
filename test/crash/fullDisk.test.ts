/**
 * A full disk: appends are refused and leave nothing, everything else works, and when there is space the log goes on.
 */
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as SimulatedDisk from "../../src/testing/SimulatedDisk.js"
import type * as Wal from "../../src/Wal.js"
import { Sequence } from "../../src/WalEntry.js"
import { readAll } from "./check.js"
import { openOn } from "./machine.js"

const content = new Uint8Array(500)

const bootWith = (capacity: number) => SimulatedDisk.make({ completion: "immediate", capacity })

/** Appends until there is no more space; answers how many were acknowledged, and the refusal. */
const fill = (wal: Wal.Service) =>
  Effect.gen(function*() {
    let count = 0
    for (;;) {
      const result = yield* Effect.either(wal.appendEntry(`key-${count}`, content, { durability: "synced" }))
      if (result._tag === "Left") {
        return { count, error: result.left }
      }
      count++
    }
  })

const sequencesOf = (wal: Wal.Service) =>
  Effect.map(readAll(wal), (entries) => entries.map(({ sequence }) => Number(sequence)))

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

const ROOMY: Parameters<typeof openOn>[1] = { compaction: "manual" }

describe("a full disk", () => {
  it.effect("refuses appends with NoSpace, of which nothing is left, and lets the log go on when there is space", () =>
    Effect.gen(function*() {
      const disk = yield* bootWith(6_000)
      yield* Effect.scoped(
        Effect.gen(function*() {
          const wal = yield* openOn(disk, ROOMY)
          const { count, error } = yield* fill(wal)
          assertTrue(count > 3)
          strictEqual(error._tag === "WalIoError" ? error.reason : error._tag, "NoSpace")
          deepStrictEqual(yield* sequencesOf(wal), upTo(count))
          yield* disk.setCapacity(20_000)
          const ref = yield* wal.logEntry("later", content)
          strictEqual(ref.sequence, count + 1)
          deepStrictEqual(yield* sequencesOf(wal), upTo(count + 1))
        })
      )
      const rebooted = yield* disk.crashed("lose-all")
      yield* Effect.scoped(
        Effect.flatMap(
          openOn(rebooted, ROOMY),
          (wal) => Effect.map(sequencesOf(wal), (sequences) => assertTrue(sequences.length > 4))
        )
      )
    }))

  it.effect("stops no closing, opening, reading and removing", () =>
    Effect.gen(function*() {
      const disk = yield* bootWith(9_000)
      const small = { maxSegmentBytes: 4096, compaction: "manual" } as const
      const count = yield* Effect.scoped(
        Effect.flatMap(openOn(disk, small), (wal) => Effect.map(fill(wal), (filled) => filled.count))
      )
      yield* disk.setCapacity(yield* disk.used)
      yield* Effect.scoped(
        Effect.gen(function*() {
          const wal = yield* openOn(disk, small)
          deepStrictEqual(yield* sequencesOf(wal), upTo(count))
          const refused = yield* Effect.flip(wal.appendEntry("no", content))
          strictEqual(refused._tag, "WalIoError")
          const report = yield* wal.truncateBefore(Sequence.make(count))
          assertTrue(report.removed.length > 0)
          yield* wal.logEntry("in the space that was freed", content)
        })
      )
    }))

  it.effect("fails the log when entries that were acknowledged as buffered do not fit any more", () =>
    Effect.gen(function*() {
      const disk = yield* bootWith(6_000)
      yield* Effect.scoped(
        Effect.gen(function*() {
          const wal = yield* openOn(disk, ROOMY)
          yield* disk.setCapacity(yield* disk.used)
          yield* wal.appendEntry("buffered", content, { durability: "buffered" })
          const lost = yield* Effect.flip(wal.sync)
          strictEqual(lost._tag, "WalIoError")
          const refused = yield* Effect.flip(wal.appendEntry("next", content))
          strictEqual(refused._tag, "WalFailedError")
          deepStrictEqual(yield* sequencesOf(wal), [])
        })
      ).pipe(Effect.exit, Effect.tap((exit) => Effect.sync(() => strictEqual(exit._tag, "Failure"))))
      const next = yield* disk.killed
      yield* next.setCapacity(20_000)
      yield* Effect.scoped(Effect.flatMap(openOn(next, ROOMY), (wal) => wal.logEntry("again", content)))
    }))
})
