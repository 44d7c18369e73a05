/**
 * The loop of operations that are effects: one fiber each, without a generator or a stream around it.
 */
import * as Effect from "effect/Effect"
import type { Probe, Range } from "./drive.js"

type Run = (index: number) => Effect.Effect<unknown, unknown>

export const driveEffect = (run: Run, range: Range, concurrency: number, probe: Probe): Promise<void> => {
  const loop = loopOf(run, range, probe)
  const all = concurrency === 1
    ? loop
    : Effect.forEach(Array.from({ length: concurrency }), () => loop, { concurrency: "unbounded", discard: true })
  return Effect.runPromise(all)
}

const loopOf = (run: Run, range: Range, probe: Probe): Effect.Effect<void, unknown> =>
  Effect.suspend(() => {
    let started = 0
    return Effect.whileLoop({
      while: () => range.next < range.end,
      body: () => {
        started = probe.start()
        return run(range.next++)
      },
      step: () => probe.stop(started)
    })
  })
