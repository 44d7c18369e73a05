/**
 * Every crash point: before each file operation of each workload, in each outcome of the sectors; and again at each
 * operation of the recovery that follows.
 */
import { describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import { breathe, checkRecovered, type Expectation } from "./check.js"
import { type Crash, type Image, imagesOf, outcomesAt } from "./images.js"
import { boot, FILES, type Files, openOn } from "./machine.js"
import { Session, type Workload, workloads } from "./workload.js"

const crashEverywhere = (workload: Workload, files: Files) =>
  Effect.gen(function*() {
    const { disk, ledger } = yield* boot(files)
    const session = new Session(disk, ledger)
    const expectationAt = (moment: number, crash: Crash): Expectation => ({ ledger, moment, crash })
    const images = yield* imagesOf(disk, expectationAt, outcomesAt, Effect.zipRight(workload(session), session.close))
    return images
  })

const wrongIn = (images: ReadonlyArray<Image<Expectation>>) =>
  Effect.map(
    Effect.forEach(images, ({ disk, expectation, name }) =>
      Effect.map(
        Effect.zipRight(breathe, checkRecovered(disk, expectation)),
        (wrong) => (wrong === undefined ? [] : [`${name}: ${wrong}`])
      )),
    (wrong) => wrong.flat()
  )

/** The same promises hold after a crash of the recovery. */
const crashAgain = ({ disk, expectation, name }: Image<Expectation>) =>
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
const SAMPLED = Number(process.env["CRASH_SAMPLE"] ?? 79)
