import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import * as Wal from "effect-wal/Wal"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

const content = new Uint8Array(600)

const openOn = (disk: SimulatedDisk.SimulatedDisk) =>
  Wal.make({ directory: "/log", maxSegmentBytes: 4096, compaction: "manual", syncInterval: "never" }).pipe(
    Effect.provide(disk.layer)
  )

const append = (wal: Wal.Service, count: number) =>
  Effect.forEach(Array.from({ length: count }), () => wal.appendEntry("k", content), { discard: true })

const settle = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 20)))

describe.each(["platform", "tuned"] as const)("following, %s files", (files) => {
  it.live("a log that fails, a follower sees everything that was written, and then the failure", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make({ files })
      const scope = yield* Scope.make()
      const wal = yield* Scope.extend(openOn(disk), scope)
      yield* append(wal, 3)
      const seen: Array<number> = []
      const fiber = yield* Effect.fork(
        Effect.flip(Stream.runForEach(wal.changes(), ({ sequence }) => Effect.sync(() => seen.push(sequence))))
      )
      yield* settle
      yield* disk.fault({ on: "sync", times: 1, effect: SimulatedDisk.failSync("new") })
      yield* Effect.flip(wal.logEntry("k", content))
      const error = yield* Fiber.join(fiber)
      strictEqual(error._tag, "WalFailedError")
      deepStrictEqual(seen, [1, 2, 3, 4])
      yield* Effect.exit(Scope.close(scope, Exit.void))
    }))

  it.live("an interrupted follower leaves no file open and nobody behind who is woken", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make({ files })
      const scope = yield* Scope.make()
      const wal = yield* Scope.extend(openOn(disk), scope)
      yield* append(wal, 12)
      const followers = yield* Effect.forEach([1, 4, 9], (from) =>
        Effect.fork(
          Stream.runDrain(Stream.tap(wal.changes(), ({ sequence }) => sequence === from ? Effect.never : Effect.void))
        ))
      const waiting = yield* Effect.fork(Stream.runDrain(wal.changes()))
      yield* settle
      yield* Fiber.interruptAll([...followers, waiting])
      yield* append(wal, 1)
      yield* Scope.close(scope, Exit.void)
      deepStrictEqual(yield* disk.openFiles, [])
    }))
})
