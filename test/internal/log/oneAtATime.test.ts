import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { OneAtATime } from "../../../src/internal/log/oneAtATime.js"

describe("one at a time", () => {
  it.effect("runs those who wait in their order, and never two at once", () =>
    Effect.gen(function*() {
      const gate = new OneAtATime()
      const seen: Array<string> = []
      const run = (name: string) =>
        gate.run(Effect.gen(function*() {
          seen.push(`${name} begins`)
          yield* Effect.yieldNow()
          seen.push(`${name} ends`)
        }))
      yield* Effect.all([run("a"), run("b"), run("c")], { concurrency: "unbounded" })
      deepStrictEqual(seen, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"])
    }))

  it.effect("is handed over to who waits, and to nobody else in between", () =>
    Effect.gen(function*() {
      const gate = new OneAtATime()
      strictEqual(gate.take(), "taken")
      const ran: Array<string> = []
      const waiting = yield* Effect.fork(gate.run(Effect.sync(() => ran.push("waited"))))
      yield* Effect.yieldNow()
      deepStrictEqual(ran, [])
      gate.giveBack()
      strictEqual(gate.take(), "busy")
      yield* Fiber.join(waiting)
      deepStrictEqual(ran, ["waited"])
      strictEqual(gate.take(), "taken")
    }))

  it.effect("is given back by what fails", () =>
    Effect.gen(function*() {
      const gate = new OneAtATime()
      strictEqual(yield* Effect.flip(gate.run(Effect.fail("no"))), "no")
      strictEqual(gate.take(), "taken")
    }))
})
