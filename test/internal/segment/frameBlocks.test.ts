/**
 * Blocks of a file that is read from front to back: on the simulated disk, with and without direct calls.
 */
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { FrameBlocks } from "../../../src/internal/segment/frameBlocks.js"
import { openSegmentFile } from "../../../src/internal/segment/segmentFile.js"

const MIB = 1024 * 1024
const LENGTH = 5 * MIB + 424

const content = new Uint8Array(LENGTH)
for (let index = 0; index < LENGTH; index++) {
  content[index] = (index * 31) ^ (index >>> 8)
}

const kinds = ["platform", "tuned"] as const

const setUp = (files: (typeof kinds)[number]) =>
  Effect.gen(function*() {
    const disk = yield* SimulatedDisk.make({ files })
    yield* disk.fileSystem.writeFile("/f", content)
    return { disk, file: yield* openSegmentFile(disk.fileSystem, "/f", "r") }
  })

const assertSame = (bytes: Uint8Array, offset: number): void =>
  strictEqual(Buffer.compare(bytes, content.subarray(offset, offset + bytes.length)), 0)

/** In the end there is no more to come. */
const allBut = (rest: number, block: Uint8Array): number => block.length > rest ? block.length - rest : block.length

/** Each step takes so much of the block, and wants that much of the next one. */
const walks: ReadonlyArray<readonly [string, (block: Uint8Array) => readonly [number, number]]> = [
  ["all of each block", (block) => [block.length, 0]],
  ["all but a short rest, which is wanted whole", (block) => [allBut(160, block), 168]],
  ["all but a rest longer than any before", (block) => [allBut(90_000, block), 100_000]],
  ["a frame of more than a block at a time", (block) => [allBut(900_000, block), 1_200_000]],
  ["a third of what there is", (block) => [Math.max(8, Math.floor(block.length / 24) * 8), 24]]
]

describe("blocks of a file", () => {
  for (const files of kinds) {
    it.scoped.each(walks)(`are its bytes, and stay so: %s (${files})`, ([, step]) =>
      Effect.gen(function*() {
        const { disk, file } = yield* setUp(files)
        const blocks = new FrameBlocks(file, LENGTH)
        const seen: Array<readonly [Uint8Array, number]> = []
        let offset = 0
        let wanted = 0
        while (offset < LENGTH) {
          const block = yield* blocks.from(offset, wanted)
          assertTrue(block.length >= Math.min(Math.max(wanted, 8), LENGTH - offset))
          seen.push([block, offset])
          const [taken, next] = step(block)
          offset += taken
          wanted = next
        }
        seen.forEach(([block, at]) => assertSame(block, at))
        yield* blocks.close
        yield* file.close
        deepStrictEqual(yield* disk.openFiles, [])
      }))

    it.scoped(`may be asked for anywhere (${files})`, () =>
      Effect.gen(function*() {
        const { file } = yield* setUp(files)
        const blocks = new FrameBlocks(file, LENGTH)
        for (const offset of [0, 3 * MIB, 800, MIB - 8, MIB, 2 * MIB + 8, 8, LENGTH - 8]) {
          const block = yield* blocks.from(offset, 24)
          assertTrue(block.length > 0)
          assertSame(block, offset)
        }
      }))

    it.scoped(`are as long as the file is, where that ends too early (${files})`, () =>
      Effect.gen(function*() {
        const { file } = yield* setUp(files)
        const blocks = new FrameBlocks(file, LENGTH + 3 * MIB)
        let offset = 0
        let block = yield* blocks.from(0, 0)
        while (block.length > 0) {
          assertSame(block, offset)
          offset += block.length
          block = yield* blocks.from(offset, 0)
        }
        strictEqual(offset, LENGTH)
      }))
  }

  it.scoped("are read one ahead of a tuned file, while the last one is taken apart", () =>
    Effect.gen(function*() {
      const { disk, file } = yield* setUp("tuned")
      const blocks = new FrameBlocks(file, LENGTH)
      yield* blocks.from(0, 0)
      yield* TestClock.adjust("0 seconds")
      const reads = (yield* disk.operations).filter(({ kind }) => kind === "read").map(({ offset }) => offset)
      deepStrictEqual(reads, [0, MIB])
    }))

  it.scoped("that fail to be read ahead fail when they are asked for, and can be asked for again", () =>
    Effect.gen(function*() {
      const { disk, file } = yield* setUp("tuned")
      const blocks = new FrameBlocks(file, LENGTH)
      const fault = yield* disk.fault({ on: "read", from: 2, effect: SimulatedDisk.fail("EIO") })
      const first = yield* blocks.from(0, 0)
      const error = yield* Effect.flip(blocks.from(first.length, 0))
      strictEqual(error.operation, "read")
      yield* fault.lift
      assertSame(yield* blocks.from(first.length, 0), first.length)
    }))

  it.scoped("are closed only after what is read ahead has been read, even if its reader was interrupted", () =>
    Effect.gen(function*() {
      const { disk, file } = yield* setUp("tuned")
      const blocks = new FrameBlocks(file, LENGTH)
      yield* blocks.from(0, 0)
      const slow = yield* disk.fault({ on: "read", effect: SimulatedDisk.slow("1 second") })
      assertSame(yield* blocks.from(MIB, 0), MIB)
      yield* slow.lift
      const reader = yield* Effect.fork(blocks.from(2 * MIB, 0))
      yield* TestClock.adjust("100 millis")
      yield* Fiber.interrupt(reader)
      const closing = yield* Effect.fork(Effect.zipRight(blocks.close, file.close))
      yield* TestClock.adjust("100 millis")
      strictEqual((yield* disk.openFiles).length, 1)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(closing)
      deepStrictEqual(yield* disk.openFiles, [])
    }))
})
