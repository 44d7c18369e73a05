import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, expect, it } from "@effect/vitest"
import { assertInclude, assertInstanceOf, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"
import { NanoWalScanner } from "../src/internal/format/nanoWalEntry.js"
import * as NanoWal from "../src/NanoWal.js"
import * as Wal from "../src/Wal.js"
import { WalCodecError, WalIoError } from "../src/WalError.js"

const KIB = 1024
const MIB = 1024 * KIB

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/nano-wal-0.1.0/${name}`, import.meta.url))

const real = Effect.provide(NodeFileSystem.layer)

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

const u64 = (value: number | bigint): Uint8Array => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true)
  return bytes
}

const concat = (...parts: ReadonlyArray<Uint8Array>): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => Array.from(part)))

/** An entry as nano-wal writes it. */
const entry = (seconds: number, key: string, content: string | Uint8Array): Uint8Array => {
  const [keyBytes, contentBytes] = [key, content].map((part) => Buffer.from(part))
  return Buffer.concat([
    u64(seconds),
    u64(keyBytes?.length ?? 0),
    keyBytes ?? u64(0),
    u64(contentBytes?.length ?? 0),
    contentBytes ?? u64(0)
  ])
}

/** A directory with these files. */
const directoryOf = (files: Readonly<Record<string, Uint8Array>>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped()
    yield* Effect.forEach(Object.entries(files), ([name, bytes]) => fs.writeFile(`${directory}/${name}`, bytes))
    return directory
  })

const readAll = (directory: string) => Effect.map(Stream.runCollect(NanoWal.read(directory)), Chunk.toReadonlyArray)

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/** What matters of a record in one line. */
const shown = (record: NanoWal.NanoWalRecord): string =>
  record._tag === "Entry"
    ? `${text(record.key)}=${text(record.content)}`
    : `torn ${nameOf(record.path)} ${record.offset}+${record.bytes}`

const readShown = (directory: string) => Effect.map(readAll(directory), (records) => records.map(shown))

describe("reading what nano-wal wrote", () => {
  it.scoped("basic: every key, content, timestamp and place", () =>
    real(Effect.gen(function*() {
      const records = yield* readAll(fixture("basic"))
      deepStrictEqual(records.slice(0, 21).map(shown), [
        ...Array.from({ length: 20 }, (_, index) => `user:${index % 2 === 0 ? 1 : 2}=event ${index}`),
        "empty="
      ])
      deepStrictEqual(records[0], {
        _tag: "Entry",
        id: 29_686,
        timestamp: Date.UTC(2026, 10, 23, 5, 0, 50),
        key: new TextEncoder().encode("user:1"),
        content: new TextEncoder().encode("event 0"),
        path: fixture("basic/29686_user1.log"),
        offset: 0
      })
      const last = records[21]
      assertTrue(last?._tag === "Entry")
      strictEqual(text(last.key), "clé-日本")
      deepStrictEqual(Array.from(last.content), Array.from({ length: 256 }, (_, index) => index))
      strictEqual(records.length, 22)
    })))

  it.scoped("rotated: the files in the order of their ids", () =>
    real(Effect.gen(function*() {
      const records = yield* readAll(fixture("rotated"))
      deepStrictEqual(records.map(shown), [0, 1, 2, 3, 4].flatMap((i) => [`alpha=alpha ${i}`, `beta=beta ${i}`]))
      deepStrictEqual(
        records.map(({ id }) => id - 1_795_410_050),
        [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
      )
      assertTrue(records.every((record) => record._tag === "Entry" && record.timestamp === record.id * 1_000))
    })))

  it.scoped("torn: nine whole entries, then the report", () =>
    real(Effect.gen(function*() {
      const records = yield* readAll(fixture("torn"))
      deepStrictEqual(records.slice(0, 9).map(shown), Array.from({ length: 9 }, (_, index) => `t=whole ${index}`))
      deepStrictEqual(records.slice(9), [{
        _tag: "TornTail",
        id: 29_686,
        path: fixture("torn/29686_t.log"),
        offset: 288,
        bytes: 27,
        description: "the file ends inside an entry"
      }])
    })))

  it.scoped("records have a schema", () =>
    real(Effect.gen(function*() {
      const schema = Schema.parseJson(Schema.Array(NanoWal.NanoWalRecord))
      const records = yield* readAll(fixture("torn"))
      const json = yield* Schema.encode(schema)(records)
      const decoded = yield* Schema.decode(schema)(json)
      deepStrictEqual(decoded.map(shown), records.map(shown))
      strictEqual(decoded.length, 10)
    })))
})

describe("files", () => {
  it.scoped("are taken in the numeric order of their ids", () =>
    real(Effect.gen(function*() {
      const directory = yield* directoryOf({
        "10_a.log": entry(10, "a", "third"),
        "9.log": entry(90, "a", "second"),
        "100_a.log": entry(1, "a", "fourth"),
        "0.log": entry(99, "a", "first")
      })
      deepStrictEqual(yield* readShown(directory), ["a=first", "a=second", "a=third", "a=fourth"])
    })))

  it.scoped("of one id: documented name, then as rotated, then as reopened, whatever the clock did", () =>
    real(Effect.gen(function*() {
      const directory = yield* directoryOf({
        "7.log": entry(50, "k", "reopened after the clock went back"),
        "7_k.log": concat(entry(100, "k", "rotated 1"), entry(101, "k", "rotated 2")),
        "7.wal": entry(200, "k", "documented")
      })
      deepStrictEqual(yield* readShown(directory), [
        "k=documented",
        "k=rotated 1",
        "k=rotated 2",
        "k=reopened after the clock went back"
      ])
    })))

  it.scoped("of one id that several writers created are taken by their first timestamps", () =>
    real(Effect.gen(function*() {
      const directory = yield* directoryOf({
        "7_a.log": entry(102, "a", "third"),
        "7_b.log": entry(101, "b", "first"),
        "7_c.log": entry(101, "c", "second"),
        "7_d.log": new Uint8Array(0)
      })
      deepStrictEqual(yield* readShown(directory), ["b=first", "c=second", "a=third"])
    })))

  it.scoped("with names that are not nano-wal's are ignored", () =>
    real(Effect.gen(function*() {
      const foreign = entry(1, "foreign", "file")
      const directory = yield* directoryOf({
        "00000000000000000001.wal": foreign,
        "00000000000000000001.wal.tmp": foreign,
        "12345678901234567890.wal": foreign,
        "007.log": foreign,
        "-7.log": foreign,
        "7_.log": foreign,
        "7.log.bak": foreign,
        "7_k.wal": foreign,
        "x7.log": foreign,
        "app.log": foreign,
        "LOCK": foreign,
        "7_clé-日本.log": entry(1, "own", "file")
      })
      const fs = yield* FileSystem.FileSystem
      yield* fs.makeDirectory(`${directory}/8.log`)
      deepStrictEqual(yield* readShown(directory), ["own=file"])
    })))

  it.scoped("that are missing: an empty directory is an empty stream, none at all is NotFound", () =>
    real(Effect.gen(function*() {
      const directory = yield* directoryOf({})
      deepStrictEqual(yield* readShown(directory), [])
      const error = yield* Effect.flip(readShown(`${directory}/absent`))
      assertInstanceOf(error, WalIoError)
      strictEqual(error.reason, "NotFound")
      strictEqual(error.path, `${directory}/absent`)
    })))

  it.scoped("are emitted in chunks, also where entries straddle blocks or are larger than one", () =>
    real(Effect.gen(function*() {
      const contents = [
        ...Array.from({ length: 3_000 }, (_, index) => new Uint8Array(1_000).fill(index)),
        new Uint8Array(2.5 * MIB).fill(7),
        new Uint8Array(0),
        new Uint8Array(MIB).fill(8)
      ]
      const directory = yield* directoryOf({
        "1_k.log": Buffer.concat(contents.map((content, index) => entry(index, `k${index}`, content)))
      })
      const chunks = Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.chunks(NanoWal.read(directory))))
      const records = chunks.flatMap((chunk) => Chunk.toReadonlyArray(chunk))
      strictEqual(records.length, contents.length)
      assertTrue(records.every((record, index) =>
        record._tag === "Entry"
        && text(record.key) === `k${index}`
        && record.timestamp === index * 1_000
        && Buffer.compare(record.content, contents[index] ?? new Uint8Array(0)) === 0
      ))
      assertTrue(chunks.length <= 8)
    })))
})

describe("torn tails", () => {
  const whole = [entry(1, "a", "one"), entry(2, "ключ", ""), entry(3, "c", "x".repeat(40))]
  const bytes = concat(...whole)
  const ends = whole.map((_, index) => concat(...whole.slice(0, index + 1)).length)

  it.scoped("of a file cut at every byte: all entries before the cut, and a tail exactly when it cuts one", () =>
    real(Effect.gen(function*() {
      for (let cut = 0; cut <= bytes.length; cut++) {
        const records = yield* readAll(yield* directoryOf({ "5_a.log": bytes.subarray(0, cut) }))
        const before = ends.filter((end) => end <= cut)
        const boundary = before.at(-1) ?? 0
        deepStrictEqual(records.map(shown), [
          ...["a=one", "ключ=", `c=${"x".repeat(40)}`].slice(0, before.length),
          ...(boundary === cut ? [] : [`torn 5_a.log ${boundary}+${cut - boundary}`])
        ])
      }
    })))

  const nonsense: Readonly<Record<string, readonly [tail: Uint8Array, description: string]>> = {
    "a key length past the end of the file": [concat(u64(1), u64(1_000), u64(0)), "the file ends inside"],
    "a key length of 0": [concat(u64(1), u64(0), u64(1), u64(9)), "the length here is 0"],
    "zeros, as a crash of the machine leaves them": [new Uint8Array(4 * KIB), "the length here is 0"],
    "a key length above what nano-wal reads": [concat(u64(1), u64(MIB + 1), u64(0)), "the length here is 1048577"],
    "a key length of 2^53 - 1": [
      concat(u64(1), u64(Number.MAX_SAFE_INTEGER), u64(0)),
      "the length here is 9007199254740991"
    ],
    "a key length above 2^53 - 1": [concat(u64(1), u64(2n ** 64n - 1n), u64(0)), "above 2^53 - 1"],
    "a content length past the end of the file": [concat(u64(1), u64(8), u64(7), u64(100)), "the file ends inside"],
    "a content length above what nano-wal reads": [
      concat(u64(1), u64(8), u64(7), u64(100 * MIB + 1)),
      "the length here is 104857601"
    ],
    "a content length of 2^40": [concat(u64(1), u64(8), u64(7), u64(2 ** 40)), "the length here is 1099511627776"],
    "a content length above 2^53 - 1": [concat(u64(1), u64(8), u64(7), u64(2n ** 63n)), "above 2^53 - 1"],
    "a timestamp that no date has": [concat(u64(2n ** 60n), u64(8), u64(7), u64(0)), "above 2^53 - 1"],
    "a timestamp whose milliseconds are above 2^53 - 1": [
      concat(u64(Number.MAX_SAFE_INTEGER), u64(8), u64(7), u64(0)),
      "at most 9007199254740 seconds"
    ]
  }

  for (const [what, [tail, description]] of Object.entries(nonsense)) {
    it.scoped(`are ${what}: reported, and the next file is read`, () =>
      real(Effect.gen(function*() {
        const directory = yield* directoryOf({ "5_a.log": concat(bytes, tail), "6.log": entry(9, "next", "file") })
        const records = yield* readAll(directory)
        deepStrictEqual(records.map(shown).slice(3), [
          `torn 5_a.log ${bytes.length}+${tail.length}`,
          "next=file"
        ])
        const torn = records[3]
        assertTrue(torn?._tag === "TornTail")
        assertInclude(torn.description, description)
      })))
  }

  it.scoped("do not hide another version's format, which is refused", () =>
    real(Effect.gen(function*() {
      for (const signature of ["NANO-WAL", "NANO-LOG"]) {
        const later = concat(Buffer.from(signature), entry(4, "later", "version"))
        const directory = yield* directoryOf({ "5_a.log": concat(bytes, later) })
        const seen: Array<string> = []
        const error = yield* NanoWal.read(directory).pipe(
          Stream.runForEach((record) => Effect.sync(() => seen.push(shown(record)))),
          Effect.flip
        )
        assertInstanceOf(error, WalCodecError)
        strictEqual(error.reason, "UnknownFormat")
        strictEqual(error.path, `${directory}/5_a.log`)
        strictEqual(error.offset, bytes.length)
        strictEqual(seen.length, 3)
      }
    })))

  it("never ask for more than a block, or an entry that fits the file", () => {
    const huge = new NanoWalScanner(2 ** 40)
    expect(huge.wanted).toBe(MIB)
    huge.feed(Buffer.concat([u64(1), u64(1), Buffer.from("k"), u64(100 * MIB), new Uint8Array(MIB - 25)]))
    expect(huge.end).toBe(undefined)
    expect(huge.wanted).toBe(25 + 100 * MIB)

    const small = new NanoWalScanner(100)
    expect(small.wanted).toBe(100)
    small.feed(concat(u64(1), u64(1), Buffer.from("k"), u64(76), new Uint8Array(75)))
    expect(small.end?._tag).toBe("Torn")
    expect(small.bytesLeft).toBe(100)
  })

  it("end a file where it has become shorter than it was", () => {
    const cut = new NanoWalScanner(bytes.length)
    expect(cut.feed(bytes.subarray(0, (ends[0] ?? 0) + 10)).length).toBe(1)
    expect(cut.end).toEqual({ _tag: "Torn", description: "the file ends inside an entry" })
    expect(cut.bytesLeft).toBe(10)

    const gone = new NanoWalScanner(bytes.length)
    expect(gone.feed(new Uint8Array(0)).length).toBe(0)
    expect(gone.end).toEqual({ _tag: "EndOfFile" })
  })
})

describe("importing", () => {
  const logIn = (options: { readonly maxEntryBytes?: number; readonly maxSegmentBytes?: number } = {}) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      return yield* Wal.make({ directory, ...options })
    })

  const replayed = (wal: Wal.Service) => Effect.map(Stream.runCollect(wal.replay()), Chunk.toReadonlyArray)

  it.scopedLive("keeps order, keys, contents and original timestamps", () =>
    real(Effect.gen(function*() {
      const wal = yield* logIn()
      const report = yield* NanoWal.importInto(wal, fixture("basic"))
      deepStrictEqual({ ...report }, { entries: 22, files: 2, tornTails: [], firstSequence: 1, lastSequence: 22 })

      const source = (yield* readAll(fixture("basic"))).filter((record) => record._tag === "Entry")
      const entries = yield* replayed(wal)
      deepStrictEqual(
        entries.map(({ content, key }) => [Array.from(key), Array.from(content)]),
        source.map(({ content, key }) => [Array.from(key), Array.from(content)])
      )
      deepStrictEqual(
        entries.map((entry) => Option.getOrUndefined(NanoWal.originalTimestamp(entry))),
        source.map(({ timestamp }) => timestamp)
      )
      assertTrue(entries.every((entry) => entry.timestamp !== Date.UTC(2026, 10, 23, 5, 0, 50)))
    })))

  it.scopedLive("goes on behind what the log has, and leaves nothing to be synced", () =>
    real(Effect.gen(function*() {
      const wal = yield* logIn()
      yield* wal.appendEntry("before", new Uint8Array(1))
      const report = yield* NanoWal.importInto(wal, fixture("rotated"), { durability: "buffered" })
      deepStrictEqual({ ...report }, { entries: 10, files: 6, tornTails: [], firstSequence: 2, lastSequence: 11 })
      strictEqual(yield* wal.sync, report.lastSequence)
      const beta = yield* Stream.runCollect(wal.enumerateRecords("beta"))
      deepStrictEqual(Chunk.toReadonlyArray(beta).map(({ content }) => text(content)), [
        "beta 0",
        "beta 1",
        "beta 2",
        "beta 3",
        "beta 4"
      ])
    })))

  it.scopedLive("lists torn tails", () =>
    real(Effect.gen(function*() {
      const wal = yield* logIn()
      const report = yield* NanoWal.importInto(wal, fixture("torn"))
      strictEqual(report.entries, 9)
      deepStrictEqual(report.tornTails.map(shown), ["torn 29686_t.log 288+27"])
      deepStrictEqual((yield* replayed(wal)).map(({ content }) => text(content)).slice(-1), ["whole 8"])
    })))

  it.scopedLive("of nothing reports nothing", () =>
    real(Effect.gen(function*() {
      const wal = yield* logIn()
      const report = yield* NanoWal.importInto(wal, yield* directoryOf({ "0.log": new Uint8Array(0) }))
      deepStrictEqual({ ...report }, { entries: 0, files: 1, tornTails: [], firstSequence: 0, lastSequence: 0 })
    })))

  it.scopedLive("of more than a segment goes into several", () =>
    real(Effect.gen(function*() {
      const wal = yield* logIn({ maxEntryBytes: 16 * KIB, maxSegmentBytes: 64 * KIB })
      const contents = Array.from({ length: 300 }, (_, index) => new Uint8Array(1_000).fill(index))
      const directory = yield* directoryOf({
        "1_k.log": Buffer.concat(contents.map((content, index) => entry(index, `k${index}`, content)))
      })
      const report = yield* NanoWal.importInto(wal, directory)
      strictEqual(report.entries, 300)
      strictEqual(report.lastSequence, 300)
      deepStrictEqual((yield* replayed(wal)).map(({ key }) => text(key)), contents.map((_, index) => `k${index}`))
    })))

  it.scopedLive("stops at the first entry that the log does not take, and names it", () =>
    real(Effect.gen(function*() {
      const first = concat(entry(1, "a", "1"), entry(2, "b", "2"), entry(3, "c", "3"))
      const refused: ReadonlyArray<readonly [reason: string, entry: Uint8Array]> = [
        ["OversizedEntry", entry(4, "large", new Uint8Array(20 * KIB))],
        ["OversizedKey", entry(4, "k".repeat(0x1_0000), "")]
      ]
      for (const [reason, bytes] of refused) {
        const wal = yield* logIn({ maxEntryBytes: 16 * KIB })
        const directory = yield* directoryOf({
          "1_a.log": Buffer.concat([first, bytes, entry(5, "after", "5"), bytes])
        })
        const error = yield* Effect.flip(NanoWal.importInto(wal, directory))
        assertInstanceOf(error, WalCodecError)
        strictEqual(error.reason, reason)
        strictEqual(error.path, `${directory}/1_a.log`)
        strictEqual(error.offset, first.length)
        assertInclude(error.message, `${directory}/1_a.log at offset ${first.length}`)
        deepStrictEqual((yield* replayed(wal)).map(({ key }) => text(key)), ["a", "b", "c"])
      }
    })))

  it("takes other metadata for none of its own", () => {
    const imported = NanoWal.toEntryInput({
      _tag: "Entry",
      id: 1,
      timestamp: 1_795_410_050_000,
      key: new Uint8Array(1),
      content: new Uint8Array(0),
      path: "1.log",
      offset: 0
    }).metadata ?? new Uint8Array(0)
    expect(NanoWal.originalTimestamp({ metadata: imported })).toEqual(Option.some(1_795_410_050_000))
    for (
      const metadata of [
        new Uint8Array(0),
        new Uint8Array(8),
        new Uint8Array(16),
        imported.subarray(0, 15),
        concat(imported, new Uint8Array(1)),
        concat(imported.subarray(0, 8), u64(2n ** 64n - 1n))
      ]
    ) {
      expect(NanoWal.originalTimestamp({ metadata })).toEqual(Option.none())
    }
  })
})
