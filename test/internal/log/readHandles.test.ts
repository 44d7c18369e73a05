import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import * as Effect from "effect/Effect"
import { makeReadHandles } from "../../../src/internal/log/readHandles.js"

const FILES = 100
const MOST_IDLE = 64

const path = (number: number): string => `/segment-${number}`

const setUp = (files: "platform" | "tuned") =>
  Effect.gen(function*() {
    const disk = yield* SimulatedDisk.make({ files })
    for (let number = 0; number < FILES; number++) {
      yield* disk.fileSystem.writeFileString(path(number), `content ${number}`)
    }
    const handles = makeReadHandles(disk.fileSystem, "/")
    const use = (number: number) => Effect.flatMap(handles.take(path(number)), handles.giveBack)
    const open = Effect.map(disk.openFiles, (files) => files.map((file) => file.path))
    return { handles, use, open }
  })

describe("read handles", () => {
  for (const files of ["platform", "tuned"] as const) {
    it.scoped(`are kept, and used again by one at a time (${files})`, () =>
      Effect.gen(function*() {
        const { handles, open } = yield* setUp(files)
        const [one, two] = [yield* handles.take(path(1)), yield* handles.take(path(1))]
        assertTrue(one !== two)
        yield* handles.giveBack(one)
        yield* handles.giveBack(two)
        deepStrictEqual(yield* open, [path(1), path(1)])
        assertTrue((yield* handles.take(path(1))) === two)
        assertTrue((yield* handles.take(path(1))) === one)
        strictEqual((yield* open).length, 2)
      }))

    it.scoped(`are closed when there are too many, those first that were used longest ago (${files})`, () =>
      Effect.gen(function*() {
        const { handles, open, use } = yield* setUp(files)
        for (let number = 0; number < MOST_IDLE; number++) {
          yield* use(number)
        }
        strictEqual((yield* open).length, MOST_IDLE)
        // Asking for one to read at once is a use as well.
        handles.now(path(0))
        yield* use(MOST_IDLE)
        yield* use(MOST_IDLE + 1)
        const left = yield* open
        strictEqual(left.length, MOST_IDLE)
        deepStrictEqual([0, 1, 2, 3].filter((number) => left.includes(path(number))), [0, 3])
      }))

    it.scoped(`of a file that is removed are closed, the ones in use when they are given back (${files})`, () =>
      Effect.gen(function*() {
        const { handles, open, use } = yield* setUp(files)
        const taken = yield* handles.take(path(1))
        yield* use(1)
        yield* use(2)
        yield* handles.forget(path(1))
        deepStrictEqual(yield* open, [path(1), path(2)])
        yield* handles.giveBack(taken)
        deepStrictEqual(yield* open, [path(2)])
        yield* use(1)
        deepStrictEqual(yield* open, [path(2)])
        strictEqual(handles.now(path(1)), undefined)
      }))

    it.scoped(`are none any more once the pool is closed (${files})`, () =>
      Effect.gen(function*() {
        const { handles, open, use } = yield* setUp(files)
        const taken = yield* handles.take(path(1))
        yield* use(1)
        yield* use(2)
        yield* handles.close
        deepStrictEqual(yield* open, [path(1)])
        yield* handles.giveBack(taken)
        deepStrictEqual(yield* open, [])
        strictEqual((yield* Effect.flip(handles.take(path(2))))._tag, "WalClosedError")
        strictEqual(handles.now(path(2)), undefined)
      }))
  }

  it.scoped("read at once only where the file can, and only when one is idle", () =>
    Effect.gen(function*() {
      const tuned = yield* setUp("tuned")
      strictEqual(tuned.handles.now(path(1)), undefined)
      yield* tuned.use(1)
      const buffer = new Uint8Array(9)
      strictEqual(tuned.handles.now(path(1))?.readAt(buffer, 0, 9, 0), 9)
      strictEqual(Buffer.from(buffer).toString(), "content 1")
      yield* tuned.handles.take(path(1))
      strictEqual(tuned.handles.now(path(1)), undefined)

      const platform = yield* setUp("platform")
      yield* platform.use(1)
      strictEqual(platform.handles.now(path(1)), undefined)
    }))
})
