/**
 * Reads what the Rust crate nano-wal 0.1.0 wrote, and brings it into a log of this library.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import {
  compareNanoWalFiles,
  decodeOrigin,
  encodeOrigin,
  firstTimestampOf,
  type NanoWalFile,
  type NanoWalFileName,
  NanoWalScanner,
  parseNanoWalFileName,
  type ScannedEntry,
  TIMESTAMP_LENGTH
} from "./internal/format/nanoWalEntry.js"
import { toSequence } from "./internal/log/nominal.js"
import { toIoError } from "./internal/segment/ioError.js"
import { readBlock } from "./internal/segment/scan.js"
import { withSegmentFile } from "./internal/segment/segmentFile.js"
import type { Service } from "./Wal.js"
import { type Durability, type EntryInput, type EntryRef, Sequence } from "./WalEntry.js"
import { type AppendError, WalCodecError, type WalIoError } from "./WalError.js"

/**
 * One whole entry of a nano-wal file.
 *
 * `key` and `content` are views of the block that was read, which is never written again; copy them (`bytes.slice()`) to
 * keep a small part of a large read for long.
 *
 * @since 0.1.0
 * @category models
 */
export const NanoWalEntry = Schema.TaggedStruct("Entry", {
  /** The number that the file's name begins with. */
  id: Schema.NonNegativeInt,
  /** Milliseconds since the epoch. nano-wal wrote whole seconds, so this is a multiple of 1,000. */
  timestamp: Schema.NonNegativeInt,
  /** 1 byte to 1 MiB: nano-wal allows longer keys than this library. */
  key: Schema.Uint8ArrayFromBase64,
  /** 0 bytes to 100 MiB. */
  content: Schema.Uint8ArrayFromBase64,
  path: Schema.String,
  /** In bytes from the file's start. */
  offset: Schema.NonNegativeInt
}).annotations({ identifier: "effect-wal/NanoWalEntry" })

/**
 * @since 0.1.0
 * @category models
 */
export interface NanoWalEntry extends Schema.Schema.Type<typeof NanoWalEntry> {}

/**
 * The end of a nano-wal file in which no further entry can be read: what a crash left of the last append, or damage.
 *
 * When nano-wal is opened after a crash it appends behind such a fragment, where it cannot find the new entries again. So
 * a tail longer than one entry may hold entries that were acknowledged.
 *
 * @since 0.1.0
 * @category models
 */
export const TornTail = Schema.TaggedStruct("TornTail", {
  /** The number that the file's name begins with. */
  id: Schema.NonNegativeInt,
  path: Schema.String,
  /** Where the whole entries end, in bytes from the file's start. */
  offset: Schema.NonNegativeInt,
  /** How many bytes there are from `offset` to the end of the file. */
  bytes: Schema.Positive.pipe(Schema.int()),
  /** What is wrong at `offset`, for a person. */
  description: Schema.String
}).annotations({ identifier: "effect-wal/TornTail" })

/**
 * @since 0.1.0
 * @category models
 */
export interface TornTail extends Schema.Schema.Type<typeof TornTail> {}

/**
 * What reading a nano-wal directory finds.
 *
 * @since 0.1.0
 * @category models
 */
export const NanoWalRecord = Schema.Union(NanoWalEntry, TornTail)

/**
 * @since 0.1.0
 * @category models
 */
export type NanoWalRecord = NanoWalEntry | TornTail

/**
 * What an import brought into the log.
 *
 * @since 0.1.0
 * @category models
 */
export const ImportReport = Schema.Struct({
  /** How many entries were appended. */
  entries: Schema.NonNegativeInt,
  /** How many nano-wal files were read, empty ones included. */
  files: Schema.NonNegativeInt,
  /** What was not imported, because it cannot be read. */
  tornTails: Schema.Array(TornTail),
  /** 0 when nothing was appended. */
  firstSequence: Sequence,
  /** 0 when nothing was appended. */
  lastSequence: Sequence
}).annotations({ identifier: "effect-wal/ImportReport" })

/**
 * @since 0.1.0
 * @category models
 */
export interface ImportReport extends Schema.Schema.Type<typeof ImportReport> {}

/**
 * @since 0.1.0
 * @category options
 */
export interface ImportOptions {
  /** What each append of the import waits for. Default: the log's own. At the end everything is synced anyway. */
  readonly durability?: Durability | undefined
}

/**
 * Every entry of a nano-wal 0.1.0 directory, in the order in which it was written; close nano-wal before.
 *
 * The files are taken in the order of their ids. Of one id, the file with a key's name (`29686_user1.log`) comes before the
 * one without (`29686.log`), in which nano-wal goes on when it is opened again. Names that are not nano-wal's are ignored;
 * `{id}.wal`, which its documentation mentions, is read too, but never a segment of this library.
 *
 * nano-wal has no checksums, so damage shows only where it makes a length impossible: a key of no bytes or more than
 * 1 MiB, a content of more than 100 MiB (where nano-wal itself stops reading), an entry that goes on past the end of its
 * file, a timestamp that is no date. The rest of such a file is reported as one `TornTail`, after its whole entries, and
 * reading goes on with the next file. Damage inside a key or a content is not noticed.
 *
 * Files are read 1 MiB at a time, or one entry where it is larger.
 *
 * Fails with `WalIoError` when the directory or a file cannot be read (`NotFound` when there is no such directory; an empty
 * one is an empty stream), and with `WalCodecError`, `UnknownFormat`, where a later version of nano-wal wrote, which has
 * another format.
 *
 * @since 0.1.0
 * @category reading
 * @example
 * ```ts
 * import * as Console from "effect/Console"
 * import * as Stream from "effect/Stream"
 * import * as NanoWal from "effect-wal/NanoWal"
 *
 * export const program = NanoWal.read("./old-log").pipe(
 *   Stream.runForEach((record) =>
 *     record._tag === "Entry"
 *       ? Console.log(new Date(record.timestamp).toISOString(), new TextDecoder().decode(record.key))
 *       : Console.warn(`${record.path}: ${record.bytes} bytes at ${record.offset} are lost: ${record.description}`)
 *   )
 * )
 * ```
 */
export const read = (
  directory: string
): Stream.Stream<NanoWalRecord, WalIoError | WalCodecError, FileSystem.FileSystem> =>
  Stream.unwrap(Effect.map(filesIn(directory), readFiles))

/**
 * Appends every entry of a nano-wal 0.1.0 directory to a log, in the order of `read`, and syncs it: when this succeeds,
 * what the report counts survives power loss.
 *
 * Keys and contents stay as they are. The log stamps each entry with the time of the import, from which its retention
 * counts too; the original time is kept in the metadata, where `originalTimestamp` finds it. Torn tails are skipped and
 * listed in the report. The nano-wal directory is only read.
 *
 * The import is not atomic. When it fails, the entries before the failure are in the log, in order; a second run would
 * append them again. So import into an empty log, and after a failure start with an empty one again.
 *
 * An entry that the log does not take fails the import with the `WalCodecError` of its append (`OversizedKey` above 65,535
 * bytes, `OversizedEntry` above the log's `maxEntryBytes`), naming the file and the offset. Raise `maxEntryBytes`, or
 * leave such entries out with a stream of your own: `read`, `Stream.filter`, `toEntryInput`, `wal.appendSink()`.
 *
 * Otherwise it fails as `read` and the log's appends do.
 *
 * @since 0.1.0
 * @category importing
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as NanoWal from "effect-wal/NanoWal"
 * import * as Wal from "effect-wal/Wal"
 *
 * export const program = Effect.scoped(Effect.gen(function*() {
 *   const wal = yield* Wal.make({ directory: "./new-log" })
 *   const report = yield* NanoWal.importInto(wal, "./old-log")
 *   yield* Effect.log(`${report.entries} entries from ${report.files} files, ${report.tornTails.length} torn`)
 * }))
 * ```
 */
export const importInto = (
  wal: Service,
  directory: string,
  options: ImportOptions = {}
): Effect.Effect<ImportReport, AppendError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const files = yield* filesIn(directory)
    const report = yield* Stream.runFoldEffect(
      Stream.chunks(readFiles(files)),
      nothingImported(files),
      (report, records) => Effect.map(appendAll(wal, entriesIn(records), options), (refs) => add(report, records, refs))
    )
    yield* wal.sync
    return report
  })

/**
 * A nano-wal entry as `importInto` appends it: its key, its content, and its timestamp as the metadata.
 *
 * @since 0.1.0
 * @category importing
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import * as NanoWal from "effect-wal/NanoWal"
 * import * as Wal from "effect-wal/Wal"
 *
 * // Imports the entries of the last hour before `end` only.
 * export const program = (wal: Wal.Service, end: number) =>
 *   NanoWal.read("./old-log").pipe(
 *     Stream.filter((record) => record._tag === "Entry"),
 *     Stream.filter((entry) => entry.timestamp > end - 3_600_000),
 *     Stream.map(NanoWal.toEntryInput),
 *     Stream.run(wal.appendSink()),
 *     Effect.zipLeft(wal.sync)
 *   )
 * ```
 */
export const toEntryInput = (entry: NanoWalEntry): EntryInput => ({
  key: entry.key,
  content: entry.content,
  metadata: encodeOrigin(entry.timestamp)
})

/**
 * When an imported entry was appended to nano-wal, in milliseconds since the epoch; none for an entry that was not
 * imported.
 *
 * Its metadata is 16 bytes: ASCII `nano-wal`, then the milliseconds as a little-endian u64.
 *
 * @since 0.1.0
 * @category importing
 * @example
 * ```ts
 * import * as Option from "effect/Option"
 * import * as NanoWal from "effect-wal/NanoWal"
 * import type * as WalEntry from "effect-wal/WalEntry"
 *
 * export const appendedAt = (entry: WalEntry.Entry): Date =>
 *   new Date(Option.getOrElse(NanoWal.originalTimestamp(entry), () => entry.timestamp))
 * ```
 */
export const originalTimestamp = (entry: { readonly metadata: Uint8Array }): Option.Option<number> =>
  Option.fromNullable(decodeOrigin(entry.metadata))

interface SourceFile extends NanoWalFile {
  readonly path: string
  readonly size: number
}

/** nano-wal's files in the order in which it wrote them. */
const filesIn = (
  directory: string
): Effect.Effect<ReadonlyArray<SourceFile>, WalIoError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const names = yield* Effect.mapError(fs.readDirectory(directory), toIoError("readDirectory", directory))
    const candidates = names.flatMap((name) => parseNanoWalFileName(name) ?? [])
    const found = yield* Effect.forEach(candidates, (name) => sourceFile(fs, name, `${directory}/${name.name}`))
    return found.flatMap(Option.toArray).sort(compareNanoWalFiles)
  })

/** None for a directory or a device that has such a name. */
const sourceFile = (
  fs: FileSystem.FileSystem,
  name: NanoWalFileName,
  path: string
): Effect.Effect<Option.Option<SourceFile>, WalIoError> =>
  Effect.flatMap(Effect.mapError(fs.stat(path), toIoError("stat", path)), ({ size, type }) =>
    type === "File"
      ? Effect.map(readAt(fs, path, 0, TIMESTAMP_LENGTH), (head) =>
        Option.some({ ...name, path, size: Number(size), firstTimestamp: firstTimestampOf(head) }))
      : Effect.succeedNone)

/** One after the other: a directory may hold more files than a process may have open. */
const readFiles = (
  files: ReadonlyArray<SourceFile>
): Stream.Stream<NanoWalRecord, WalIoError | WalCodecError, FileSystem.FileSystem> =>
  Stream.flatMap(Stream.fromIterable(files), readFile)

const readFile = (
  file: SourceFile
): Stream.Stream<NanoWalRecord, WalIoError | WalCodecError, FileSystem.FileSystem> =>
  Stream.suspend(() => {
    const scanner = new NanoWalScanner(file.size)
    return Stream.concat(wholeEntries(file, scanner), Stream.suspend(() => whatFollows(file, scanner)))
  })

const wholeEntries = (
  file: SourceFile,
  scanner: NanoWalScanner
): Stream.Stream<NanoWalEntry, WalIoError, FileSystem.FileSystem> =>
  Stream.repeatEffectChunkOption(Effect.suspend(() =>
    scanner.end === undefined
      ? Effect.mapError(readOn(file, scanner), Option.some)
      : Effect.fail(Option.none())
  ))

const readOn = (
  file: SourceFile,
  scanner: NanoWalScanner
): Effect.Effect<Chunk.Chunk<NanoWalEntry>, WalIoError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const block = yield* readAt(fs, file.path, scanner.position, scanner.wanted)
    return Chunk.unsafeFromArray(scanner.feed(block).map((entry) => entryOf(file, entry)))
  })

/** Opens the file for each block, so that a slow reader holds nothing open: that costs little beside 1 MiB. */
const readAt = (
  fs: FileSystem.FileSystem,
  path: string,
  offset: number,
  length: number
): Effect.Effect<Uint8Array, WalIoError> => withSegmentFile(fs, path, "r", (file) => readBlock(file, offset, length))

const entryOf = ({ id, path }: SourceFile, { content, key, offset, timestamp }: ScannedEntry): NanoWalEntry => ({
  _tag: "Entry",
  id,
  timestamp,
  key,
  content,
  path,
  offset
})

const whatFollows = (file: SourceFile, scanner: NanoWalScanner): Stream.Stream<TornTail, WalCodecError> => {
  const { bytesLeft, end, position } = scanner
  switch (end?._tag) {
    case "Torn":
      return Stream.succeed(tornTail(file, position, bytesLeft, end.description))
    case "OtherVersion":
      return Stream.fail(otherVersion(file, position, end.description))
    default:
      return Stream.empty
  }
}

const tornTail = ({ id, path }: SourceFile, offset: number, bytes: number, description: string): TornTail => ({
  _tag: "TornTail",
  id,
  path,
  offset,
  bytes,
  description
})

const otherVersion = ({ path }: SourceFile, offset: number, description: string): WalCodecError =>
  new WalCodecError({ reason: "UnknownFormat", description, path, offset })

const entriesIn = (records: Chunk.Chunk<NanoWalRecord>): ReadonlyArray<NanoWalEntry> =>
  Chunk.toReadonlyArray(Chunk.filter(records, (record) => record._tag === "Entry"))

/** The entries of one block in one batch; in halves where the log refuses that, until the one is found that it refuses. */
const appendAll = (
  wal: Service,
  entries: ReadonlyArray<NanoWalEntry>,
  options: ImportOptions
): Effect.Effect<ReadonlyArray<EntryRef>, AppendError> =>
  Effect.catchTag(wal.appendBatch(entries.map(toEntryInput), options), "WalCodecError", (refusal) => {
    const [first] = entries
    return entries.length > 1
      ? appendHalves(wal, entries, options)
      : Effect.fail(first === undefined ? refusal : refusalOf(first, refusal))
  })

const appendHalves = (
  wal: Service,
  entries: ReadonlyArray<NanoWalEntry>,
  options: ImportOptions
): Effect.Effect<ReadonlyArray<EntryRef>, AppendError> => {
  const middle = entries.length >>> 1
  return Effect.zipWith(
    appendAll(wal, entries.slice(0, middle), options),
    appendAll(wal, entries.slice(middle), options),
    (before, after) => [...before, ...after]
  )
}

const refusalOf = ({ offset, path }: NanoWalEntry, refusal: WalCodecError): WalCodecError =>
  new WalCodecError({ reason: refusal.reason, description: refusal.description, path, offset, cause: refusal })

const nothingImported = (files: ReadonlyArray<SourceFile>): ImportReport => ({
  entries: 0,
  files: files.length,
  tornTails: [],
  firstSequence: toSequence(0),
  lastSequence: toSequence(0)
})

const add = (
  report: ImportReport,
  records: Chunk.Chunk<NanoWalRecord>,
  refs: ReadonlyArray<EntryRef>
): ImportReport => ({
  entries: report.entries + refs.length,
  files: report.files,
  tornTails: [...report.tornTails, ...Chunk.filter(records, (record) => record._tag === "TornTail")],
  firstSequence: report.entries === 0 ? refs[0]?.sequence ?? report.firstSequence : report.firstSequence,
  lastSequence: refs.at(-1)?.sequence ?? report.lastSequence
})
