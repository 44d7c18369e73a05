/**
 * Random sequences of everything that can be done to a log, and to the machine under it, against the ledger as the model.
 */
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import * as SimulatedDisk from "../../src/testing/SimulatedDisk.js"
import type { Durability, Entry } from "../../src/WalEntry.js"
import { compare, readAll } from "./check.js"
import { idOf, Ledger } from "./ledger.js"
import { openOn } from "./machine.js"
import { Session } from "./workload.js"

/** `at` says where, as a part of the log from 0 to 1. */
export type Command =
  | { readonly _tag: "Append"; readonly key: string; readonly length: number; readonly durability: Durability }
  | { readonly _tag: "Together"; readonly entries: ReadonlyArray<readonly [string, number, Durability]> }
  | { readonly _tag: "Batch"; readonly lengths: ReadonlyArray<number>; readonly durability: Durability }
  | { readonly _tag: "Sync" }
  | { readonly _tag: "Compact" }
  | { readonly _tag: "Truncate"; readonly at: number }
  | { readonly _tag: "Reopen" }
  | { readonly _tag: "Kill" }
  | { readonly _tag: "PowerLoss"; readonly outcome: SimulatedDisk.CrashOutcome }
  | { readonly _tag: "Fault"; readonly rule: SimulatedDisk.FaultRule }
  | { readonly _tag: "Pass"; readonly millis: number }

const key = FastCheck.constantFrom("a", "b", "c", "ключ")
const length = FastCheck.oneof(FastCheck.integer({ min: 0, max: 64 }), FastCheck.integer({ min: 0, max: 1500 }))
const durability = FastCheck.constantFrom<Array<Durability>>("buffered", "written", "synced")
const command = <const Tag extends Command["_tag"]>(tag: Tag) => FastCheck.constant(tag)

const outcome: FastCheck.Arbitrary<SimulatedDisk.CrashOutcome> = FastCheck.oneof(
  FastCheck.constantFrom<Array<SimulatedDisk.CrashOutcome>>("lose-all", "keep-all", "keep-last", "garble-all"),
  FastCheck.record({ seed: FastCheck.nat() })
)

const rule: FastCheck.Arbitrary<SimulatedDisk.FaultRule> = FastCheck.record({
  from: FastCheck.integer({ min: 1, max: 12 }),
  times: FastCheck.integer({ min: 1, max: 3 }),
  effect: FastCheck.constantFrom(
    SimulatedDisk.fail("EIO"),
    SimulatedDisk.fail("ENOSPC"),
    SimulatedDisk.shortWrite(24, { next: "ENOSPC" }),
    SimulatedDisk.failSync("new")
  )
})

export const commands: FastCheck.Arbitrary<Array<Command>> = FastCheck.array(
  FastCheck.oneof<Array<FastCheck.WeightedArbitrary<Command>>>(
    { weight: 8, arbitrary: FastCheck.record({ _tag: command("Append"), key, length, durability }) },
    {
      weight: 3,
      arbitrary: FastCheck.record({
        _tag: command("Together"),
        entries: FastCheck.array(FastCheck.tuple(key, length, durability), { minLength: 2, maxLength: 6 })
      })
    },
    {
      weight: 3,
      arbitrary: FastCheck.record({
        _tag: command("Batch"),
        lengths: FastCheck.array(FastCheck.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 5 }),
        durability
      })
    },
    { weight: 2, arbitrary: FastCheck.record({ _tag: command("Sync") }) },
    { weight: 1, arbitrary: FastCheck.record({ _tag: command("Compact") }) },
    {
      weight: 1,
      arbitrary: FastCheck.record({ _tag: command("Truncate"), at: FastCheck.double({ min: 0, max: 1, noNaN: true }) })
    },
    { weight: 2, arbitrary: FastCheck.record({ _tag: command("Reopen") }) },
    { weight: 2, arbitrary: FastCheck.record({ _tag: command("Kill") }) },
    { weight: 3, arbitrary: FastCheck.record({ _tag: command("PowerLoss"), outcome }) },
    { weight: 1, arbitrary: FastCheck.record({ _tag: command("Fault"), rule }) },
    {
      weight: 2,
      arbitrary: FastCheck.record({ _tag: command("Pass"), millis: FastCheck.constantFrom(5, 1000, 86_400_000) })
    }
  ),
  { minLength: 1, maxLength: 40 }
)

/** What is wrong after the commands, or nothing. */
export const run = (program: ReadonlyArray<Command>): Promise<string | undefined> =>
  Effect.runPromise(
    play(program).pipe(Logger.withMinimumLogLevel(LogLevel.None), Effect.provide(TestContext.TestContext))
  )

const play = (program: ReadonlyArray<Command>): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    const clock = yield* Effect.clock
    let moment = 0
    const ledger = new Ledger(() => moment, () => clock.unsafeCurrentTimeMillis())
    const files = program.length % 2 === 0 ? "platform" : "tuned"
    let disk = yield* SimulatedDisk.make({ completion: "immediate", recording: "off", files })
    let faults: Array<SimulatedDisk.Fault> = []
    let session = new Session(disk, ledger)
    yield* Effect.ignore(session.open)
    for (const step of [...program, { _tag: "PowerLoss", outcome: { seed: program.length } } as const]) {
      moment++
      if (step._tag === "Fault") {
        faults.push(yield* disk.fault(step.rule))
        continue
      }
      if (step._tag !== "Kill" && step._tag !== "PowerLoss") {
        yield* doStep(session, ledger, step)
        continue
      }
      // A kill leaves the rules in force, and what recovery does with them is the failing operations' test.
      yield* Effect.forEach(faults, (fault) => fault.lift)
      faults = []
      const next = yield* step._tag === "Kill" ? disk.kill : disk.crash(step.outcome)
      yield* session.leave
      const wrong = yield* recover(next, ledger, step._tag === "Kill" ? "process" : "power")
      if (wrong !== undefined) {
        return `after step ${moment}, ${step._tag}: ${wrong}`
      }
      disk = next
      session = new Session(disk, ledger)
      yield* Effect.ignore(session.open)
    }
    yield* session.close
    return undefined
  }).pipe(Effect.catchAllCause((cause) => Effect.succeed(`it dies: ${cause.toString()}`)))

const doStep = (
  session: Session,
  ledger: Ledger,
  step: Exclude<Command, { _tag: "Fault" | "Kill" | "PowerLoss" }>
): Effect.Effect<void> => {
  switch (step._tag) {
    case "Append":
      return session.append(step.key, step.length, step.durability)
    case "Together":
      return session.appendTogether(step.entries)
    case "Batch":
      return session.appendBatch(step.lengths, step.durability)
    case "Sync":
      return session.sync
    case "Compact":
      return session.compact
    case "Truncate":
      return session.truncateBefore(Math.max(1, Math.round(step.at * ledger.attempts.length)))
    case "Reopen":
      return Effect.ignore(session.reopen)
    case "Pass":
      return TestClock.adjust(step.millis)
  }
}

/** Opens, compares with the model, and takes what was found for the model from then on. */
const recover = (
  disk: SimulatedDisk.SimulatedDisk,
  ledger: Ledger,
  crash: "power" | "process"
): Effect.Effect<string | undefined> =>
  Effect.scoped(Effect.flatMap(openOn(disk), readAll)).pipe(
    Effect.map((entries) => {
      const wrong = compare(entries, { ledger, moment: Number.MAX_SAFE_INTEGER, crash })
      ledger.recovered(sequences(entries))
      return wrong
    }),
    Effect.catchAllCause((cause) => Effect.succeed(`it is refused: ${cause.toString()}`))
  )

const sequences = (entries: ReadonlyArray<Entry>): ReadonlyMap<number, number> =>
  new Map(entries.map((entry) => [idOf(entry.content), entry.sequence]))
