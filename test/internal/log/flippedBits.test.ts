/**
 * Every single bit of a small log turned over, one at a time: what was promised is served as it was, or refused; nothing else
 * is ever served. Over a disk in memory, because there are thousands of bits.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual } from "@effect/vitest/utils"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { segmentFileName } from "../../../src/internal/format/fileName.js"
import { SEGMENT_HEADER_LENGTH } from "../../../src/internal/format/segmentHeader.js"
import * as LockOwner from "../../../src/LockOwner.js"
import * as Wal from "../../../src/Wal.js"
import { WalCodecError, WalCorruptionError } from "../../../src/WalError.js"
import type { RecoveryReport } from "../../../src/WalReport.js"
import { flipBit } from "../format/frames.js"
import { processOf } from "./lockPlace.js"
import { type CrashImage, isSealed, segmentBytes, withSegment } from "./support/crashImage.js"
import { makeMemoryDisk } from "./support/memoryDisk.js"
import { killedAfter, nextWindow, type Options, real, type Told, told } from "./support/place.js"

/** Vitest keeps a hundred frames of each error; taking them down would be most of the work here. */
Error.stackTraceLimit = 2

const DIRECTORY = "/wal"

const KEYS = ["a", "b"]
const keyOf = (sequence: number) => KEYS[sequence % KEYS.length] ?? ""
const inputOf = (sequence: number) => ({ key: keyOf(sequence), content: new TextEncoder().encode(`${sequence}`) })
const sequences = [1, 2, 3, 4, 5, 6]
const entries: ReadonlyArray<Told> = sequences.map((sequence) => ({
  sequence,
  key: keyOf(sequence),
  content: `${sequence}`
}))
const BATCH = [3, 4]
/** A mark, or the seal, says of these that they were synced. */
const PROMISED = 5

/** Entry 1 in a sealed segment; 2, the batch of 3 and 4, 5, a mark and 6 in the active one. */
const image = real(killedAfter((wal) => {
  const append = (sequence: number, durability: "written" | "synced") => {
    const { content, key } = inputOf(sequence)
    return wal.appendEntry(key, content, { durability })
  }
  return Effect.all([
    append(1, "written"),
    nextWindow,
    append(2, "written"),
    wal.appendBatch(BATCH.map(inputOf)),
    append(5, "synced"),
    append(6, "written")
  ])
}))

/** Makes the directory hold the image, and a lock that may be there already. */
const put = (fs: FileSystem.FileSystem, image: CrashImage) =>
  Effect.gen(function*() {
    const names = yield* fs.readDirectory(DIRECTORY)
    yield* Effect.forEach(names.filter((name) => name !== "LOCK" && !image.has(name)), (name) =>
      fs.remove(`${DIRECTORY}/${name}`))
    yield* Effect.forEach(image, ([name, bytes]) =>
      fs.writeFile(`${DIRECTORY}/${name}`, bytes))
  })

interface Flip {
  readonly what: string
  readonly isInHeader: boolean
  readonly opening: ReturnType<typeof Wal.make>
}

/** Turns over every bit, or one of each `step`, and tells how to open the log that has it. */
const forEachBit = <E>(
  step: number,
  options: Options,
  check: (flip: Flip) => Effect.Effect<void, E, FileSystem.FileSystem>
) =>
  Effect.gen(function*() {
    const whole = yield* image
    const fs = yield* FileSystem.FileSystem
    yield* fs.makeDirectory(DIRECTORY)
    for (const id of [1, 2]) {
      const bytes = segmentBytes(whole, id)
      for (let bit = 0; bit < bytes.length * 8; bit += step) {
        yield* put(fs, withSegment(whole, id, flipBit(bytes, bit)))
        const opening = Wal.make({ directory: DIRECTORY, syncInterval: "never", compaction: "manual", ...options })
        const what = `bit ${bit % 8} of byte ${Math.floor(bit / 8)} of ${segmentFileName(id)}`
        yield* check({ what, isInHeader: bit < SEGMENT_HEADER_LENGTH * 8, opening })
      }
    }
  }).pipe(
    Effect.orDie,
    Effect.provideService(FileSystem.FileSystem, makeMemoryDisk()),
    Effect.provideService(LockOwner.LockOwner, processOf("me"))
  )

/** What a stream emitted, and how it ended. */
const drain = <E>(stream: Stream.Stream<Told, E>) =>
  Effect.gen(function*() {
    const read: Array<Told> = []
    const end = yield* Effect.exit(
      Stream.runForEachChunk(stream, (chunk) =>
        Effect.sync(() => {
          read.push(...Chunk.toReadonlyArray(chunk))
        }))
    )
    return { read, end }
  })

const replayed = (wal: Wal.Service, options?: Wal.ReadOptions) => drain(Stream.map(wal.replay(options), told))

const recordsOf = (wal: Wal.Service, key: string, options?: Wal.ReadOptions) =>
  drain(Stream.map(wal.enumerateRecords(key, options), told))

/** Damage, or a format that is not known: nothing else may come of a flipped bit, and never a defect. */
const isTyped = (end: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isSuccess(end) || (Cause.isFailType(end.cause)
    && (end.cause.error instanceof WalCorruptionError
      || (end.cause.error instanceof WalCodecError && end.cause.error.reason === "UnknownFormat")))

const assertPrefix = (what: string, actual: ReadonlyArray<Told>, expected: ReadonlyArray<Told>): void =>
  deepStrictEqual(actual, expected.slice(0, actual.length), what)

/** All that was promised, or a typed failure in its stead; and never anything else. */
const assertServed = (
  what: string,
  { end, read }: { readonly read: ReadonlyArray<Told>; readonly end: Exit.Exit<unknown, unknown> },
  expected: ReadonlyArray<Told>
): void => {
  assertPrefix(what, read, expected)
  assertTrue(isTyped(end), `${what}: ${Exit.isFailure(end) ? Cause.pretty(end.cause) : ""}`)
  const promised = expected.filter(({ sequence }) => sequence <= PROMISED).length
  assertTrue(Exit.isFailure(end) || read.length >= promised, `${what}: lost without a word`)
}

const lostOf = ({ lost }: RecoveryReport): ReadonlyArray<number> =>
  sequences.filter((sequence) =>
    lost.some(({ sequences }) => sequences.first <= sequence && sequence <= sequences.last)
  )

describe("a flipped bit", () => {
  it.scoped("the log it is flipped in has a sealed segment and one that is not", () =>
    Effect.gen(function*() {
      const whole = yield* image
      deepStrictEqual([...whole.keys()], [segmentFileName(1), segmentFileName(2)])
      deepStrictEqual([1, 2].map((id) => isSealed(segmentBytes(whole, id))), [true, false])
    }))

  it.scoped(
    "regression 24: is refused, or harmless, or in what was never promised; never wrong, never silent, no defect",
    () =>
      forEachBit(1, {}, ({ opening, what }) =>
        Effect.gen(function*() {
          const opened = yield* Effect.exit(Effect.scoped(Effect.gen(function*() {
            const wal = yield* opening
            deepStrictEqual(wal.recovery.lost, [], what)
            assertServed(what, yield* replayed(wal), entries)
            for (const key of KEYS) {
              assertServed(what, yield* recordsOf(wal, key), entries.filter((entry) => entry.key === key))
            }
          })))
          assertTrue(isTyped(opened), `${what}: ${Exit.isFailure(opened) ? Cause.pretty(opened.cause) : ""}`)
        })),
    120_000
  )

  it.scoped(
    "is salvaged: what is missing was named or never promised, and is no more than it has to be",
    () =>
      forEachBit(5, { onDamage: "salvage" }, ({ isInHeader, opening, what }) =>
        Effect.scoped(Effect.gen(function*() {
          const wal = yield* opening
          const { end, read } = yield* replayed(wal, { onLost: "skip" })
          const served = new Set(read.map(({ sequence }) => sequence))
          const missing = sequences.filter((sequence) => !served.has(sequence))
          const lost = lostOf(wal.recovery)
          deepStrictEqual(end, Exit.void, what)
          deepStrictEqual(read, entries.filter(({ sequence }) => served.has(sequence)), what)
          deepStrictEqual(
            lost.filter((sequence) => served.has(sequence)),
            [],
            `${what}: served, and said to be lost`
          )

          const strictly = yield* replayed(wal)
          const untold = missing.filter((sequence) => sequence <= PROMISED && !lost.includes(sequence))
          assertTrue(
            untold.length === 0 || Exit.isFailure(strictly.end),
            `${what}: ${untold.join()} lost without a word`
          )
          const isWorstCase = isInHeader || missing.length <= 1 || missing.every((sequence) => BATCH.includes(sequence))
          assertTrue(isWorstCase, `${what}: lost are ${missing.join()}`)
          const members = BATCH.filter((sequence) => served.has(sequence))
          assertTrue(members.length === 0 || members.length === BATCH.length, `${what}: half a batch`)

          for (const key of KEYS) {
            const records = yield* recordsOf(wal, key, { onLost: "skip" })
            deepStrictEqual(records.end, Exit.void, what)
            deepStrictEqual(records.read, read.filter((entry) => entry.key === key), what)
          }
        }))),
    120_000
  )
})
