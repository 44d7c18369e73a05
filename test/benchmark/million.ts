/**
 * One million entries of 100 bytes over 100,000 keys: append, close, open, enumerate by key, replay, on a real disk.
 *
 * Run with `node --import tsx test/benchmark/million.ts [directory]`.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { cpus, totalmem } from "node:os"
import * as Wal from "../../src/Wal.js"
import type { EntryInput } from "../../src/WalEntry.js"

const ENTRIES = 1_000_000
const KEYS = 100_000
const CONTENT_LENGTH = 100
const KEYS_READ = 1_000

const keyOf = (index: number): string => `key-${String(index % KEYS).padStart(12, "0")}`

const contentOf = (index: number): Uint8Array => {
  const content = new Uint8Array(CONTENT_LENGTH)
  new DataView(content.buffer).setUint32(0, index)
  return content
}

const entries: Stream.Stream<EntryInput> = Stream.range(0, ENTRIES - 1).pipe(
  Stream.mapChunks(Chunk.map((index) => ({ key: keyOf(index), content: contentOf(index) })))
)

const timed = <A, E, R>(name: string, count: number, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function*() {
    const started = yield* Clock.currentTimeNanos
    const result = yield* effect
    const millis = Number((yield* Clock.currentTimeNanos) - started) / 1e6
    const rate = Math.round(count / millis * 1000).toLocaleString("en")
    yield* Console.log(`${name.padEnd(44)} ${millis.toFixed(1).padStart(10)} ms ${rate.padStart(14)} /s`)
    return result
  })

const expectCount = (what: string, expected: number) => (actual: number): Effect.Effect<void> =>
  actual === expected ? Effect.void : Effect.dieMessage(`${what}: ${actual} instead of ${expected}`)

/** Counted chunk by chunk, so that the stream's own cost for each element is not what is measured. */
const countOf = <A, E, R>(stream: Stream.Stream<A, E, R>): Effect.Effect<number, E, R> =>
  Stream.runFold(Stream.chunks(stream), 0, (sum, chunk) => sum + chunk.length)

const append = (directory: string) =>
  Effect.scoped(
    Effect.gen(function*() {
      const wal = yield* Wal.make({ directory })
      yield* timed("append, in a stream, written", ENTRIES, Stream.run(entries, wal.appendSink()))
      yield* timed("sync", 1, wal.sync)
      yield* timed("close", 1, wal.shutdown({ files: "keep" }))
    })
  )

const appendOneByOne = (directory: string) =>
  Effect.scoped(
    Effect.gen(function*() {
      const wal = yield* Wal.make({ directory })
      const each = Effect.forEach(
        Array.from({ length: ENTRIES / 10 }, (_, index) => index),
        (index) => wal.appendEntry(keyOf(index), contentOf(index)),
        { concurrency: 64, discard: true }
      )
      yield* timed("append 100,000 by 64 fibers, written", ENTRIES / 10, each)
    })
  )

const read = (directory: string) =>
  Effect.scoped(
    Effect.gen(function*() {
      const wal = yield* timed("open, cleanly closed", 1, Wal.make({ directory }))
      yield* timed("the first append after opening", 1, wal.appendEntry("first", contentOf(0)))
      yield* timed("replay", ENTRIES, Effect.flatMap(countOf(wal.replay()), expectCount("entries", ENTRIES + 1)))
      yield* timed(
        "enumerate the keys",
        KEYS,
        Effect.flatMap(countOf(wal.enumerateKeys), expectCount("keys", KEYS + 1))
      )
      const oneByOne = Effect.forEach(
        Array.from({ length: KEYS_READ }, (_, index) => keyOf(index * (KEYS / KEYS_READ))),
        (key) => Effect.flatMap(countOf(wal.enumerateRecords(key)), expectCount(key, ENTRIES / KEYS)),
        { discard: true }
      )
      yield* timed("the 10 entries of each of 1,000 keys", KEYS_READ, oneByOne)
    })
  )

const program = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const parent = process.argv[2]
  const directory = yield* fs.makeTempDirectoryScoped(parent === undefined ? {} : { directory: parent })
  const processor = cpus()[0]?.model ?? "unknown"
  yield* Console.log(
    `${cpus().length} × ${processor}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
  )
  yield* append(`${directory}/log`)
  yield* read(`${directory}/log`)
  yield* appendOneByOne(`${directory}/one-by-one`)
  yield* Console.log(`peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`)
})

NodeRuntime.runMain(program.pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))
