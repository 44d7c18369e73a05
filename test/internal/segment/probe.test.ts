/**
 * Looking at both ends of a segment: at once and through the platform alike, whatever the file is and whatever goes wrong.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import * as Effect from "effect/Effect"
import { directNamesOf, enterDirectory } from "../../../src/internal/segment/directNames.js"
import { probeSegment, probeSegments } from "../../../src/internal/segment/probe.js"
import { outcomeOf } from "./outcome.js"

const PATH = "/wal/1.wal"

const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at)

const makes: Record<string, (fs: FileSystem.FileSystem) => Effect.Effect<void, unknown>> = {
  "that is whole": (fs) => fs.writeFile(PATH, bytesOf(1_000)),
  "whose ends overlap": (fs) => fs.writeFile(PATH, bytesOf(200)),
  "that is shorter than a header": (fs) => fs.writeFile(PATH, bytesOf(100)),
  "that is empty": (fs) => fs.writeFile(PATH, bytesOf(0)),
  "that is missing": () => Effect.void,
  "that is a directory": (fs) => fs.makeDirectory(PATH)
}

const faults: Record<string, Parameters<SimulatedDisk.SimulatedDisk["fault"]>[0]> = {
  "that cannot be opened": { on: "open", effect: SimulatedDisk.fail("EACCES") },
  "while too many files are open": { on: "open", effect: SimulatedDisk.fail("EMFILE") },
  "whose length cannot be told": { on: "stat", path: PATH, effect: SimulatedDisk.fail("EIO") },
  "whose header cannot be read": { on: "read", effect: SimulatedDisk.fail("EIO") },
  "whose seal cannot be read": { on: "read", from: 2, effect: SimulatedDisk.fail("EIO") },
  "that is read in pieces": { on: "read", effect: SimulatedDisk.shortRead(50) }
}

/** Probes the segment as a log over these files would. */
const probed = (
  files: "platform" | "tuned",
  make: (fs: FileSystem.FileSystem) => Effect.Effect<void, unknown>,
  fault: Parameters<SimulatedDisk.SimulatedDisk["fault"]>[0] | undefined
) =>
  Effect.gen(function*() {
    const disk = yield* SimulatedDisk.make({ files })
    const { fileSystem } = disk
    yield* fileSystem.makeDirectory("/wal")
    yield* make(fileSystem)
    const fs = (yield* enterDirectory(fileSystem, "/wal")) ?? fileSystem
    strictEqual(directNamesOf(fs) !== undefined, files === "tuned")
    const rule = fault === undefined ? undefined : yield* disk.fault(fault)
    const outcome = yield* outcomeOf(probeSegment(fs, PATH, 1))
    assertTrue(rule === undefined || (yield* rule.hits) > 0)
    deepStrictEqual(yield* disk.openFiles, [])
    return outcome
  })

describe("a segment", () => {
  for (const [name, make] of Object.entries(makes)) {
    it.effect(`${name} is told of in the same way`, () =>
      Effect.gen(function*() {
        deepStrictEqual(yield* probed("tuned", make, undefined), yield* probed("platform", make, undefined))
      }))
  }

  for (const [name, fault] of Object.entries(faults)) {
    it.effect(`${name} is told of in the same way`, () =>
      Effect.gen(function*() {
        const make = (fs: FileSystem.FileSystem) => fs.writeFile(PATH, bytesOf(1_000))
        deepStrictEqual(yield* probed("tuned", make, fault), yield* probed("platform", make, fault))
      }))
  }
})

describe("segments", () => {
  for (const files of ["platform", "tuned"] as const) {
    it.effect(`are told of in the order that was asked for, up to the first that cannot be (${files})`, () =>
      Effect.gen(function*() {
        const disk = yield* SimulatedDisk.make({ files })
        const { fileSystem } = disk
        yield* fileSystem.makeDirectory("/wal")
        const segments = Array.from({ length: 20 }, (_, index) => ({ id: index + 1, path: `/wal/${index + 1}.wal` }))
        yield* Effect.forEach(segments, ({ id, path }) => fileSystem.writeFile(path, bytesOf(id)))
        const fs = (yield* enterDirectory(fileSystem, "/wal")) ?? fileSystem
        const probes = yield* probeSegments(fs, segments)
        deepStrictEqual(
          probes.map(({ id, path, size }) => ({ id, path, size })),
          segments.map((segment) => ({ ...segment, size: segment.id }))
        )
        yield* fileSystem.remove("/wal/7.wal")
        const error = yield* Effect.flip(probeSegments(fs, segments))
        deepStrictEqual([error.operation, error.path, error.reason], ["open", "/wal/7.wal", "NotFound"])
        deepStrictEqual(yield* disk.openFiles, [])
      }))
  }
})
