/**
 * Every crash point: before each file operation of each workload, in each outcome of the sectors; and again at each
 * operation of the recovery that follows.
 */
import { describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import type * as SimulatedDisk from "../../src/testing/SimulatedDisk.js"
import { breathe, checkRecovered, type Expectation } from "./check.js"
import { boot, FILES, type Files, openOn } from "./machine.js"
import { Session, type Workload, workloads } from "./workload.js"

/** Each operation has seeds of its own, so that many different tears are met. */
const outcomesAt = (index: number): ReadonlyArray<SimulatedDisk.CrashOutcome> => [
  "lose-all",
  "keep-all",
  "keep-last",
  "garble-all",
  { seed: index * 2 },
  { seed: index * 2 + 1 }
]

interface Image {
  readonly disk: SimulatedDisk.SimulatedDisk
  readonly expectation: Expectation
  readonly name: string
}

/** What each crash before each operation of `program` leaves. */
const imagesOf = <E>(
  disk: SimulatedDisk.SimulatedDisk,
  expectationAt: (operation: number, crash: "power" | "process") => Expectation,
  outcomesAt: (index: number) => ReadonlyArray<SimulatedDisk.CrashOutcome>,
  program: Effect.Effect<void, E>
): Effect.Effect<ReadonlyArray<Image>, E> =>
  Effect.gen(function*() {
    const images: Array<Image> = []
    const hook = yield* disk.onOperation(({ index, kind, path }) => {
      if (kind === "read" || kind === "stat" || kind === "access" || kind === "readDirectory") {
        return
      }
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

const crashEverywhere = (workload: Workload, files: Files) =>
  Effect.gen(function*() {
    const { disk, ledger } = yield* boot(files)
    const session = new Session(disk, ledger)
    const expectationAt = (moment: number, crash: "power" | "process"): Expectation => ({ ledger, moment, crash })
    const images = yield* imagesOf(disk, expectationAt, outcomesAt, Effect.zipRight(workload(session), session.close))
    return images
  })

const wrongIn = (images: ReadonlyArray<Image>) =>
  Effect.map(
    Effect.forEach(images, ({ disk, expectation, name }) =>
      Effect.map(
        Effect.zipRight(breathe, checkRecovered(disk, expectation)),
        (wrong) => (wrong === undefined ? [] : [`${name}: ${wrong}`])
      )),
    (wrong) => wrong.flat()
  )

/** The same promises hold after a crash of the recovery. */
const crashAgain = ({ disk, expectation, name }: Image) =>
  Effect.map(
    imagesOf(
      disk,
      (_, crash) => (crash === "power" ? { ...expectation, crash } : expectation),
      (index) => ["keep-last", { seed: index }],
      Effect.ignore(Effect.scoped(openOn(disk)))
    ),
    (images) => images.map((image) => ({ ...image, name: `${name}; then ${image.name}` }))
  )

describe.each(FILES)("a crash, %s files", (files) => {
  for (const [name, workload] of Object.entries(workloads)) {
    it.effect(`at any operation of: ${name}`, () =>
      Effect.gen(function*() {
        const images = yield* crashEverywhere(workload, files)
        const copies = yield* Effect.forEach(images, (image) =>
          Effect.map(image.disk.killed, (disk) => ({ ...image, disk })))
        deepStrictEqual(yield* wrongIn(images), [])
        const sample = copies.filter((_, index) =>
          index % SAMPLED === 0
        )
        // One after the other: all of their images together would not fit into memory.
        const wrong = yield* Effect.forEach(sample, (image) => Effect.flatMap(crashAgain(image), wrongIn))
        deepStrictEqual(wrong.flat(), [])
      }), TIMEOUT)
  }
})

const TIMEOUT = 3_600_000

/** A recovery of its own is crashed at each operation for every so many of the images; for all of them with `CRASH_SAMPLE=1`. */
const SAMPLED = Number(process.env["CRASH_SAMPLE"] ?? 37)
