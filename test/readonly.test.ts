/**
 * Logs that are only read, beside a writer in the same process, on a simulated disk, and in another process that is killed.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import * as Wal from "effect-wal/Wal"
import type { Entry } from "effect-wal/WalEntry"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { appendAll, bytes, collect, contents, sequence, text } from "./support/entries.js"
import { at, places } from "./support/places.js"

const small = { maxSegmentBytes: 4096, compaction: "manual", syncInterval: "never" } as const
const QUICK = { pollInterval: "5 millis" } as const

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** About a third of a small segment. */
const third = (value: number): Uint8Array => bytes(String(value).padEnd(1_200, "."))

const appendNumbers = (wal: Wal.Service, numbers: ReadonlyArray<number>) =>
  Effect.forEach(numbers, (number) => wal.appendEntry(number % 2 === 0 ? "even" : "odd", third(number)), {
    discard: true
  })

const numberOf = (entry: Entry): number => Number(text(entry.content).replace(/\.+$/, ""))

const numbersOf = <E>(stream: Stream.Stream<Entry, E>) =>
  Effect.map(collect(stream), (entries) => entries.map(numberOf))

for (const place of places) {
  describe(`a reader ${place.name}`, () => {
    it.scopedLive("reads what a writer has written, while the writer goes on", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* appendNumbers(wal, upTo(8))
          const reader = yield* Wal.makeReader({ directory })
          deepStrictEqual(yield* numbersOf(reader.replay()), upTo(8))
          yield* appendNumbers(wal, [9, 10])
          deepStrictEqual(yield* numbersOf(reader.replay({ from: sequence(8) })), [8, 9, 10])
          deepStrictEqual(yield* numbersOf(reader.enumerateRecords("even")), [2, 4, 6, 8, 10])
          deepStrictEqual((yield* collect(reader.enumerateKeys)).map(text), ["even", "odd"])
          strictEqual(yield* reader.entryCount, 10)
          const ref = yield* wal.appendEntry("odd", third(11))
          yield* reader.entryCount
          strictEqual(numberOf(yield* reader.readEntryAt(ref)), 11)
        })
      ))

    it.scopedLive("follows a writer over its segments, through closing and opening again", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          yield* Effect.scoped(Effect.flatMap(Wal.make({ directory, ...small }), (wal) => appendNumbers(wal, upTo(3))))
          const reader = yield* Wal.makeReader({ directory, ...QUICK })
          const fiber = yield* Effect.fork(numbersOf(Stream.take(reader.changes(), 20)))
          yield* Effect.sleep("20 millis")
          yield* Effect.scoped(
            Effect.flatMap(Wal.make({ directory, ...small }), (wal) => appendNumbers(wal, upTo(11).slice(3)))
          )
          yield* Effect.sleep("20 millis")
          yield* Effect.scoped(
            Effect.flatMap(Wal.make({ directory, ...small }), (wal) => appendNumbers(wal, upTo(20).slice(11)))
          )
          deepStrictEqual(yield* Fiber.join(fiber), upTo(20))
        })
      ))

    it.scopedLive("finds what was appended to a segment after it had looked keys up in it", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const append = (key: string, count: number) =>
            Effect.scoped(Effect.flatMap(Wal.make({ directory, compaction: "manual" }), (wal) =>
              wal.appendBatch(
                Array.from({ length: count }, (_, at) => ({ key: at === 0 ? key : `${key} ${at}`, content: third(at) }))
              )))
          yield* append("a", 20)
          const reader = yield* Wal.makeReader({ directory })
          for (const [key, known] of [["b", 40], ["c", 60], ["d", 80]] as const) {
            deepStrictEqual(yield* numbersOf(reader.enumerateRecords(key)), [])
            yield* append(key, 20)
            deepStrictEqual(yield* numbersOf(reader.enumerateRecords(key)), [0])
            strictEqual((yield* collect(reader.enumerateKeys)).length, known)
          }
        })
      ))

    it.scopedLive("sees what is synced once a mark says so", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small, flushInterval: "1 millis" })
          yield* wal.logEntry("k", third(1))
          yield* wal.appendEntry("k", third(2))
          const reader = yield* Wal.makeReader({ directory, ...QUICK })
          const synced = yield* Effect.fork(numbersOf(Stream.take(reader.changes({ visibility: "synced" }), 2)))
          yield* Effect.sleep("50 millis")
          strictEqual((yield* reader.stats).syncedSequence, 1)
          yield* wal.sync
          deepStrictEqual(yield* Fiber.join(synced), [1, 2])
        })
      ))

    it.scopedLive("is told what retention has taken", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const wal = yield* Wal.make({ directory, ...small })
          yield* appendNumbers(wal, upTo(9))
          const reader = yield* Wal.makeReader({ directory })
          strictEqual(yield* reader.entryCount, 9)
          yield* wal.truncateBefore(sequence(9))
          const error = yield* Effect.flip(Stream.runDrain(reader.replay({ from: sequence(1) })))
          strictEqual(error._tag, "WalRetentionError")
          deepStrictEqual((yield* numbersOf(reader.replay())).at(-1), 9)
        })
      ))

    it.scopedLive("of an empty directory sees an empty log, and then the one that begins there", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          yield* fs.makeDirectory(directory, { recursive: true })
          const reader = yield* Wal.makeReader({ directory, ...QUICK })
          deepStrictEqual(yield* contents(reader.replay()), [])
          const fiber = yield* Effect.fork(contents(Stream.take(reader.changes(), 1)))
          const wal = yield* Wal.make({ directory })
          yield* appendAll(wal, "k", ["first"])
          deepStrictEqual(yield* Fiber.join(fiber), ["first"])
        })
      ))

    it.scopedLive("goes over to the log that takes the place of one that was removed", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const old = yield* Wal.make({ directory, ...small })
          yield* appendNumbers(old, upTo(7))
          const reader = yield* Wal.makeReader({ directory })
          strictEqual(yield* reader.entryCount, 7)
          yield* old.shutdown({ files: "remove" })
          const wal = yield* Wal.make({ directory, ...small })
          yield* appendNumbers(wal, upTo(8).map((number) => number + 100))
          deepStrictEqual(yield* numbersOf(reader.replay()), upTo(8).map((number) => number + 100))
        })
      ))

    it.scopedLive("that is closed can be used no more", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          yield* Effect.scoped(Wal.make({ directory, ...small }))
          const reader = yield* Effect.scoped(Wal.makeReader({ directory }))
          strictEqual((yield* Effect.flip(reader.entryCount))._tag, "WalClosedError")
        })
      ))

    it.scopedLive("refuses options that break their rule, and a directory that is not there", () =>
      at(place)((directory) =>
        Effect.gen(function*() {
          const invalid = yield* Effect.flip(Wal.makeReader({ directory, pollInterval: -1 }))
          strictEqual(invalid._tag === "WalConfigError" && invalid.option, "pollInterval")
          const missing = yield* Effect.flip(Wal.makeReader({ directory: `${directory}/none` }))
          strictEqual(missing._tag === "WalIoError" && missing.reason, "NotFound")
        })
      ))
  })
}

describe("a reader's look at the disk", () => {
  it.scopedLive("takes no lock and changes nothing, whatever it reads", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make({ files: "tuned" })
      const wal = yield* Effect.provide(Wal.make({ directory: "/log", ...small }), disk.layer)
      yield* appendNumbers(wal, upTo(8))
      // What the writer seals, it seals behind.
      yield* Effect.sleep("50 millis")
      const other = yield* disk.spawn
      const before = (yield* disk.operations).length
      const reader = yield* Effect.provide(Wal.makeReader({ directory: "/log" }), other.layer)
      deepStrictEqual(yield* numbersOf(reader.replay()), upTo(8))
      yield* collect(reader.enumerateKeys)
      const kinds = new Set((yield* disk.operations).slice(before).map(({ kind }) => kind))
      deepStrictEqual([...kinds].filter((kind) => !["open", "read", "readDirectory", "stat"].includes(kind)), [])
    }))

  it.scopedLive("does not take a write that is under way for damage, and shows it when it is whole", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make({})
      const fs = disk.fileSystem
      const wal = yield* Effect.provide(Wal.make({ directory: "/log", ...small }), disk.layer)
      yield* wal.logEntry("k", third(1))
      yield* wal.appendBatch([{ key: "k", content: third(2) }, { key: "k", content: bytes("3") }])
      const path = "/log/00000000000000000001.wal"
      const whole = yield* fs.readFile(path)
      const reader = (length: number) =>
        Effect.gen(function*() {
          const copy = yield* SimulatedDisk.make({})
          yield* copy.fileSystem.makeDirectory("/log")
          yield* copy.fileSystem.writeFile(path, whole.slice(0, length))
          const reader = yield* Effect.provide(Wal.makeReader({ directory: "/log" }), copy.layer)
          return { copy, reader }
        })
      const first = yield* reader(1_500)
      deepStrictEqual(yield* numbersOf(first.reader.replay()), [1])
      yield* first.copy.fileSystem.writeFile(path, whole)
      deepStrictEqual(yield* numbersOf(first.reader.replay()), [1, 2, 3])
      for (let length = 1_400; length < whole.length; length += 64) {
        const cut = yield* reader(length)
        const seen = yield* numbersOf(cut.reader.replay())
        assertTrue(seen.length === 1 || seen.length === 3)
      }
    }))

  it.scopedLive("names damage to what a mark promises", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make({})
      const wal = yield* Effect.provide(Wal.make({ directory: "/log", ...small }), disk.layer)
      yield* wal.logEntry("k", third(1))
      yield* wal.logEntry("k", third(2))
      const path = "/log/00000000000000000001.wal"
      const copy = yield* disk.killed
      const broken = yield* copy.fileSystem.readFile(path)
      broken[300] = (broken[300] ?? 0) ^ 1
      yield* copy.fileSystem.writeFile(path, broken)
      const error = yield* Effect.flip(Effect.provide(Wal.makeReader({ directory: "/log" }), copy.layer))
      strictEqual(error._tag, "WalCorruptionError")
    }))
})

const WRITER = fileURLToPath(new URL("./children/endlessWriter.ts", import.meta.url))

/** Lets a process append for a while, kills it, and answers what it reported last. */
const runAndKill = (directory: string, millis: number) =>
  Effect.async<number>((resume) => {
    const child = spawn(process.execPath, ["--import", "tsx", WRITER, directory], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    let output = ""
    child.stdout.on("data", (data: Buffer) => {
      if (output === "") {
        setTimeout(() => child.kill("SIGKILL"), millis)
      }
      output += data.toString()
    })
    child.on("close", () => resume(Effect.succeed(Number(output.split("\n").at(-2)))))
  })

describe("a reader of another process's log", () => {
  it.scopedLive(
    "follows it while it is killed and started again, without a gap or a repeat",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped({ prefix: "effect-wal-" })
        const reader = yield* Wal.makeReader({ directory, ...QUICK })
        const seen: Array<Entry> = []
        const following = yield* Effect.forkScoped(
          Stream.runForEachChunk(
            reader.changes(),
            (chunk) => Effect.sync(() => seen.push(...Chunk.toReadonlyArray(chunk)))
          )
        )
        yield* runAndKill(directory, 300)
        const acknowledged = yield* runAndKill(directory, 300)
        yield* Effect.repeat(Effect.sleep("20 millis"), {
          until: () => seen.length >= acknowledged || following.unsafePoll() !== null
        })
        strictEqual(following.unsafePoll(), null)
        assertTrue(acknowledged > 0)
        deepStrictEqual(seen.map(({ sequence }) => Number(sequence)), upTo(seen.length))
        deepStrictEqual(seen.map(numberOf), upTo(seen.length))
      }).pipe(Effect.provide(NodeFileSystem.layer)),
    120_000
  )
})
