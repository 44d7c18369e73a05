/**
 * A log whose indexes are larger together than the memory for them: they are read by blocks, and answer as they always did.
 */
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import * as Wal from "effect-wal/Wal"
import type { Entry } from "effect-wal/WalEntry"
import type { WalOptions } from "effect-wal/WalOptions"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { decodeSealTrailer, encodeSealTrailer, SEAL_TRAILER_LENGTH } from "../../../src/internal/format/sealTrailer.js"
import { bytes, collect, contents, sequence, sequences, session, text } from "../../support/entries.js"
import { withoutBlocks } from "../format/longIndexes.js"

const kinds = ["platform", "tuned"] as const

const options = {
  directory: "/wal",
  compaction: "manual",
  syncInterval: "never",
  maxSegmentBytes: 384 * 1024
} as const satisfies WalOptions

const KEYS = 4_000
const ENTRIES = 20_000
const BATCH = 400

const keyOf = (number: number): string => `key ${number} ${"x".repeat(number * 7 % 60)}`

/** The first keys are in nearly every segment, the last ones in few; within a batch they are in no order. */
const numberOf = (ordinal: number): number => {
  const place = ordinal * 7_919 % KEYS
  return ordinal % 3 === 0 ? place % 500 : place
}

/** By key: the sequences of its entries. */
const model = new Map<string, Array<number>>()
for (let ordinal = 0; ordinal < ENTRIES; ordinal++) {
  const key = keyOf(numberOf(ordinal))
  model.set(key, [...(model.get(key) ?? []), ordinal + 1])
}

const sortedKeys = [...model.keys()].sort()

const fill = (wal: Wal.Service, from: number, to: number) =>
  Effect.forEach(
    Array.from({ length: Math.ceil((to - from) / BATCH) }, (_, batch) => from + batch * BATCH),
    (start) =>
      wal.appendBatch(
        Array.from({ length: Math.min(BATCH, to - start) }, (_, at) => ({
          key: keyOf(numberOf(start + at)),
          content: bytes(String(start + at + 1))
        }))
      ),
    { discard: true }
  )

/** All but the last entries are in segments that were sealed before. */
const BEFORE = ENTRIES - 2_000

const filled = (files: (typeof kinds)[number]) =>
  Effect.gen(function*() {
    const disk = yield* SimulatedDisk.make({ files })
    yield* Effect.provide(session((wal) => fill(wal, 0, BEFORE))(Wal.make(options)), disk.layer)
    const open = (indexCacheBytes: number) => Effect.provide(Wal.make({ ...options, indexCacheBytes }), disk.layer)
    return { disk, open }
  })

const segmentPaths = (disk: SimulatedDisk.SimulatedDisk) =>
  Effect.map(
    disk.fileSystem.readDirectory("/wal"),
    (names) => names.filter((name) => name.endsWith(".wal")).sort().map((name) => `/wal/${name}`)
  )

const trailerOf = (file: Uint8Array) => {
  const decoded = decodeSealTrailer(file.subarray(-SEAL_TRAILER_LENGTH))
  if (decoded._tag !== "Trailer") {
    throw new Error("no seal")
  }
  return decoded.trailer
}

/** By segment: keys that are in none before it. */
const newKeys = (entries: ReadonlyArray<Entry>): ReadonlyMap<number, ReadonlyArray<string>> => {
  const seen = new Set<string>()
  const bySegment = new Map<number, Array<string>>()
  for (const { key, ref } of entries) {
    const name = text(key)
    if (!seen.has(name)) {
      seen.add(name)
      bySegment.set(ref.segment, [...(bySegment.get(ref.segment) ?? []), name])
    }
  }
  return bySegment
}

const someNumbers = (step: number) => Array.from({ length: Math.ceil(KEYS / step) }, (_, place) => place * step)

/** Asks in every way, of entries up to that sequence. */
const check = (wal: Wal.Reader, last: number, step: number) =>
  Effect.gen(function*() {
    for (const number of someNumbers(step)) {
      const key = keyOf(number)
      deepStrictEqual(
        yield* contents(wal.enumerateRecords(key)),
        (model.get(key) ?? []).filter((sequence) => sequence <= last).map(String)
      )
      deepStrictEqual(yield* collect(wal.enumerateRecords(`none ${key}`)), [])
    }
    deepStrictEqual(
      (yield* collect(wal.enumerateKeys)).map(text),
      sortedKeys.filter((key) => (model.get(key)?.[0] ?? Infinity) <= last)
    )
    for (let from = 1; from <= last; from += 3_331) {
      deepStrictEqual(yield* sequences(Stream.take(wal.replay({ from: sequence(from) }), 2)), [from, from + 1])
    }
  })

describe("indexes beyond the memory for them", () => {
  for (const files of kinds) {
    for (const indexCacheBytes of [0, 20_000, 300_000, 600_000, 64 * 2 ** 20]) {
      it.scoped(`tell all that there is, with ${indexCacheBytes} bytes for them (${files})`, () =>
        Effect.gen(function*() {
          const { open } = yield* filled(files)
          const wal = yield* open(indexCacheBytes)
          yield* check(wal, BEFORE, 97)
          yield* fill(wal, BEFORE, ENTRIES)
          yield* check(wal, ENTRIES, 97)
          for (const number of someNumbers(499)) {
            const key = keyOf(number)
            const last = model.get(key)?.at(-1) ?? 0
            const error = yield* Effect.flip(
              wal.appendExpecting(key, bytes("x"), { expectedSequence: sequence(last + 1) })
            )
            strictEqual(error._tag === "WalConflictError" ? Number(error.actual) : error._tag, last)
          }
        }))
    }

    it.scoped(`cost a lookup a few blocks of each segment (${files})`, () =>
      Effect.gen(function*() {
        const { disk, open } = yield* filled(files)
        const wal = yield* open(60_000)
        // What is kept of each segment is read once.
        yield* collect(wal.enumerateRecords(keyOf(0)))
        const [path = ""] = yield* segmentPaths(disk)
        const { dataLength, indexLength } = trailerOf(yield* disk.fileSystem.readFile(path))
        assertTrue(indexLength > 100_000)
        const from = (yield* disk.operations).length
        for (const number of someNumbers(401)) {
          yield* collect(wal.enumerateRecords(keyOf(number)))
        }
        const lengths = (yield* disk.operations).slice(from)
          .filter((operation) => operation.path === path && operation.kind === "read")
          .filter(({ offset = 0 }) => offset >= dataLength)
          .map(({ length = 0 }) => length)
        assertTrue(lengths.length > 20)
        assertTrue(Math.max(...lengths) <= 8 * 1024)
      }))

    it.scoped(`take their turn in memory when they are used more than others (${files})`, () =>
      Effect.gen(function*() {
        const { disk, open } = yield* filled(files)
        const paths = yield* segmentPaths(disk)
        const { indexLength } = trailerOf(yield* disk.fileSystem.readFile(paths[0] ?? ""))
        const wal = yield* open(Math.floor(1.7 * indexLength))
        const newIn = newKeys(yield* collect(wal.replay()))
        /** How often an index is read whole for the first entries of keys, which are in these segments in turn. */
        const loadsFor = (segments: ReadonlyArray<number>, lookups: number) =>
          Effect.gen(function*() {
            const from = (yield* disk.operations).length
            for (let at = 0; at < lookups; at++) {
              const keys = newIn.get(segments[at % segments.length] ?? 0) ?? []
              yield* Stream.runDrain(Stream.take(wal.enumerateRecords(keys[at % keys.length] ?? ""), 1))
            }
            return (yield* disk.operations).slice(from).filter(({ kind, length = 0, offset = 0 }) =>
              kind === "read" && length > indexLength / 2 && offset > 0
            ).length
          })
        strictEqual(yield* loadsFor([1], 1), 1)
        strictEqual(yield* loadsFor([1], 50), 0)
        // The other one is read by blocks, then loaded in the place of the first, and stays as long as it is used.
        strictEqual(yield* loadsFor([2], 3), 0)
        strictEqual(yield* loadsFor([2], 50), 1)
        strictEqual(yield* loadsFor([2, 1], 200), 0)
        strictEqual(yield* loadsFor([1], 50), 1)
      }))

    it.scoped(`are made anew where a block is damaged (${files})`, () =>
      Effect.gen(function*() {
        const { disk, open } = yield* filled(files)
        const fs = disk.fileSystem
        const path = (yield* segmentPaths(disk))[1] ?? ""
        const whole = yield* fs.readFile(path)
        const { dataLength, indexLength } = trailerOf(whole)
        for (const part of [0, 0.003, 0.1, 0.25, 0.4, 0.6, 0.8, 0.95, 0.999]) {
          const file = whole.slice()
          for (
            let at = dataLength + Math.floor(part * indexLength);
            at < dataLength + part * indexLength + 9_000;
            at += 2_048
          ) {
            if (at < dataLength + indexLength) {
              file[at] = (file[at] ?? 0) ^ 0x10
            }
          }
          yield* fs.writeFile(path, file)
          yield* Effect.scoped(Effect.flatMap(open(part > 0.5 ? 0 : 100_000), (wal) => check(wal, BEFORE, 801)))
        }
      }))

    it.scoped(`are loaded whole where they have no blocks, as before there were any (${files})`, () =>
      Effect.gen(function*() {
        const { disk, open } = yield* filled(files)
        const fs = disk.fileSystem
        for (const path of yield* segmentPaths(disk)) {
          const file = yield* fs.readFile(path)
          const trailer = trailerOf(file)
          const { dataLength, indexLength, indexTableChecksum } = trailer
          const index = file.slice(dataLength, dataLength + indexLength)
          const older = withoutBlocks({ bytes: index, tableChecksum: indexTableChecksum })
          assertTrue(older.bytes.length < indexLength)
          const changed = { ...trailer, indexLength: older.bytes.length, indexTableChecksum: older.tableChecksum }
          yield* fs.writeFile(
            path,
            Buffer.concat([file.subarray(0, dataLength), older.bytes, encodeSealTrailer(changed)])
          )
        }
        for (const indexCacheBytes of [0, 300_000]) {
          yield* Effect.scoped(Effect.flatMap(open(indexCacheBytes), (wal) => check(wal, BEFORE, 397)))
        }
        const wal = yield* open(0)
        yield* fill(wal, BEFORE, ENTRIES)
        yield* check(wal, ENTRIES, 397)
      }))

    it.scoped(`give a key's entries piece by piece, however many (${files})`, () =>
      Effect.gen(function*() {
        const disk = yield* SimulatedDisk.make({ files })
        const open = Effect.provide(
          Wal.make({ ...options, maxSegmentBytes: 4 * 2 ** 20, indexCacheBytes: 0 }),
          disk.layer
        )
        const count = 20_000
        yield* Effect.scoped(Effect.flatMap(open, (wal) =>
          wal.appendBatch(
            Array.from({ length: count }, (_, at) => ({ key: at % 100 === 0 ? "other" : "one", content: bytes("x") }))
          )))
        const wal = yield* open
        const expected = Array.from({ length: count }, (_, at) => at)
        deepStrictEqual(
          yield* sequences(wal.enumerateRecords("one")),
          expected.filter((at) => at % 100 !== 0).map((at) => at + 1)
        )
        deepStrictEqual(
          yield* sequences(wal.enumerateRecords("other")),
          expected.filter((at) => at % 100 === 0).map((at) => at + 1)
        )
      }))

    it.scoped(`tell of keys what the log had when it was asked, or that it is gone (${files})`, () =>
      Effect.gen(function*() {
        const { open } = yield* filled(files)
        const wal = yield* open(0)
        yield* fill(wal, BEFORE, ENTRIES)
        yield* fill(wal, 0, ENTRIES)
        const truncated = yield* Effect.flip(
          Stream.runForEachChunk(wal.enumerateKeys, () => wal.truncateBefore(sequence(BEFORE)))
        )
        strictEqual(truncated._tag, "WalRetentionError")
        yield* fill(wal, 0, ENTRIES)
        const seen = yield* Stream.runFoldEffect(
          Stream.chunks(wal.enumerateKeys),
          0,
          (seen, chunk) => Effect.as(wal.appendEntry(`new ${seen}`, bytes("x")), seen + chunk.length)
        )
        strictEqual(seen, KEYS)
        assertTrue((yield* collect(wal.enumerateKeys)).length > KEYS)
      }))
  }
})
