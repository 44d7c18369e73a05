/**
 * What is done at once leaves the event loop its turns: on real files, because a simulated disk has no event loop to keep busy.
 */
import { describe, expect, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Wal from "effect-wal/Wal"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Turn } from "../../../src/internal/segment/turn.js"
import { bytes, collect } from "../../support/entries.js"
import { at, tunedFiles } from "../../support/places.js"

const MIB = 1024 * 1024

const setUp = () => {
  const begins: Array<() => void> = []
  const turn = new Turn((begin) => begins.push(begin))
  return { begins, turn }
}

describe("a turn of the event loop", () => {
  it("is over after so many bytes, or so many calls", () => {
    const { begins, turn } = setUp()
    turn.count(MIB - 4096 - 1)
    expect(turn.isOver).toBe(false)
    turn.count(0)
    expect(turn.isOver).toBe(true)
    begins.at(-1)?.()
    for (let calls = 0; calls < 255; calls++) {
      turn.count(0)
    }
    expect(turn.isOver).toBe(false)
    turn.count(0)
    expect(turn.isOver).toBe(true)
    expect(begins.length).toBe(2)
  })

  it.effect("lets go on what comes before it is over, and the rest with the next one, in its order", () =>
    Effect.gen(function*() {
      const { begins, turn } = setUp()
      const log: Array<string> = []
      const goOnAs = (name: string) => Effect.fork(Effect.map(turn.goesOn, () => log.push(name)))
      const before = yield* goOnAs("before")
      yield* Fiber.join(before)
      turn.count(MIB)
      turn.count(MIB)
      const waiting = yield* Effect.all([goOnAs("first"), goOnAs("second")])
      yield* Effect.yieldNow()
      deepStrictEqual(log, ["before"])
      strictEqual(begins.length, 1)
      begins[0]?.()
      yield* Fiber.joinAll(waiting)
      deepStrictEqual(log, ["before", "first", "second"])
      yield* turn.goesOn
    }))
})

/** How many turns the event loop had meanwhile. */
const turnsDuring = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    let turns = 0
    const count = () => {
      turns++
      next = setImmediate(count)
    }
    let next = setImmediate(count)
    return Effect.map(Effect.ensuring(work, Effect.sync(() => clearImmediate(next))), () => turns)
  })

const COUNT = 10_000

const numbers = Array.from({ length: COUNT }, (_, number) => number)

describe("the event loop, tuned files", () => {
  it.scopedLive("has its turns while one fiber or many append and read without a pause", () =>
    at(tunedFiles)((directory) =>
      Effect.gen(function*() {
        const wal = yield* Wal.make({ directory, syncInterval: "never", compaction: "manual" })
        const append = (number: number) => wal.appendEntry(`k${number % 100}`, bytes("content"))
        const refs = yield* Effect.forEach(numbers, append)
        const work = {
          appends: Effect.forEach(numbers, append),
          "appends of many": Effect.forEach(numbers, append, { concurrency: 10 }),
          "reads by ref": Effect.forEach(refs, (ref) => wal.readEntryAt(ref)),
          "reads by ref of many": Effect.forEach(refs, (ref) => wal.readEntryAt(ref), { concurrency: 10 }),
          "reads by key": Effect.forEach(numbers.slice(0, 200), (number) =>
            collect(wal.enumerateRecords(`k${number % 100}`)))
        }
        const turns = yield* Effect.all(
          Object.entries(work).map(([name, effect]) =>
            Effect.map(turnsDuring<unknown, unknown, never>(effect), (turns) => ({ name, isEnough: turns >= 3 }))
          )
        )
        deepStrictEqual(
          turns.filter(({ isEnough }) =>
            !isEnough
          ),
          []
        )
        assertTrue((yield* wal.entryCount) === 3 * COUNT)
      })
    ))
})
