/**
 * Every interruption: the fiber that uses the log is interrupted at every operation. No half entry, no leaked handle, no
 * lock left, nobody left waiting.
 */
import { describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { checkRecovered } from "./check.js"
import { boot, FILES, type Files } from "./machine.js"
import { Session, type Workload, workloads } from "./workload.js"

/** What is wrong when the fiber that runs the workload is interrupted at its `at`th operation; nothing once it has fewer. */
const interruptAt = (workload: Workload, files: Files, at: number) =>
  Effect.gen(function*() {
    const { disk, ledger } = yield* boot(files)
    const session = new Session(disk, ledger)
    const fiber = yield* Effect.fork(Effect.ignore(workload(session)))
    const hook = yield* disk.onOperation(({ index }) => {
      if (index === at) {
        fiber.unsafeInterruptAsFork(fiber.id())
      }
    })
    yield* Fiber.await(fiber)
    yield* hook.lift
    const hasBeenStruck = (yield* disk.operationCount) >= at
    const stuck = yield* goesOn(session)
    yield* session.close
    const leaked = (yield* disk.openFiles).map(({ path }) => `${path} is still open`)
    const moment = yield* disk.operationCount
    const recovered = yield* checkRecovered(yield* disk.killed, { ledger, moment, crash: "process" })
    const wrong = [...stuck, ...leaked, ...(recovered === undefined ? [] : [recovered])]
    return { hasBeenStruck, wrong: wrong.map((found) => `operation ${at}: ${found}`) }
  })

/** A log that was not the interrupted fiber's own to open goes on working. */
const goesOn = (session: Session) =>
  Effect.gen(function*() {
    yield* session.append("later", 10, "synced")
    const read = yield* session.using((wal) => Effect.either(Stream.runCount(wal.replay())))
    return read?._tag === "Left" && read.left._tag !== "WalClosedError"
      ? [`the log cannot be read: ${read.left.message}`]
      : []
  })

const interruptEverywhere = (workload: Workload, files: Files) =>
  Effect.gen(function*() {
    const wrong: Array<string> = []
    for (let at = 1;; at++) {
      const result = yield* interruptAt(workload, files, at)
      wrong.push(...result.wrong)
      if (!result.hasBeenStruck) {
        return wrong
      }
    }
  })

describe.each(FILES)("an interruption, %s files", (files) => {
  for (const [name, workload] of Object.entries(workloads)) {
    it.effect(
      `at any operation of: ${name}`,
      () =>
        Effect.flatMap(interruptEverywhere(workload, files), (wrong) => Effect.sync(() => deepStrictEqual(wrong, []))),
      120_000
    )
  }
})
