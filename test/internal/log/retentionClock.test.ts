import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import { sequences } from "../../support/entries.js"
import { append, appendThird, pass, removedFrom, setUp, YEAR } from "../../support/retaining.js"
import { makeSteppedClock } from "../../support/steppedClock.js"

describe("a clock that is wrong", () => {
  it.scoped("an entry from the future, sealed after the clock was set right, expires by its sealing", () =>
    Effect.gen(function*() {
      const clock = yield* makeSteppedClock
      const { open } = yield* setUp()
      yield* clock.step(YEAR)
      const wal = yield* clock.use(open)
      yield* append(wal)
      yield* clock.step(-YEAR)
      strictEqual((yield* wal.compact).outcome, "clockJumped")
      yield* pass(10)
      yield* append(wal)
      yield* pass(99)
      deepStrictEqual((yield* wal.compact).removed, [])
      yield* pass(1)
      deepStrictEqual(removedFrom(yield* wal.compact), [[1, "expired"]])
    }))

  it.scoped("a segment sealed in the future does not block retention, and is kept for a whole retention more", () =>
    Effect.gen(function*() {
      const clock = yield* makeSteppedClock
      const { open } = yield* setUp()
      yield* clock.step(YEAR)
      const wal = yield* clock.use(open)
      yield* append(wal)
      yield* pass(10)
      yield* append(wal)
      yield* clock.step(-YEAR)
      strictEqual((yield* wal.compact).outcome, "clockJumped")
      yield* pass(99)
      deepStrictEqual((yield* wal.compact).removed, [])
      yield* pass(1)
      deepStrictEqual(removedFrom(yield* wal.compact), [[1, "expired"]])
    }))

  it.scoped("a segment from the future counts from its first opening, when the log is opened with the clock set right", () =>
    Effect.gen(function*() {
      const clock = yield* makeSteppedClock
      const { open } = yield* setUp()
      yield* clock.step(YEAR)
      yield* Effect.scoped(Effect.flatMap(clock.use(open), (wal) => Effect.all([append(wal), pass(10), append(wal)])))
      yield* clock.step(-YEAR)
      const wal = yield* clock.use(open)
      yield* pass(99)
      deepStrictEqual((yield* wal.compact).removed, [])
      yield* pass(1)
      deepStrictEqual(removedFrom(yield* wal.compact).at(0), [1, "expired"])
    }))

  it.scoped("a wall clock that steps back does not keep a segment active", () =>
    Effect.gen(function*() {
      const clock = yield* makeSteppedClock
      const wal = yield* clock.use((yield* setUp()).open)
      yield* append(wal)
      yield* clock.step(-YEAR)
      yield* pass(10)
      strictEqual((yield* append(wal)).segment, 2)
    }))

  it.scoped.each([YEAR, -YEAR, 10_001, -10_001])(
    "a jump of %i ms skips one run, which removes nothing by age",
    (jump) =>
      Effect.gen(function*() {
        const clock = yield* makeSteppedClock
        const wal = yield* clock.use((yield* setUp({ maxSegmentBytes: 4096 })).open)
        yield* Effect.forEach([1, 2, 3, 4], () => appendThird(wal))
        yield* clock.step(jump)
        const skipped = yield* wal.compact
        deepStrictEqual([skipped.outcome, skipped.removed], ["clockJumped", []])
        deepStrictEqual(yield* sequences(wal.replay()), [1, 2, 3, 4])
        strictEqual((yield* wal.compact).outcome, "completed")
      })
  )

  it.scoped("a step of no more than a window is no jump", () =>
    Effect.gen(function*() {
      const clock = yield* makeSteppedClock
      const wal = yield* clock.use((yield* setUp()).open)
      yield* append(wal)
      for (const step of [10_000, -10_000]) {
        yield* clock.step(step)
        strictEqual((yield* wal.compact).outcome, "completed")
      }
    }))
})
