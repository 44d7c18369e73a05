/**
 * After a failed fsync the cache may hold what the disk does not: what recovery serves must not vanish at the next power loss.
 */
import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as SimulatedDisk from "../../src/testing/SimulatedDisk.js"
import { readAll } from "./check.js"
import { openOn } from "./machine.js"

/** Several sectors long: a later write to one of them would bring its other bytes to the disk too. */
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text.padEnd(1500, "."))

const text = (content: Uint8Array): string => new TextDecoder().decode(content).replace(/\.+$/, "")

describe("after a failed fsync", () => {
  it.effect("what the next opening serves survives a power loss", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make({ completion: "immediate" })
      yield* Effect.scoped(
        Effect.gen(function*() {
          const wal = yield* openOn(disk)
          yield* wal.logEntry("key", bytes("synced"))
          yield* disk.fault({ on: "sync", times: 1, effect: SimulatedDisk.failSync("new") })
          const error = yield* Effect.flip(wal.logEntry("key", bytes("in the cache only")))
          strictEqual(error._tag, "WalFailedError")
        })
      ).pipe(Effect.exit)
      const next = yield* disk.killed
      const served = yield* Effect.scoped(Effect.flatMap(openOn(next), readAll))
      const contents = (entries: typeof served) => entries.map((entry) => text(entry.content))
      deepStrictEqual(contents(served), ["synced", "in the cache only"])
      const rebooted = yield* next.crashed("lose-all")
      deepStrictEqual(
        contents(yield* Effect.scoped(Effect.flatMap(openOn(rebooted), readAll))),
        contents(served)
      )
    }))

  it.effect("nothing is acknowledged any more, although a later fsync would succeed", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make({ completion: "immediate" })
      yield* Effect.scoped(
        Effect.gen(function*() {
          const wal = yield* openOn(disk)
          yield* disk.fault({ on: "sync", times: 1, effect: SimulatedDisk.failSync("old") })
          const first = yield* Effect.flip(wal.logEntry("key", bytes("lost")))
          const second = yield* Effect.flip(wal.appendEntry("key", bytes("refused")))
          const third = yield* Effect.flip(wal.sync)
          deepStrictEqual(
            [first, second, third].map((error) => [error._tag, "outcome" in error ? error.outcome : undefined]),
            [["WalFailedError", "unknown"], ["WalFailedError", "rejected"], ["WalFailedError", "rejected"]]
          )
        })
      ).pipe(Effect.exit)
      const rebooted = yield* disk.crashed("keep-all")
      const served = yield* Effect.scoped(Effect.flatMap(openOn(rebooted), readAll))
      strictEqual(served.some((entry) => text(entry.content) === "refused"), false)
    }))
})
