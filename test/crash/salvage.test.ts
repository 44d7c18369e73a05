/**
 * A salvage that is cut short before any of its operations comes to the same when it is done again, and leaves what is damaged as it is.
 */
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual } from "@effect/vitest/utils"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { segmentFileName } from "../../src/internal/format/fileName.js"
import type * as SimulatedDisk from "../../src/testing/SimulatedDisk.js"
import type * as Wal from "../../src/Wal.js"
import type { WalOptions } from "../../src/WalOptions.js"
import { breathe } from "./check.js"
import { type Image, imagesOf, someOutcomesAt } from "./images.js"
import { idOf } from "./ledger.js"
import { boot, DIRECTORY, FILES, type Files, openOn, SMALL } from "./machine.js"
import { Session } from "./workload.js"

const pathOf = (segment: number): string => `${DIRECTORY}/${segmentFileName(segment)}`

/** Ten entries in four segments, all of them synced, and claimed to be. */
const filled = (files: Files) =>
  Effect.gen(function*() {
    const { disk, ledger } = yield* boot(files)
    const session = new Session(disk, ledger)
    yield* session.open
    yield* Effect.forEach(Array.from({ length: 10 }), () => session.append("k", 1_200, "synced"))
    yield* session.pause
    return yield* disk.killed
  })

/** Everything is on the disk, the damage too. */
const settled = (disk: SimulatedDisk.SimulatedDisk) => disk.crashed("keep-all")

const DAMAGES: Record<string, (disk: SimulatedDisk.SimulatedDisk) => Effect.Effect<void, unknown>> = {
  "an entry of the last segment": (disk) =>
    Effect.flatMap(disk.fileSystem.readFile(pathOf(4)), (bytes) => {
      bytes[600] = (bytes[600] ?? 0) ^ 1
      return disk.fileSystem.writeFile(pathOf(4), bytes)
    }),
  "the last segment's header": (disk) =>
    Effect.flatMap(disk.fileSystem.readFile(pathOf(4)), (bytes) => {
      bytes[20] = (bytes[20] ?? 0) ^ 1
      return disk.fileSystem.writeFile(pathOf(4), bytes)
    }),
  "a segment that is missing": (disk) => disk.fileSystem.remove(pathOf(2))
}

const damaged = (files: Files, damage: (disk: SimulatedDisk.SimulatedDisk) => Effect.Effect<void, unknown>) =>
  Effect.gen(function*() {
    const disk = yield* filled(files)
    yield* Effect.orDie(damage(disk))
    return yield* settled(disk)
  })

const SALVAGING = { ...SMALL, onDamage: "salvage" } as const

const idsIn = (wal: Wal.Service) =>
  Effect.map(
    Stream.runCollect(wal.replay({ onLost: "skip" })),
    (entries) => Chunk.toReadonlyArray(entries).map(({ content }) => idOf(content))
  )

const append = (wal: Wal.Service, id: number) => wal.logEntry("after", new Uint8Array([0, 0, 0, id]))

/** Of an append that the crash may have taken. */
const DURING = 98
const AFTER = 99

/** What is served, before and after the loss was accepted; and the file of the damage. */
const opened = (disk: SimulatedDisk.SimulatedDisk, options: Omit<WalOptions, "directory">) =>
  Effect.gen(function*() {
    const first = yield* Effect.scoped(Effect.flatMap(
      openOn(disk, options),
      (wal) => Effect.tap(idsIn(wal), () => append(wal, AFTER))
    ))
    const later = yield* Effect.scoped(Effect.flatMap(openOn(disk), idsIn))
    const file = yield* Effect.option(disk.fileSystem.readFile(pathOf(4)))
    return {
      first: first.filter((id) => id !== DURING),
      later: later.filter((id) => id !== DURING),
      file: file._tag === "Some" ? Array.from(file.value.slice(0, 1_400)) : []
    }
  })

type Opened = Effect.Effect.Success<ReturnType<typeof opened>>

/** Once a salvage has succeeded, its loss is accepted. */
type Stage = "salvaging" | "accepted"

const wrongWith = (expected: Opened) => ({ disk, expectation, name }: Image<Stage>) =>
  Effect.zipRight(breathe, opened(disk, expectation === "accepted" ? SMALL : SALVAGING)).pipe(
    Effect.map((found) =>
      JSON.stringify(found) === JSON.stringify(expected)
        ? []
        : [`${name}: ${JSON.stringify([found.first, found.later])}`]
    ),
    Effect.catchAllCause((cause) => Effect.succeed([`${name}: ${cause.toString().slice(0, 1_000)}`]))
  )

const salvageOn = (disk: SimulatedDisk.SimulatedDisk, reach: (stage: Stage) => void) =>
  Effect.scoped(Effect.flatMap(openOn(disk, SALVAGING), (wal) => {
    reach("accepted")
    return append(wal, DURING)
  }))

describe.each(FILES)("a crash of a salvage, %s files", (files) => {
  for (const [name, damage] of Object.entries(DAMAGES)) {
    it.effect(`at any operation, for ${name}`, () =>
      Effect.gen(function*() {
        const disk = yield* damaged(files, damage)
        const refused = yield* Effect.flip(Effect.scoped(openOn(yield* disk.killed)))
        deepStrictEqual(refused._tag, "WalCorruptionError")
        const expected = yield* opened(yield* disk.killed, SALVAGING)
        assertTrue(expected.first.length > 0 && expected.first.length < 10)
        deepStrictEqual(expected.later, [...expected.first, AFTER])
        let stage: Stage = "salvaging"
        const salvage = salvageOn(disk, (next) => {
          stage = next
        })
        const images = yield* imagesOf(disk, () => stage, someOutcomesAt, Effect.asVoid(salvage))
        assertTrue(
          ["salvaging", "accepted"].every((wanted) => images.some(({ expectation }) => expectation === wanted))
        )
        const wrong = yield* Effect.forEach(images, wrongWith(expected))
        deepStrictEqual(wrong.flat(), [])
      }), 120_000)
  }
})
