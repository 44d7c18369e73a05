/**
 * A write that fails is taken back, however much of it had reached the file, before anyone is told.
 */
import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as SimulatedDisk from "../../src/testing/SimulatedDisk.js"
import { readAll } from "./check.js"
import { openOn } from "./machine.js"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const contentsOn = (disk: SimulatedDisk.SimulatedDisk) =>
  Effect.scoped(Effect.flatMap(openOn(disk), readAll)).pipe(
    Effect.map((entries) => entries.map((entry) => new TextDecoder().decode(entry.content)))
  )

/** The disk after the failure, with the log still open, and what came of the append. */
const afterFailure = (effect: SimulatedDisk.FaultEffect) =>
  Effect.gen(function*() {
    const disk = yield* SimulatedDisk.make({ completion: "immediate" })
    const wal = yield* openOn(disk)
    yield* wal.logEntry("key", bytes("before"))
    yield* disk.fault({ on: "write", path: ".wal", times: 1, effect })
    const results = yield* Effect.forEach(
      ["one", "two", "three"],
      (content) => Effect.either(wal.appendEntry("key", bytes(content))),
      { concurrency: "unbounded" }
    )
    return { disk, wal, outcomes: results.map((result) => (result._tag === "Left" ? result.left._tag : "written")) }
  })

const REFUSED = ["WalIoError", "WalIoError", "WalIoError"]

describe("a failed write", () => {
  for (
    const [name, effect] of [
      ["that was done all the same", SimulatedDisk.failAfter("EIO")],
      ["of which two whole entries were written", SimulatedDisk.shortWrite(150, { next: "ENOSPC" })],
      ["of which a part of an entry was written", SimulatedDisk.shortWrite(30, { next: "ENOSPC" })]
    ] as const
  ) {
    it.scoped(`${name} leaves nothing for the next opening to find`, () =>
      Effect.gen(function*() {
        const { disk, outcomes } = yield* afterFailure(effect)
        deepStrictEqual(outcomes, REFUSED)
        deepStrictEqual(yield* contentsOn(yield* disk.killed), ["before"])
        deepStrictEqual(yield* contentsOn(yield* disk.crashed("lose-all")), ["before"])
      }))

    it.scoped(`${name} is followed by appends with the sequences that it would have used`, () =>
      Effect.gen(function*() {
        const { disk, wal } = yield* afterFailure(effect)
        strictEqual((yield* wal.logEntry("key", bytes("after"))).sequence, 2)
        deepStrictEqual(yield* contentsOn(yield* disk.crashed("lose-all")), ["before", "after"])
      }))

    it.scoped(`${name} is gone from the disk before its appenders are told`, () =>
      Effect.gen(function*() {
        const { disk } = yield* afterFailure(effect)
        const operations = (yield* disk.operations).filter(({ path }) => path.endsWith(".wal")).map(({ kind }) => kind)
        deepStrictEqual(operations.slice(-2), ["truncate", "sync"])
      }))
  }
})
