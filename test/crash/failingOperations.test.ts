/**
 * Every failing operation: the Nth one fails, once and for ever, with each error. Nothing is acknowledged wrongly, nothing
 * of a failed append is found, nothing hangs, and the log goes on or is failed as it should be.
 */
import { describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as SimulatedDisk from "../../src/testing/SimulatedDisk.js"
import { breathe, checkRecovered } from "./check.js"
import { boot, FILES, type Files } from "./machine.js"
import { Session, type Workload, workloads } from "./workload.js"

interface Failure {
  readonly name: string
  readonly effect: SimulatedDisk.FaultEffect
  readonly times: number | undefined
  readonly on?: ReadonlyArray<SimulatedDisk.OperationKind>
}

/** An open that succeeds and says that it did not would leak, whatever one does. */
const CHANGES: ReadonlyArray<SimulatedDisk.OperationKind> = ["write", "sync", "truncate", "rename", "remove"]

const FAILURES: ReadonlyArray<Failure> = [
  { name: "EIO, once", effect: SimulatedDisk.fail("EIO"), times: 1 },
  { name: "EIO, from then on", effect: SimulatedDisk.fail("EIO"), times: undefined },
  { name: "ENOSPC, once", effect: SimulatedDisk.fail("ENOSPC"), times: 1 },
  { name: "ENOSPC, three times", effect: SimulatedDisk.fail("ENOSPC"), times: 3 },
  { name: "EMFILE, once", effect: SimulatedDisk.fail("EMFILE"), times: 1 },
  { name: "EACCES, from then on", effect: SimulatedDisk.fail("EACCES"), times: undefined },
  { name: "done, and EIO all the same", effect: SimulatedDisk.failAfter("EIO"), times: 1, on: CHANGES },
  { name: "a short write", effect: SimulatedDisk.shortWrite(24), times: 1 },
  { name: "a short write, then ENOSPC", effect: SimulatedDisk.shortWrite(40, { next: "ENOSPC" }), times: 1 },
  { name: "a failed fsync, the cache keeps the new", effect: SimulatedDisk.failSync("new"), times: 1 },
  { name: "a failed fsync, the cache falls back", effect: SimulatedDisk.failSync("old"), times: 1 }
]

const countOperations = (workload: Workload, files: Files) =>
  Effect.gen(function*() {
    const { disk, ledger } = yield* boot(files)
    const session = new Session(disk, ledger)
    yield* Effect.zipRight(workload(session), session.close)
    return yield* disk.operationCount
  })

/** What is wrong after the workload met the failure at its `from`th operation. */
const failAt = (workload: Workload, files: Files, failure: Failure, from: number) =>
  Effect.gen(function*() {
    yield* breathe
    const { disk, ledger } = yield* boot(files)
    const session = new Session(disk, ledger)
    const fault = yield* disk.fault({ on: failure.on, from, times: failure.times, effect: failure.effect })
    yield* Effect.ignore(workload(session))
    yield* session.close
    const hits = yield* fault.hits
    yield* fault.lift
    const leaked = (yield* disk.openFiles).map(({ path }) => `${path} is still open`)
    const moment = yield* disk.operationCount
    const hasFallenBack = failure.effect._tag === "FailSync" && failure.effect.cache === "old"
    const afterKill = hasFallenBack
      ? []
      : [yield* checkRecovered(yield* disk.killed, { ledger, moment, crash: "process" })]
    const afterPowerLoss = yield* Effect.forEach(["lose-all", "keep-last", { seed: from }] as const, (outcome) =>
      Effect.flatMap(disk.crashed(outcome), (crashed) =>
        checkRecovered(crashed, { ledger, moment, crash: "power" })))
    const wrong = [...leaked, ...afterKill, ...afterPowerLoss].flatMap((found) =>
      found === undefined ? [] : [found]
    )
    return { hits, wrong: wrong.map((found) => `operation ${from}, ${failure.name}: ${found}`) }
  })

describe.each(FILES)("a failing operation, %s files", (files) => {
  for (const [name, workload] of Object.entries(workloads)) {
    it.effect(`among those of: ${name}`, () =>
      Effect.gen(function*() {
        const count = yield* countOperations(workload, files)
        const points = Array.from({ length: count }, (_, index) => index + 1)
        const wrong = yield* Effect.forEach(points, (from) => {
          // With CRASH_SAMPLE=1 every failure meets every operation; else each operation meets one of them, in turn.
          const struck = FAILURES.filter((_, index) => (index + from) % SPREAD === 0)
          return Effect.forEach(
            struck,
            (failure) => Effect.map(failAt(workload, files, failure, from), (found) => found.wrong)
          )
        })
        deepStrictEqual(wrong.flat(2), [])
      }), 3_600_000)
  }
})

const SPREAD = Number(process.env["CRASH_SAMPLE"] ?? FAILURES.length)
