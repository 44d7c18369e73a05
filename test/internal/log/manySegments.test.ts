/**
 * Reading a log of many segments: what is looked at, and what is not.
 */
import { describe, expect, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import * as Wal from "effect-wal/Wal"
import type { WalOptions } from "effect-wal/WalOptions"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { openSealIndex } from "../../../src/internal/format/sealIndex.js"
import { decodeSealTrailer, SEAL_TRAILER_LENGTH } from "../../../src/internal/format/sealTrailer.js"
import { toSegmentId, toSequence } from "../../../src/internal/log/nominal.js"
import { segmentOfRef } from "../../../src/internal/log/view.js"
import type { Segment } from "../../../src/internal/segment/segment.js"
import { bytes, collect, sequence, sequences, session } from "../../support/entries.js"

const kinds = ["platform", "tuned"] as const

const options = {
  directory: "/wal",
  compaction: "manual",
  syncInterval: "never",
  maxSegmentBytes: 64 * 1024
} as const satisfies WalOptions

const SEGMENTS = 6
const KEYS = 600

const keyOf = (segment: number, number: number): string => `segment ${segment}, key ${number}`

/** Each segment has its own keys: enough for an index that is not read as a whole for its filter. The last one is active. */
const fill = (wal: Wal.Service) =>
  Effect.forEach(
    Array.from({ length: SEGMENTS }, (_, segment) => segment + 1),
    (segment) =>
      wal.appendBatch(
        Array.from({ length: KEYS }, (_, number) => ({ key: keyOf(segment, number), content: bytes("x") }))
      ),
    { discard: true }
  )

const filled = (files: (typeof kinds)[number], changes?: Partial<WalOptions>) =>
  Effect.gen(function*() {
    const disk = yield* SimulatedDisk.make({ files })
    const open = Effect.provide(Wal.make({ ...options, ...changes }), disk.layer)
    yield* Effect.provide(session(fill)(Wal.make(options)), disk.layer)
    return { disk, open }
  })

const pathOf = (segment: number): string => `/wal/${String(segment).padStart(20, "0")}.wal`

/** How many bytes were read of each segment since that operation. */
const readSince = (disk: SimulatedDisk.SimulatedDisk, from: number) =>
  Effect.map(disk.operations, (operations) => {
    const read = new Map<string, number>()
    for (const { kind, length = 0, path } of operations.slice(from)) {
      if (kind === "read") {
        read.set(path, (read.get(path) ?? 0) + length)
      }
    }
    return read
  })

const trailerOf = (file: Uint8Array) => {
  const decoded = decodeSealTrailer(file.subarray(-SEAL_TRAILER_LENGTH))
  if (decoded._tag !== "Trailer") {
    throw new Error("no seal")
  }
  return decoded.trailer
}

const isSealed = (file: Uint8Array): boolean =>
  decodeSealTrailer(file.subarray(-SEAL_TRAILER_LENGTH))._tag === "Trailer"

const HEAD_LENGTH = 4 * 1024

describe("a log of many segments", () => {
  for (const files of kinds) {
    it.scoped(`a key costs the filters of the segments without it once, and then nothing (${files})`, () =>
      Effect.gen(function*() {
        const { disk, open } = yield* filled(files)
        const wal = yield* open
        const first = (yield* disk.operations).length
        strictEqual((yield* collect(wal.enumerateRecords(keyOf(3, 77)))).length, 1)
        const read = yield* readSince(disk, first)
        const others = [1, 2, 4, 5].map((segment) => read.get(pathOf(segment)) ?? 0)
        // One in a hundred filters may say "perhaps".
        assertTrue(others.filter((length) => length <= HEAD_LENGTH).length >= 3)
        assertTrue((read.get(pathOf(3)) ?? 0) > HEAD_LENGTH)

        const second = (yield* disk.operations).length
        strictEqual((yield* collect(wal.enumerateRecords(keyOf(3, 78)))).length, 1)
        const again = yield* readSince(disk, second)
        assertTrue([1, 2, 4, 5].filter((segment) => !again.has(pathOf(segment))).length >= 3)
      }))

    it.scoped(`a key is found whatever the memory for indexes (${files})`, () =>
      Effect.gen(function*() {
        const { open } = yield* filled(files, { indexCacheBytes: 0 })
        const wal = yield* open
        for (const segment of [1, 5, 2, 1]) {
          const found = yield* collect(wal.enumerateRecords(keyOf(segment, 500)))
          deepStrictEqual(found.map(({ ref }) => Number(ref.segment)), [segment])
        }
        deepStrictEqual(yield* collect(wal.enumerateRecords("none")), [])
      }))

    it.scoped(`a key is found although filters and tables are damaged (${files})`, () =>
      Effect.gen(function*() {
        const { disk, open } = yield* filled(files)
        const fs = disk.fileSystem
        for (const [segment, at] of [[2, 200], [3, 40], [4, 2]] as const) {
          const file = yield* fs.readFile(pathOf(segment))
          const trailer = trailerOf(file)
          file[trailer.dataLength + at] = (file[trailer.dataLength + at] ?? 0) ^ 0x10
          yield* fs.writeFile(pathOf(segment), file)
          const index = file.subarray(trailer.dataLength, trailer.dataLength + trailer.indexLength)
          strictEqual(openSealIndex(index, trailer.indexTableChecksum, trailer)._tag, "damaged")
        }
        const wal = yield* open
        for (let segment = 1; segment <= SEGMENTS; segment++) {
          const found = yield* collect(wal.enumerateRecords(keyOf(segment, 5)))
          deepStrictEqual(found.map(({ ref }) => Number(ref.segment)), [segment])
        }
        deepStrictEqual(yield* collect(wal.enumerateRecords("none")), [])
      }))

    it.scoped(`a segment that grows again is not asked for by what it was (${files})`, () =>
      Effect.gen(function*() {
        const { disk, open } = yield* filled(files)
        const wal = yield* open
        const count = (key: string) => Effect.map(collect(wal.enumerateRecords(key)), ({ length }) => length)
        strictEqual(yield* count(keyOf(SEGMENTS, 1)), 1)
        strictEqual(yield* count("new"), 0)
        yield* wal.appendBatch([{ key: "new", content: bytes("x") }, { key: keyOf(SEGMENTS, 1), content: bytes("y") }])
        deepStrictEqual([yield* count("new"), yield* count(keyOf(SEGMENTS, 1))], [1, 2])

        // The segment ends, and is sealed anew.
        yield* fill(wal)
        yield* Effect.repeat(disk.fileSystem.readFile(pathOf(SEGMENTS)), { until: isSealed })
        deepStrictEqual([yield* count("new"), yield* count(keyOf(SEGMENTS, 1))], [1, 3])
        strictEqual((yield* collect(wal.enumerateKeys)).length, SEGMENTS * KEYS + 1)
      }))

    it.scoped(`a replay of everything asks for no index (${files})`, () =>
      Effect.gen(function*() {
        const { disk, open } = yield* filled(files)
        const ends = new Map(
          yield* Effect.forEach([1, 2, 3, 4, 5, 6], (segment) =>
            Effect.map(
              disk.fileSystem.readFile(pathOf(segment)),
              (file) => [pathOf(segment), trailerOf(file).dataLength] as const
            ))
        )
        const wal = yield* open
        const from = (yield* disk.operations).length
        strictEqual((yield* sequences(wal.replay())).length, SEGMENTS * KEYS)
        const beyond = (yield* disk.operations).slice(from).filter(({ kind, offset = 0, path }) =>
          kind === "read" && offset >= (ends.get(path) ?? Infinity)
        )
        deepStrictEqual(beyond, [])
      }))

    it.scoped(`a replay goes on while what it has read is removed, and fails where it comes too late (${files})`, () =>
      Effect.gen(function*() {
        const { disk, open } = yield* filled(files)
        const wal = yield* open
        const seen = yield* Stream.runFoldEffect(Stream.chunks(wal.replay()), 0, (seen, chunk) => {
          const last = Chunk.toReadonlyArray(chunk).at(-1)?.sequence ?? sequence(1)
          return Effect.as(wal.truncateBefore(last), seen + chunk.length)
        })
        strictEqual(seen, SEGMENTS * KEYS)
        strictEqual(Number((yield* wal.stats).oldest?.sequence), (SEGMENTS - 1) * KEYS + 1)

        yield* fill(wal)
        const error = yield* Effect.flip(
          Stream.runForEachChunk(wal.replay(), () => wal.truncateBefore(sequence((2 * SEGMENTS - 1) * KEYS)))
        )
        strictEqual(error._tag, "WalRetentionError")
        yield* wal.shutdown({ files: "keep" })
        deepStrictEqual(yield* disk.openFiles, [])
      }))

    it.scoped(`a replay that is given up leaves nothing open (${files})`, () =>
      Effect.gen(function*() {
        const { disk, open } = yield* filled(files, { maxSegmentBytes: 4 * 1024 * 1024 })
        const wal = yield* open
        yield* wal.appendBatch(Array.from({ length: 30 }, () => ({ key: "k", content: new Uint8Array(90_000) })))
        const give = collect(Stream.take(wal.replay({ from: sequence(SEGMENTS * KEYS + 1) }), 1))
        yield* give
        const before = (yield* disk.openFiles).length
        yield* Effect.repeatN(give, 10)
        strictEqual((yield* disk.openFiles).length, before)
        yield* wal.shutdown({ files: "keep" })
        deepStrictEqual(yield* disk.openFiles, [])
      }))
  }
})

describe("a view of ten thousand segments", () => {
  const segmentAt = (id: number): Segment => ({
    id: toSegmentId(id),
    path: pathOf(id),
    salt: id,
    createdAt: 0,
    baseSequence: id * 10,
    lastSequence: id * 10 + 9,
    entryCount: 10,
    lost: [],
    dataLength: 4096,
    lowestTimestamp: 0,
    highestTimestamp: 0,
    sealedAt: 0,
    firstSeenAt: 0,
    index: { _tag: "Missing" }
  })

  it("finds the segment of a ref by its id, with and without gaps between the ids", () => {
    for (const step of [1, 3]) {
      const sealed = Array.from({ length: 10_000 }, (_, index) => segmentAt(5 + index * step))
      const view = { sealed, active: segmentAt(5 + 10_000 * step) }
      const ref = { offset: 128, length: 56, sequence: toSequence(1), checksum: 0 }
      const find = (segment: number) => segmentOfRef(view, { segment: toSegmentId(segment), ...ref })
      expect([...sealed, view.active].every((segment) => find(segment.id) === segment)).toBe(true)
      const ids = new Set([...sealed, view.active].map(({ id }) => Number(id)))
      const absent = Array.from({ length: 10_020 * step }, (_, id) => id).filter((id) => !ids.has(id))
      expect(absent.every((id) => find(id) === undefined)).toBe(true)
    }
  })
})
