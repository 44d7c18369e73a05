/**
 * What a crash before each operation of a program leaves: the disk after a power loss in each outcome, and after the process was killed.
 */
import * as Effect from "effect/Effect"
import type * as SimulatedDisk from "../../src/testing/SimulatedDisk.js"

/** Of a power loss before an operation, by its index. */
type Outcomes = (index: number) => ReadonlyArray<SimulatedDisk.CrashOutcome>

export interface Image<A> {
  readonly disk: SimulatedDisk.SimulatedDisk
  readonly expectation: A
  readonly name: string
}

export type Crash = "power" | "process"

/** Each operation has seeds of its own, so that many different tears are met. */
export const outcomesAt: Outcomes = (index) => [
  "lose-all",
  "keep-all",
  "keep-last",
  "garble-all",
  { seed: index * 2 },
  { seed: index * 2 + 1 }
]

/** Fewer of them, each operation with a seed of its own all the same. */
export const someOutcomesAt: Outcomes = (index) => ["lose-all", "keep-last", { seed: index }]

/** Whether the disk may be another one after the operation. */
export const mayChange = ({ kind }: SimulatedDisk.OperationEvent): boolean =>
  kind !== "read" && kind !== "stat" && kind !== "access" && kind !== "readDirectory"

/** `expectationAt` says what holds once that operation, the last one before the crash, was done. */
export const imagesOf = <A, E>(
  disk: SimulatedDisk.SimulatedDisk,
  expectationAt: (operation: number, crash: Crash) => A,
  outcomesAt: Outcomes,
  program: Effect.Effect<void, E>,
  isMet: (event: SimulatedDisk.OperationEvent) => boolean = mayChange
): Effect.Effect<ReadonlyArray<Image<A>>, E> =>
  Effect.gen(function*() {
    const images: Array<Image<A>> = []
    const hook = yield* disk.onOperation((event) => {
      if (!isMet(event)) {
        return
      }
      const { index, kind, path } = event
      const place = `before operation ${index}, ${kind} of ${path}`
      for (const outcome of outcomesAt(index)) {
        images.push({
          disk: Effect.runSync(disk.crashed(outcome)),
          expectation: expectationAt(index - 1, "power"),
          name: `power loss ${JSON.stringify(outcome)} ${place}`
        })
      }
      images.push({
        disk: Effect.runSync(disk.killed),
        expectation: expectationAt(index - 1, "process"),
        name: `process killed ${place}`
      })
    })
    yield* program
    yield* hook.lift
    return images
  })
