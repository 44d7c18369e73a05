/**
 * A consumer on a disk that says no: what cannot be saved is tried again, and costs no entry.
 */
import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as TestClock from "effect/TestClock"
import * as WalConsumer from "../../src/WalConsumer.js"
import { Sequence } from "../../src/WalEntry.js"
import { caughtUp, contentOf, CURSOR, NAME, nextLife, textOf } from "./consuming.js"
import { boot, openOn } from "./machine.js"

const KINDS = ["open", "write", "sync", "rename"] as const

describe("a cursor that cannot be saved", () => {
  for (const on of KINDS) {
    it.scoped(`because of a failing ${on}, is saved later, and the consumer goes on`, () =>
      Effect.gen(function*() {
        const { disk } = yield* boot("platform")
        const wal = yield* openOn(disk)
        const consumer = yield* WalConsumer.make({ name: NAME, wal, from: "earliest" })
        const fault = yield* disk.fault({
          on,
          path: (path) => path.startsWith(CURSOR),
          times: 2,
          effect: on === "sync" ? { _tag: "FailSync", cache: "old" } : { _tag: "Fail", code: "ENOSPC" }
        })
        const seen: Array<string> = []
        const fiber = yield* Effect.fork(
          consumer.run(([entry]) => Effect.sync(() => seen.push(textOf(entry))), { batch: 1, concurrency: 1 })
        )
        yield* wal.logEntry("k", contentOf("1"))
        yield* wal.logEntry("k", contentOf("2"))
        yield* caughtUp(consumer)
        deepStrictEqual(seen, ["1", "2"])
        const saved = () => wal.cursors.known(NAME)?.positions[0].sequence
        yield* TestClock.adjust("1 second")
        strictEqual(saved(), 0)
        for (let second = 0; second < 5; second++) {
          yield* TestClock.adjust("1 second")
        }
        strictEqual(yield* fault.hits, 2)
        strictEqual(saved(), 2)
        const life = yield* nextLife(yield* disk.crashed("lose-all"), { concurrency: 1, visibility: "synced" })
        deepStrictEqual(life.recovery, { _tag: "Resumed", after: Sequence.make(2) })
        yield* Fiber.interrupt(fiber)
      }).pipe(Logger.withMinimumLogLevel(LogLevel.None)))
  }
})
