/**
 * What is written while an fsync is under way is not covered by it: neither an acknowledgement nor a mark may say so.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import * as SimulatedDisk from "../../src/testing/SimulatedDisk.js"
import * as Wal from "../../src/Wal.js"
import { readAll } from "./check.js"
import { DIRECTORY, openOn } from "./machine.js"

const content = new Uint8Array(1200)

/** Syncs at once, and says so only when `answer` has ended. */
const answeringLate = (fs: FileSystem.FileSystem, answer: () => Effect.Effect<void>): FileSystem.FileSystem => ({
  ...fs,
  open: (path, options) =>
    Effect.map(fs.open(path, options), (file): FileSystem.File => ({
      [FileSystem.FileTypeId]: FileSystem.FileTypeId,
      fd: file.fd,
      stat: file.stat,
      sync: Effect.zipLeft(file.sync, Effect.suspend(answer)),
      seek: (offset, from) => file.seek(offset, from),
      read: (buffer) => file.read(buffer),
      readAlloc: (size) => file.readAlloc(size),
      truncate: (length) => file.truncate(length),
      write: (buffer) => file.write(buffer),
      writeAll: (buffer) => file.writeAll(buffer)
    }))
})

const SEEDS = Array.from({ length: 40 }, (_, seed) => ({ seed }))

/** What the next boot finds, or why it cannot open the log. */
const foundAfter = (disk: SimulatedDisk.SimulatedDisk, outcome: SimulatedDisk.CrashOutcome) =>
  Effect.flatMap(disk.crashed(outcome), (rebooted) =>
    Effect.scoped(Effect.flatMap(openOn(rebooted), readAll)).pipe(
      Effect.map((entries) => entries.map(({ key }) => new TextDecoder().decode(key))),
      Effect.catchAll((error) => Effect.succeed([error.message]))
    ))

describe("an fsync that overlaps with writes", () => {
  it.scoped("covers what was written when it began, and nothing that came later", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      let answer: Effect.Effect<void> = Effect.void
      const wal = yield* Wal.make({ directory: DIRECTORY, compaction: "manual", syncInterval: "never" }).pipe(
        Effect.provideService(FileSystem.FileSystem, answeringLate(disk.fileSystem, () => answer)),
        Effect.provide(disk.layer)
      )
      answer = Effect.sleep("1 second")
      const first = yield* Effect.fork(wal.logEntry("first", content))
      yield* TestClock.adjust("0 seconds")
      yield* wal.appendEntry("meanwhile", content)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(first)
      answer = Effect.void
      yield* wal.appendEntry("later", content)
      const found = yield* Effect.forEach(["lose-all", "keep-last", ...SEEDS] as const, (outcome) =>
        foundAfter(disk, outcome))
      const whole = ["first", "meanwhile", "later"]
      deepStrictEqual(
        found.filter((keys) =>
          keys.length === 0 || keys.some((key, index) => key !== whole[index])
        ),
        []
      )
    }))
})
