/**
 * Consumers at every crash point: whatever crashes, every entry that is there is handled in one life or another, and no cursor is ahead of
 * its log. And where a disk has lied, or a log is put back from a copy, that is noticed, and nothing is skipped either.
 */
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import type * as SimulatedDisk from "../../src/testing/SimulatedDisk.js"
import type * as Wal from "../../src/Wal.js"
import { Sequence } from "../../src/WalEntry.js"
import { breathe } from "./check.js"
import {
  caughtUp,
  consuming,
  contentOf,
  CURSOR,
  type Handled,
  type Mode,
  NAME,
  nextLife,
  wrongWith
} from "./consuming.js"
import { type Image, imagesOf, mayChange, someOutcomesAt } from "./images.js"
import { boot, DIRECTORY, type Files, openOn } from "./machine.js"

const CASES: ReadonlyArray<Mode & { readonly files: Files }> = [
  { files: "platform", concurrency: 1, visibility: "synced" },
  { files: "platform", concurrency: "per-key", visibility: "written" },
  { files: "tuned", concurrency: "per-key", visibility: "synced" }
]

interface Place {
  /** How many operations had taken effect. */
  readonly moment: number
  /** Up to which sequence a saved cursor had been acknowledged. */
  readonly saved: number | undefined
}

/** What each crash before each operation leaves; a file that is opened only is as it was. */
const imagesAlong = <E>(
  disk: SimulatedDisk.SimulatedDisk,
  saved: () => number | undefined,
  program: Effect.Effect<void, E>,
  outcomes: (index: number) => ReadonlyArray<SimulatedDisk.CrashOutcome>
) =>
  imagesOf(
    disk,
    (moment): Place => ({ moment, saved: saved() }),
    outcomes,
    program,
    (event) => mayChange(event) && (event.kind !== "open" || event.path.endsWith(".tmp"))
  )

const append = (wal: Wal.Service, from: number, to: number, name = "") =>
  Effect.forEach(
    Array.from({ length: to - from + 1 }, (_, index) => from + index),
    (number) =>
      wal.appendEntry(`k${number % 3}`, contentOf(`${name}${number}`), {
        durability: number % 3 === 0 ? "synced" : "written"
      }),
    { discard: true }
  ).pipe(Effect.orDie)

/** Two openings of the log, in which the consumer keeps up, falls behind, and is ended and run again. */
const live = (
  disk: SimulatedDisk.SimulatedDisk,
  mode: Mode,
  handled: Array<Handled>,
  watch: (wal: Wal.Service) => void
) =>
  Effect.gen(function*() {
    yield* Effect.scoped(Effect.gen(function*() {
      const wal = yield* openOn(disk)
      watch(wal)
      yield* append(wal, 1, 2)
      yield* consuming(disk, wal, mode, handled, (consumer) =>
        Effect.gen(function*() {
          yield* append(wal, 3, 5)
          // One that sees what is only written saves behind it, and has to sync it first.
          yield* mode.visibility === "written" ? caughtUp(consumer) : Effect.void
          yield* append(wal, 6, 6)
          yield* Effect.orDie(wal.sync)
          yield* caughtUp(consumer)
        }))
      yield* append(wal, 7, 9)
    }))
    yield* Effect.scoped(Effect.gen(function*() {
      const wal = yield* openOn(disk)
      watch(wal)
      yield* consuming(disk, wal, mode, handled, (consumer) =>
        Effect.gen(function*() {
          yield* caughtUp(consumer)
          yield* Effect.orDie(wal.truncateBefore(Sequence.make(5)))
          yield* append(wal, 10, 13)
          yield* Effect.orDie(wal.sync)
          yield* caughtUp(consumer)
          yield* append(wal, 14, 14)
          yield* Effect.orDie(wal.shutdown({ files: "keep" }))
        }))
    }))
  })

const savedBy = () => {
  let current: Wal.Service | undefined
  return {
    watch: (wal: Wal.Service) => {
      current = wal
    },
    saved: () => current?.cursors.known(NAME)?.positions[0].sequence
  }
}

const judge =
  (mode: Mode, handled: ReadonlyArray<Handled>) => ({ disk, expectation: { moment, saved }, name }: Image<Place>) =>
    Effect.zipRight(breathe, nextLife(disk, mode)).pipe(
      Effect.map((life) => {
        const wrong = wrongWith(life, handled.filter(({ at }) => at <= moment))
          ?? (life.recovery._tag === "Rewound" || life.recovery._tag === "Expired"
            ? JSON.stringify(life.recovery)
            : undefined)
          ?? (life.recovery.after < (saved ?? 0)
            ? `it went on after ${life.recovery.after}, saved was ${saved}`
            : undefined)
        return wrong === undefined ? [] : [`${name}: ${wrong}`]
      }),
      Effect.catchAllCause((cause) => Effect.succeed([`${name}: ${cause.toString().slice(0, 1_000)}`]))
    )

describe("a crash beside a consumer", () => {
  for (const { files, ...mode } of CASES) {
    it.effect(
      `at any operation, ${mode.concurrency}, ${mode.visibility}, ${files} files`,
      () =>
        Effect.gen(function*() {
          const { disk } = yield* boot(files)
          const handled: Array<Handled> = []
          const { saved, watch } = savedBy()
          const images = yield* imagesAlong(disk, saved, live(disk, mode, handled, watch), someOutcomesAt)
          assertTrue(images.some((image) => (image.expectation.saved ?? 0) >= 12))
          const copies = yield* Effect.forEach(
            images,
            (image) => Effect.map(image.disk.killed, (disk) => ({ ...image, disk }))
          )
          const wrong = yield* Effect.forEach(images, judge(mode, handled))
          deepStrictEqual(wrong.flat(), [])
          const again = yield* Effect.forEach(
            copies.filter((_, index) => index % SAMPLED === 0),
            (image) => crashAgain(image, mode, handled)
          )
          deepStrictEqual(again.flat(2), [])
        }),
      3_600_000
    )
  }
})

/** The next life is crashed at each operation, too. */
const crashAgain = (image: Image<Place>, mode: Mode, handled: ReadonlyArray<Handled>) =>
  Effect.gen(function*() {
    const { disk } = image
    const { saved, watch } = savedBy()
    const later: Array<Handled> = []
    const program = Effect.scoped(Effect.gen(function*() {
      const wal = yield* openOn(disk)
      watch(wal)
      yield* Effect.orDie(wal.sync)
      yield* consuming(disk, wal, mode, later, caughtUp)
    }))
    const images = yield* imagesAlong(disk, saved, program, someOutcomesAt)
    const before = handled.filter(({ at }) => at <= image.expectation.moment).map((each) => ({ ...each, at: 0 }))
    return yield* Effect.forEach(images, (each) =>
      judge(mode, [...before, ...later])({ ...each, name: `${image.name}; then ${each.name}` }))
  })

/** The next life is crashed for every so many of the images; for all of them with `CRASH_SAMPLE=1`. */
const SAMPLED = Number(process.env["CRASH_SAMPLE"] ?? 149)

/** The log as it was once, under a cursor as it came to be later. */
const withLaterCursor = (earlier: Image<Place>, line: string) =>
  Effect.gen(function*() {
    const disk = yield* earlier.disk.killed
    yield* Effect.orDie(disk.fileSystem.makeDirectory(DIRECTORY, { recursive: true }))
    yield* Effect.orDie(disk.fileSystem.writeFileString(CURSOR, line))
    return disk
  })

describe("a log that lost its tail under a cursor", () => {
  /** How many other entries are written in place of those that were lost. */
  for (const anew of [0, 3, 20]) {
    it.effect(`is noticed, and nothing is skipped, with ${anew} entries written anew`, () =>
      Effect.gen(function*() {
        const mode: Mode = { concurrency: 1, visibility: "synced" }
        const { disk } = yield* boot("platform")
        const handled: Array<Handled> = []
        const { saved, watch } = savedBy()
        const all = yield* imagesAlong(disk, saved, live(disk, mode, handled, watch), () => [])
        const images = all.filter((image) => image.name.startsWith("process killed"))
        const cursors = yield* Effect.forEach(images, (image) =>
          Effect.map(Effect.option(image.disk.fileSystem.readFileString(CURSOR)), (line) => ({ image, line })))
        const lines = new Map(cursors.flatMap(({ image, line }) =>
          line._tag === "Some" ? [[line.value, image]] : []
        ))
        const wrong: Array<string> = []
        const met = new Set<string>()
        for (const [line, later] of lines) {
          for (
            const earlier of images.filter((image, index) =>
              index % 7 === 0 && image.expectation.moment < later.expectation.moment
            )
          ) {
            const log = yield* withLaterCursor(earlier, line)
            yield* breathe
            const life = yield* nextLife(log, mode, (wal) => append(wal, 1, anew, "anew-"))
            met.add(life.recovery._tag === "Rewound" ? life.recovery.reason : life.recovery._tag)
            const what = wrongWith(life, handled.filter(({ at }) => at <= later.expectation.moment))
            if (what !== undefined) {
              wrong.push(`${earlier.name} with the cursor of ${later.name}: ${what}`)
            }
          }
        }
        deepStrictEqual(wrong, [])
        assertTrue(met.has(anew < 8 ? "BeyondEnd" : "OtherEntry"))
      }), 3_600_000)
  }
})
