/**
 * A key-value store over a log that crashes: at every file operation of a workload that compacts while it writes, and in
 * random programs. What is found must be what the store held after one of its writes, and not before one that is owed.
 */
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as SimulatedDisk from "../../src/testing/SimulatedDisk.js"
import type { OpenError } from "../../src/WalError.js"
import * as WalKeyValueStore from "../../src/WalKeyValueStore.js"
import { breathe } from "./check.js"
import { imagesOf } from "./images.js"
import { FILES } from "./machine.js"

type Write =
  | { readonly _tag: "Set"; readonly key: string; readonly value: string }
  | { readonly _tag: "Remove"; readonly key: string }
  | { readonly _tag: "Clear" }

type State = ReadonlyMap<string, string>

const set = (key: string, value: string): Write => ({ _tag: "Set", key, value })
const remove = (key: string): Write => ({ _tag: "Remove", key })
const clear: Write = { _tag: "Clear" }

const KEYS = ["a", "b", "c", "d", "cold"]

const big = (text: string): string => text.padEnd(700, ".")

const OPTIONS: WalKeyValueStore.Options = { directory: "/data/store", maxSegmentBytes: 4096, compactAt: "manual" }

const openOn = (
  disk: SimulatedDisk.SimulatedDisk
): Effect.Effect<WalKeyValueStore.Service, OpenError, Scope.Scope> =>
  Effect.provide(WalKeyValueStore.make(OPTIONS), disk.layer)

const after = (state: State, write: Write): State => {
  const next = new Map(write._tag === "Clear" ? [] : state)
  if (write._tag === "Set") {
    next.set(write.key, write.value)
  } else if (write._tag === "Remove") {
    next.delete(write.key)
  }
  return next
}

const perform = (store: WalKeyValueStore.Service, write: Write) =>
  write._tag === "Set"
    ? store.set(write.key, write.value)
    : write._tag === "Remove"
    ? store.remove(write.key)
    : store.clear

const found = (store: WalKeyValueStore.Service) =>
  Effect.map(
    Effect.forEach(KEYS, (key) => Effect.map(store.get(key), Option.map((value): [string, string] => [key, value]))),
    (entries) => new Map(entries.flatMap(Option.toArray))
  )

const describeState = (state: State): string =>
  KEYS.map((key) => `${key}=${state.get(key)?.replaceAll(".", "") ?? "-"}`).join(" ")

/**
 * Invariants: `states[n]` is what the store holds after its first n writes. `written` and `synced` are how many writes a
 * crash of the process, and of the machine, has to leave.
 */
class Account {
  readonly states: Array<State> = [new Map<string, string>()]
  written = 0
  synced = 0

  get attempted(): number {
    return this.states.length - 1
  }

  /** Several may be under way. */
  attempt(write: Write): number {
    this.states.push(after(this.states[this.attempted] ?? new Map(), write))
    return this.attempted
  }

  acknowledged(write: number): void {
    this.written = Math.max(this.written, write)
  }

  expectation(crash: "power" | "process"): Expectation {
    return {
      owed: crash === "power" ? this.synced : this.written,
      states: this.states.slice()
    }
  }
}

interface Expectation {
  readonly owed: number
  readonly states: ReadonlyArray<State>
}

/** The store is opened, compacted, and opened again; answers what is wrong, or nothing. */
const check = (disk: SimulatedDisk.SimulatedDisk, { owed, states }: Expectation) => {
  const open = <A, E>(use: (store: WalKeyValueStore.Service) => Effect.Effect<A, E>) =>
    Effect.scoped(Effect.flatMap(openOn(disk), use))
  return Effect.gen(function*() {
    const present = yield* open((store) => Effect.zipLeft(found(store), store.compact))
    const again = yield* open(found)
    const text = describeState(present)
    if (!states.slice(owed).some((state) => describeState(state) === text)) {
      return `it holds ${text}, but was owed ${describeState(states[owed] ?? new Map())}`
    }
    return describeState(again) === text
      ? undefined
      : `after a compaction it holds ${describeState(again)}, not ${text}`
  }).pipe(Effect.catchAllCause((cause) => Effect.succeed(`it cannot be opened: ${cause.toString().slice(0, 1000)}`)))
}

class Program {
  readonly account = new Account()

  constructor(readonly store: WalKeyValueStore.Service) {}

  write(write: Write) {
    return Effect.suspend(() => {
      const number = this.account.attempt(write)
      return Effect.map(perform(this.store, write), () => this.account.acknowledged(number))
    })
  }

  all(writes: ReadonlyArray<Write>) {
    return Effect.forEach(writes, (write) => this.write(write), { discard: true })
  }

  get sync() {
    return Effect.suspend(() => {
      const { written } = this.account
      return Effect.map(this.store.sync, () => {
        this.account.synced = written
      })
    })
  }
}

const workload = (program: Program) =>
  Effect.gen(function*() {
    const { store } = program
    yield* program.all([set("cold", big("cold")), set("a", big("1")), set("b", big("2")), remove("b")])
    yield* program.sync
    yield* program.all(["3", "4", "5", "6", "7", "8"].map((value) => set("a", big(value))))
    yield* program.write(set("c", big("9")))
    yield* store.compact
    yield* program.write(remove("c"))
    yield* program.all(["10", "11", "12", "13"].map((value) => set("d", big(value))))
    yield* Effect.all([
      store.compact,
      program.all([set("cold", "warm"), remove("a"), set("b", big("14")), set("a", big("15"))])
    ], { concurrency: 2 })
    yield* program.sync
    yield* program.all([clear, set("a", big("16")), set("b", "17"), set("c", big("18")), set("d", big("19"))])
    yield* Effect.all([
      program.all([set("a", "20"), clear, set("cold", big("21")), set("a", "22"), set("b", big("23"))]),
      store.compact
    ], { concurrency: 2 })
    yield* program.sync
    yield* store.compact
  })

describe.each(FILES)("a key-value store that crashes, %s files", (files) => {
  it.effect(
    "at any operation of a workload has what it held, and nothing older than what it owes",
    () =>
      Effect.gen(function*() {
        const disk = yield* SimulatedDisk.make({ completion: "immediate", recording: "off", files })
        let removed = 0
        yield* disk.onOperation(({ kind, path }) => {
          removed += kind === "remove" && path.endsWith(".wal") ? 1 : 0
        })
        const images = yield* Effect.scoped(Effect.gen(function*() {
          const program = new Program(yield* openOn(disk))
          return yield* imagesOf(
            disk,
            (_, crash) => program.account.expectation(crash),
            (index) => ["lose-all", "keep-last", "garble-all", { seed: index }],
            workload(program)
          )
        }))
        assertTrue(removed >= 4, `${removed} segments were removed on the way`)
        const sample = images.filter((_, index) => index % SAMPLED === 0)
        const wrong = yield* Effect.forEach(sample, ({ disk, expectation, name }) =>
          Effect.map(
            Effect.zipRight(breathe, check(disk, expectation)),
            (wrong) => wrong === undefined ? [] : [`${name}: ${wrong}`]
          ))
        deepStrictEqual(wrong.flat(), [])
      }),
    3_600_000
  )
})

/** Every so many of the images are looked at, in each outcome in turn; all of them with `CRASH_SAMPLE=1`. */
const SAMPLED = process.env["CRASH_SAMPLE"] === "1" ? 1 : 7

type Step =
  | { readonly _tag: "Write"; readonly write: Write }
  | { readonly _tag: "Together"; readonly writes: ReadonlyArray<Write> }
  | { readonly _tag: "Append"; readonly key: string }
  | { readonly _tag: "Compact" | "Sync" | "Reopen" | "Kill" | "PowerLoss" }

const key = FastCheck.constantFrom(...KEYS)
const value = FastCheck.tuple(FastCheck.string({ maxLength: 4 }), FastCheck.constantFrom(1, 300, 1500)).map(
  ([text, length]) => text.repeat(length / Math.max(1, text.length))
)
const write: FastCheck.Arbitrary<Write> = FastCheck.oneof(
  { weight: 8, arbitrary: FastCheck.tuple(key, value).map(([key, value]) => set(key, value)) },
  { weight: 2, arbitrary: key.map(remove) },
  { weight: 1, arbitrary: FastCheck.constant(clear) }
)
const step: FastCheck.Arbitrary<Step> = FastCheck.oneof(
  { weight: 8, arbitrary: write.map((write): Step => ({ _tag: "Write", write })) },
  {
    weight: 3,
    arbitrary: FastCheck.array(write, { minLength: 2, maxLength: 8 }).map((writes): Step => ({
      _tag: "Together",
      writes
    }))
  },
  { weight: 2, arbitrary: key.map((key): Step => ({ _tag: "Append", key })) },
  {
    weight: 5,
    arbitrary: FastCheck.constantFrom<("Compact" | "Sync" | "Reopen" | "Kill" | "PowerLoss")[]>(
      "Compact",
      "Sync",
      "Reopen",
      "Kill",
      "PowerLoss"
    ).map(
      (_tag): Step => ({ _tag })
    )
  }
)

/** A store that a random program uses, opens again and kills, and a map beside it. */
class Play {
  state: State = new Map()
  /** What the disk is known to hold after a power loss at the earliest. */
  private synced: Array<State> = [new Map()]
  private scope: Scope.CloseableScope | undefined = undefined
  private store: WalKeyValueStore.Service | undefined = undefined

  constructor(private disk: SimulatedDisk.SimulatedDisk) {}

  get opened() {
    return Effect.gen(this, function*() {
      if (this.store === undefined) {
        this.scope = yield* Scope.make()
        this.store = yield* Scope.extend(openOn(this.disk), this.scope)
      }
      return this.store
    })
  }

  get close() {
    return Effect.suspend(() => {
      const { scope } = this
      this.store = undefined
      this.scope = undefined
      return scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
    })
  }

  play(step: Step): Effect.Effect<unknown, unknown> {
    return Effect.flatMap(this.opened, (store): Effect.Effect<unknown, unknown> => {
      switch (step._tag) {
        case "Write":
          return this.wrote([step.write], perform(store, step.write))
        case "Together":
          return this.wrote(
            step.writes,
            Effect.all([
              store.compact,
              Effect.forEach(step.writes, (write) => perform(store, write), { concurrency: "unbounded" })
            ], { concurrency: 2 })
          ).pipe(Effect.zipRight(this.play({ _tag: "Sync" })))
        case "Append": {
          const value = this.state.get(step.key)
          return this.wrote(
            value === undefined ? [] : [set(step.key, `${value}+`)],
            store.modify(step.key, (value) => `${value}+`)
          )
        }
        case "Compact":
          return store.compact
        case "Sync":
          return Effect.map(store.sync, () => this.nothingLoose())
        case "Reopen":
          return Effect.map(this.close, () => this.nothingLoose())
        case "Kill":
          return this.restart(this.disk.killed, [this.state])
        case "PowerLoss":
          return this.restart(this.disk.crashed("keep-last"), this.synced)
      }
    })
  }

  get matches() {
    return Effect.flatMap(
      this.opened,
      (store) => Effect.map(found(store), (actual) => deepStrictEqual(describeState(actual), describeState(this.state)))
    )
  }

  private wrote<A, E>(writes: ReadonlyArray<Write>, effect: Effect.Effect<A, E>) {
    return Effect.map(effect, () => {
      for (const write of writes) {
        this.state = after(this.state, write)
        this.synced.push(this.state)
      }
    })
  }

  private nothingLoose(): void {
    this.synced = [this.state]
  }

  private restart(image: Effect.Effect<SimulatedDisk.SimulatedDisk>, possible: ReadonlyArray<State>) {
    return Effect.gen(this, function*() {
      const disk = yield* image
      yield* this.close
      this.disk = disk
      const actual = describeState(yield* found(yield* this.opened))
      const state = possible.findLast((state) => describeState(state) === actual)
      if (state === undefined) {
        throw new Error(`${actual} is none of ${possible.map(describeState).join(" | ")}`)
      }
      this.state = state
      this.nothingLoose()
    })
  }
}

describe("a key-value store beside a map", () => {
  it.effect.prop(
    "is equal to it, whatever is written, compacted, opened again and killed",
    [FastCheck.array(step, { minLength: 10, maxLength: 60 })],
    ([steps]) =>
      Effect.gen(function*() {
        const play = new Play(yield* SimulatedDisk.make({ completion: "immediate", recording: "off" }))
        for (const step of steps) {
          yield* play.play(step)
          yield* play.matches
        }
        yield* play.close
        yield* play.matches
        yield* play.close
        yield* breathe
      }),
    { fastCheck: { numRuns: Number(process.env["KEY_VALUE_RUNS"] ?? 60) }, timeout: 120_000 }
  )
})
