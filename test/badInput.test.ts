/**
 * Bad input: each a typed error that names the value and the rule, with the log unharmed and still usable.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, it } from "@effect/vitest"
import { assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { viewOf, writeU16, writeU32 } from "../src/internal/format/bytes.js"
import { crc32 } from "../src/internal/format/crc32.js"
import { ENTRY, sealFrame, writeFrameHeader } from "../src/internal/format/frame.js"
import { decodeSegmentHeader, SEGMENT_HEADER_LENGTH } from "../src/internal/format/segmentHeader.js"
import * as SimulatedDisk from "../src/testing/SimulatedDisk.js"
import * as Wal from "../src/Wal.js"
import { type EntryRef, SegmentId, Sequence } from "../src/WalEntry.js"
import type { WalOptions } from "../src/WalOptions.js"

const DIRECTORY = "/log"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const open = (options: Omit<WalOptions, "directory"> = {}) => Wal.make({ directory: DIRECTORY, ...options })

/** Appends and reads, and so does the log when it is opened again. */
const isUsable = (wal: Wal.Service) =>
  Effect.gen(function*() {
    const before = yield* wal.entryCount
    const ref = yield* wal.logEntry("usable", bytes("still"))
    strictEqual(new TextDecoder().decode((yield* wal.readEntryAt(ref)).content), "still")
    strictEqual(yield* wal.entryCount, before + 1)
    yield* wal.shutdown({ files: "keep" })
    yield* Effect.scoped(
      Effect.flatMap(open(), (again) => Effect.map(again.entryCount, (count) => strictEqual(count, before + 1)))
    )
  })

const onMemory = <A, E>(test: Effect.Effect<A, E, FileSystem.FileSystem>) => Effect.provide(test, SimulatedDisk.layer())

describe("an append that breaks a rule", () => {
  const small = { maxEntryBytes: 200, maxSegmentBytes: 4096 }
  const cases: ReadonlyArray<
    readonly [string, string, ReadonlyArray<string>, (wal: Wal.Service) => Effect.Effect<unknown, Error>]
  > = [
    ["an empty key", "EmptyKey", ["at least 1 byte"], (wal) => wal.appendEntry("", bytes("x"))],
    ["an empty key of bytes", "EmptyKey", ["at least 1 byte"], (wal) => wal.appendEntry(new Uint8Array(0), bytes("x"))],
    [
      "a key of 65,536 bytes",
      "OversizedKey",
      ["65535", "65536"],
      (wal) => wal.appendEntry("k".repeat(65_536), bytes("x"))
    ],
    ["half a surrogate pair", "MalformedKey", ["well-formed"], (wal) => wal.appendEntry("a\ud800b", bytes("x"))],
    [
      "65,536 bytes of metadata",
      "OversizedMetadata",
      ["65535", "65536"],
      (wal) => wal.appendEntry("k", bytes("x"), { metadata: new Uint8Array(65_536) })
    ],
    [
      "too large an entry",
      "OversizedEntry",
      ["maxEntryBytes = 200"],
      (wal) => wal.appendEntry("k", new Uint8Array(200))
    ],
    [
      "too large a batch",
      "OversizedBatch",
      ["maxSegmentBytes = 4096", "40 entries"],
      (wal) => wal.appendBatch(Array.from({ length: 40 }, () => ({ key: "k", content: new Uint8Array(100) })))
    ],
    [
      "a batch with one bad member",
      "EmptyKey",
      ["at least 1 byte"],
      (wal) => wal.appendBatch([{ key: "good", content: bytes("x") }, { key: "", content: bytes("x") }])
    ],
    ["a read by an empty key", "EmptyKey", ["at least 1 byte"], (wal) => Stream.runDrain(wal.enumerateRecords(""))]
  ]
  for (const [name, reason, facts, operation] of cases) {
    it.scoped(`is refused with ${reason}: ${name}`, () =>
      onMemory(Effect.scoped(Effect.gen(function*() {
        const wal = yield* open(small)
        yield* wal.appendEntry("first", bytes("1"))
        const error = yield* Effect.flip(operation(wal))
        strictEqual("reason" in error ? error.reason : error.name, reason)
        facts.forEach((fact) => assertInclude(error.message, fact))
        strictEqual(yield* wal.entryCount, 1)
        yield* isUsable(wal)
      }))))
  }
})

/** Options as they come from where no compiler has seen them. */
const unchecked = (options: Readonly<Record<string, unknown>>): Partial<WalOptions> =>
  JSON.parse(JSON.stringify(options))

describe("an option that breaks its rule", () => {
  const cases: ReadonlyArray<readonly [keyof WalOptions, Partial<WalOptions>, string]> = [
    ["directory", { directory: "" }, "a non-empty path"],
    ["segments", { segments: 0 }, "at least 1"],
    ["segments", { segments: 2.5 }, "a whole number"],
    ["entryRetention", { entryRetention: "5 seconds" }, "at least one second for each of the 10 segments"],
    ["entryRetention", { entryRetention: -1 }, "not negative"],
    ["entryRetention", { entryRetention: Number.NaN }, "not negative"],
    ["maxSegmentBytes", { maxSegmentBytes: 100 }, "from 4096 to 2147483648"],
    ["maxSegmentBytes", { maxSegmentBytes: 2 ** 31 + 1 }, "from 4096 to 2147483648"],
    ["maxEntryBytes", { maxEntryBytes: 8192, maxSegmentBytes: 4096 }, "from 1 to 4096"],
    ["maxPendingBytes", { maxPendingBytes: 0 }, "from 1"],
    ["retainBytes", { retainBytes: 1 }, "from 4096"],
    ["indexCacheBytes", { indexCacheBytes: -1 }, "from 0"],
    ["flushInterval", { flushInterval: -5 }, "not negative"],
    ["flushInterval", { flushInterval: [-1, 0] }, "not negative"],
    ["syncInterval", { syncInterval: -5 }, "not negative"],
    ["directory", { directory: "a\0b" }, "a non-empty path"],
    ["entryRetention", { segments: 1_000_000 }, "at least one second for each of the 1000000 segments"],
    ["segments", unchecked({ segments: "ten" }), "a whole number"],
    ["entryRetention", unchecked({ entryRetention: "soon" }), "a duration"],
    ["maxSegmentBytes", unchecked({ maxSegmentBytes: "large" }), "a whole number of bytes"],
    ["durability", unchecked({ durability: "forever" }), "one of buffered, written, synced"],
    ["onDamage", unchecked({ onDamage: "ignore" }), "one of fail, salvage"],
    ["compaction", unchecked({ compaction: "never" }), "a Schedule or manual"]
  ]
  for (const [option, options, rule] of cases) {
    it.scoped(`is named with its value and its rule: ${option} in ${JSON.stringify(options)}`, () =>
      onMemory(Effect.scoped(Effect.gen(function*() {
        const error = yield* Effect.flip(Wal.make({ directory: DIRECTORY, ...options }))
        strictEqual(error._tag === "WalConfigError" ? error.option : error._tag, option)
        assertInclude(error.message, rule)
        assertInclude(error.message, `The option ${option} is ${String(options[option] ?? "7 days")}, but`)
        yield* isUsable(yield* open())
      }))))
  }

  it.scoped("and infinity is a retention", () =>
    onMemory(Effect.scoped(Effect.flatMap(open({ entryRetention: Duration.infinity }), isUsable))))
})

const withDirectory = <A, E>(test: (directory: string) => Effect.Effect<A, E, FileSystem.FileSystem>) =>
  FileSystem.FileSystem.pipe(
    Effect.flatMap((fs) => fs.makeTempDirectoryScoped()),
    Effect.flatMap(test),
    Effect.scoped,
    Effect.provide(NodeFileSystem.layer)
  )

const refusalOf = (directory: string) => Effect.flip(Effect.scoped(Wal.make({ directory })))

describe("a directory that cannot be a log's", () => {
  it.live("is a file", () =>
    withDirectory((parent) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const path = `${parent}/file`
        yield* fs.writeFileString(path, "mine")
        const error = yield* refusalOf(path)
        assertTrue(error._tag === "WalIoError" || error._tag === "WalLockedError")
        assertInclude(error.message, path)
        strictEqual(yield* fs.readFileString(path), "mine")
      })
    ))

  it.live("lies below a file", () =>
    withDirectory((parent) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* fs.writeFileString(`${parent}/file`, "mine")
        const error = yield* refusalOf(`${parent}/file/log`)
        strictEqual(error._tag, "WalIoError")
        assertInclude(error.message, `${parent}/file`)
      })
    ))

  it.effect("cannot be created, or written", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* disk.fault({ on: "makeDirectory", times: 1, effect: SimulatedDisk.fail("EACCES") })
      const notCreated = yield* Effect.provide(refusalOf("/a/log"), disk.layer)
      strictEqual(notCreated._tag === "WalIoError" ? notCreated.reason : notCreated._tag, "PermissionDenied")
      yield* disk.fileSystem.makeDirectory("/b")
      const readOnly = yield* disk.fault({
        on: ["open", "write", "rename", "makeDirectory"],
        path: (path) => path !== "/b",
        effect: SimulatedDisk.fail("EROFS")
      })
      const notWritten = yield* Effect.provide(refusalOf("/b"), disk.layer)
      strictEqual(notWritten._tag === "WalIoError" ? notWritten.reason : notWritten._tag, "ReadOnly")
      yield* readOnly.lift
      yield* Effect.provide(Effect.scoped(Wal.make({ directory: "/b" })), disk.layer)
    }))
})

const PATH = `${DIRECTORY}/00000000000000000001.wal`

const rewrite = (change: (file: Uint8Array) => Uint8Array) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* fs.writeFile(PATH, change(Uint8Array.from(yield* fs.readFile(PATH))))
  })

const oneEntry = Effect.scoped(Effect.flatMap(open(), (wal) => wal.logEntry("key", bytes("content"))))

/** The log is refused, and everything in its directory stays as it is. */
const isRefused = (rule: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const before = yield* fs.readFile(PATH)
    const error = yield* refusalOf(DIRECTORY)
    strictEqual(error._tag === "WalCodecError" ? error.reason : error._tag, "UnknownFormat")
    assertInclude(error.message, rule)
    assertInclude(error.message, PATH)
    deepStrictEqual(yield* fs.readFile(PATH), before)
  })

describe("a segment of another kind", () => {
  it.effect("is a foreign file with a segment's name", () =>
    onMemory(Effect.gen(function*() {
      yield* oneEntry
      yield* rewrite(() => bytes("not a segment, but long enough to have a header of 128 bytes ".repeat(4)))
      yield* isRefused("NANO-WAL")
    })))

  it.effect("has a format of the future", () =>
    onMemory(Effect.gen(function*() {
      yield* oneEntry
      yield* rewrite((file) => {
        writeU16(file, 8, 2)
        writeU32(file, 124, crc32(file, 0, 124, 0))
        return file
      })
      yield* isRefused("format version 2")
    })))

  it.effect("has a frame with a flag or a type of the future", () =>
    onMemory(Effect.gen(function*() {
      yield* oneEntry
      yield* rewrite((file) => {
        const decoded = decodeSegmentHeader(file)
        const salt = decoded._tag === "Header" ? decoded.header.salt : 0
        const frames = new Uint8Array(32)
        writeFrameHeader(viewOf(frames), 0, salt, ENTRY + 6, 0, 8, 0, 1)
        sealFrame(viewOf(frames), 0, salt, 0)
        return Buffer.concat([file.subarray(0, SEGMENT_HEADER_LENGTH), frames])
      })
      yield* isRefused("later version")
    })))
})

describe("a log that is not open to one", () => {
  it.scoped("was shut down: every operation says so", () =>
    onMemory(Effect.scoped(Effect.gen(function*() {
      const wal = yield* open()
      const ref = yield* wal.appendEntry("key", bytes("content"))
      yield* wal.shutdown({ files: "keep" })
      const operations: ReadonlyArray<Effect.Effect<unknown, Error>> = [
        wal.appendEntry("key", bytes("x")),
        wal.logEntry("key", bytes("x")),
        wal.appendBatch([{ key: "key", content: bytes("x") }]),
        Stream.run(Stream.make({ key: "key", content: bytes("x") }), wal.appendSink()),
        Stream.runDrain(wal.enumerateRecords("key")),
        Stream.runDrain(wal.enumerateKeys),
        Stream.runDrain(wal.replay()),
        wal.readEntryAt(ref),
        wal.sync,
        wal.compact,
        wal.truncateBefore(Sequence.make(1)),
        wal.entryCount,
        wal.stats
      ]
      const tags = yield* Effect.forEach(operations, (operation) =>
        Effect.map(Effect.flip(operation), (error) => error.name))
      deepStrictEqual(new Set(tags), new Set(["WalClosedError"]))
      yield* wal.shutdown({ files: "keep" })
    }))))

  it.live("is open in this very process, or in another one", () =>
    withDirectory((parent) =>
      Effect.scoped(Effect.gen(function*() {
        const directory = `${parent}/log`
        const wal = yield* Wal.make({ directory })
        const here = yield* refusalOf(directory)
        strictEqual(here._tag === "WalLockedError" ? here.where : here._tag, "this-process")
        assertInclude(here.message, "provide it once")
        const child = fileURLToPath(new URL("./children/opener.ts", import.meta.url))
        const there = spawnSync(process.execPath, ["--import", "tsx", child, directory], { encoding: "utf8" })
        assertInclude(there.stdout, "WalLockedError")
        assertInclude(there.stdout, `process ${process.pid}`)
        yield* wal.logEntry("key", bytes("unharmed"))
        yield* wal.shutdown({ files: "keep" })
        const free = spawnSync(process.execPath, ["--import", "tsx", child, directory], { encoding: "utf8" })
        strictEqual(free.stdout.trim(), "opened")
      }))
    ))
})

/** A ref as it comes out of a database. */
const uncheckedRef = (ref: Readonly<Record<string, unknown>>): EntryRef => JSON.parse(JSON.stringify(ref))

describe("a ref that is none", () => {
  it.scoped("points into the middle of an entry, or nowhere", () =>
    onMemory(Effect.scoped(Effect.gen(function*() {
      const wal = yield* open()
      yield* wal.appendEntry("first", bytes("content"))
      const ref = yield* wal.appendEntry("second", bytes("content"))
      const wrong: ReadonlyArray<EntryRef> = [
        { ...ref, offset: ref.offset + 8 },
        { ...ref, offset: ref.offset - 8 },
        { ...ref, offset: ref.offset + 1 },
        { ...ref, offset: 0 },
        { ...ref, length: ref.length - 8 },
        { ...ref, length: 2 ** 40 },
        { ...ref, checksum: ref.checksum ^ 1 },
        { ...ref, sequence: Sequence.make(1) },
        { ...ref, sequence: Sequence.make(99) },
        { ...ref, segment: SegmentId.make(7) },
        ...[Number.NaN, -8, 2 ** 60, Infinity, ref.offset + 0.5].map((offset) => ({ ...ref, offset })),
        ...[Number.NaN, -1, 0, Infinity, ref.length + 0.5].map((length) => ({ ...ref, length })),
        ...[Number.NaN, -1, 0.5].map((checksum) => ({ ...ref, checksum })),
        ...[-1, 0, 1.5, 1e300].map((sequence) => uncheckedRef({ ...ref, sequence })),
        ...[-1, 0, 1.5, 1e300].map((segment) => uncheckedRef({ ...ref, segment }))
      ]
      const errors = yield* Effect.forEach(wrong, (candidate) => Effect.flip(wal.readEntryAt(candidate)))
      deepStrictEqual(
        errors.map((error) => "reason" in error ? error.reason : error._tag),
        wrong.map(() => "InvalidRef")
      )
      yield* isUsable(wal)
    }))))

  it.scoped("was an entry that has expired", () =>
    onMemory(Effect.scoped(Effect.gen(function*() {
      const wal = yield* open({ compaction: "manual" })
      const ref = yield* wal.appendEntry("old", bytes("content"))
      yield* TestClock.adjust("8 days")
      yield* wal.compact
      const error = yield* Effect.flip(wal.readEntryAt(ref))
      strictEqual(error._tag, "WalRetentionError")
      assertInclude(error.message, "sequence 1 is gone; the oldest one is 2")
      yield* isUsable(wal)
    }))))
})
