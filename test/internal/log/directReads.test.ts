/**
 * Reads that share memory, and files that turn out shorter than they were: on the simulated disk, with and without direct calls.
 */
import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import * as Wal from "effect-wal/Wal"
import * as Effect from "effect/Effect"
import { collect } from "../../support/entries.js"

const PATH = "/wal/00000000000000000001.wal"

/** Of lengths that share a block of memory, fill one, and go beyond it. */
const contentOf = (number: number): Uint8Array =>
  new Uint8Array([1, 100, 3_000, 20_000, 300_000][number % 5] ?? 0).fill(number)

const COUNT = 60

const openFilled = (files: "platform" | "tuned") =>
  Effect.gen(function*() {
    const disk = yield* SimulatedDisk.make({ files })
    const wal = yield* Effect.provide(Wal.make({ directory: "/wal", compaction: "manual" }), disk.layer)
    const refs = yield* Effect.forEach(
      Array.from({ length: COUNT }, (_, number) => number),
      (number) => wal.appendEntry(number % 2 === 0 ? "even" : "odd", contentOf(number))
    )
    return { disk, wal, refs }
  })

const sums = (contents: ReadonlyArray<Uint8Array>) =>
  contents.map((content) => [content.length, content[0], content.at(-1)])

const expected = sums(Array.from({ length: COUNT }, (_, number) => contentOf(number)))

describe("what was read", () => {
  for (const files of ["platform", "tuned"] as const) {
    it.scoped(`stays as it is while other reads go on (${files})`, () =>
      Effect.gen(function*() {
        const { refs, wal } = yield* openFilled(files)
        const read = yield* Effect.forEach(refs, (ref) => wal.readEntryAt(ref), { concurrency: 8 })
        const even = yield* collect(wal.enumerateRecords("even"))
        const all = yield* collect(wal.replay())
        const odd = yield* collect(wal.enumerateRecords("odd"))
        yield* Effect.forEach(refs, (ref) => wal.readEntryAt(ref), { concurrency: 8 })
        deepStrictEqual(sums(read.map(({ content }) => content)), expected)
        deepStrictEqual(sums(all.map(({ content }) => content)), expected)
        deepStrictEqual(sums(even.map(({ content }) => content)), expected.filter((_, number) => number % 2 === 0))
        deepStrictEqual(sums(odd.map(({ content }) => content)), expected.filter((_, number) => number % 2 === 1))
      }))

    it.scoped(`is refused where the file ends within it, or before (${files})`, () =>
      Effect.gen(function*() {
        const { disk, refs, wal } = yield* openFilled(files)
        const last = refs[COUNT - 2]
        if (last === undefined) {
          throw new Error("nothing was appended")
        }
        for (const size of [last.offset + 40, last.offset + 8, last.offset, 5_000, 128]) {
          yield* disk.fileSystem.truncate(PATH, size)
          const errors = yield* Effect.all([
            Effect.flip(wal.readEntryAt(last)),
            Effect.flip(collect(wal.replay())),
            Effect.flip(collect(wal.enumerateRecords("even")))
          ])
          deepStrictEqual(errors.map(({ _tag }) => _tag), Array.from({ length: 3 }, () => "WalCorruptionError"))
        }
        const left = yield* collect(wal.replay({ onLost: "skip" }))
        strictEqual(left.length, 0)
        strictEqual((yield* collect(wal.enumerateRecords("even", { onLost: "skip" }))).length, 0)
      }))
  }
})
