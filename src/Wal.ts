/**
 * The log as a service: append-only entries by key, on real files, safe across crashes.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Sink from "effect/Sink"
import type * as Stream from "effect/Stream"
import { layersOf } from "./internal/layers.js"
import type { Cursors } from "./internal/log/cursors.js"
import { makeReader as makeReaderOf } from "./internal/log/readonly.js"
import { makeService } from "./internal/log/service.js"
import type { Durability, Entry, EntryInput, EntryRef, Key, Sequence } from "./WalEntry.js"
import type {
  AppendError,
  OpenError,
  ReadError,
  WalClosedError,
  WalConflictError,
  WalCorruptionError,
  WalFailedError,
  WalIoError,
  WalRetentionError
} from "./WalError.js"
import type { ReaderOptions, WalOptions } from "./WalOptions.js"
import type { CompactionReport, RecoveryReport, WalStats } from "./WalReport.js"

/**
 * @since 0.1.0
 * @category options
 */
export interface AppendOptions {
  /** What the append waits for. Default: the log's own. */
  readonly durability?: Durability | undefined
  /** 0 to 65,535 bytes that travel with the entry. */
  readonly metadata?: Uint8Array | undefined
}

/**
 * @since 0.1.0
 * @category options
 */
export interface ExpectingOptions extends AppendOptions {
  /** The sequence of the key's last entry, as the caller knows it; 0 for a key without entries. */
  readonly expectedSequence: Sequence
}

/**
 * @since 0.1.0
 * @category options
 */
export interface BatchOptions {
  /** What the append waits for. Default: the log's own. */
  readonly durability?: Durability | undefined
}

/**
 * @since 0.1.0
 * @category options
 */
export interface ReadOptions {
  /**
   * What to do where entries are lost to damage: fail with `WalCorruptionError`, or go on with the next one that can be
   * read. Default: `"fail"`.
   */
  readonly onLost?: "fail" | "skip" | undefined
}

/**
 * Where a replay begins and ends. Without a beginning it is the oldest entry there is.
 *
 * @since 0.1.0
 * @category options
 */
export interface ReplayOptions extends ReadOptions {
  /** Inclusive. */
  readonly from?: Sequence | undefined
  /** Exclusive: the last sequence that was processed. The later one counts where both are given. */
  readonly after?: Sequence | undefined
  /** Inclusive. */
  readonly to?: Sequence | undefined
}

/**
 * What a follower sees, and what it does where it cannot go on.
 *
 * @since 0.1.0
 * @category options
 */
export interface ChangesOptions extends Omit<ReplayOptions, "to"> {
  /** Only the entries of this key. */
  readonly key?: Key | undefined
  /** Whether an entry comes once it is written, or once it is on disk and a power loss cannot take it back. Default: `"written"`. */
  readonly visibility?: "written" | "synced" | undefined
  /**
   * What to do about entries that retention has taken before they were read: fail with `WalRetentionError`, or report it and go on
   * with the oldest one that is there. Default: `"fail"`.
   */
  readonly onExpired?: "fail" | ((gap: WalRetentionError) => Effect.Effect<void>) | undefined
}

/**
 * What a sink has appended.
 *
 * @since 0.1.0
 * @category models
 */
export interface AppendSummary {
  readonly entries: number
  /** 0 when nothing was appended. */
  readonly firstSequence: Sequence
  readonly lastSequence: Sequence
}

/**
 * The reading half of a log.
 *
 * A read sees every append that was acknowledged before it began. Keys, contents and metadata are views of the block
 * that was read; copy a small one (`bytes.slice()`) to keep it for long.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reader {
  /** A key's entries in order: O(1) to find, then O(its entries). */
  readonly enumerateRecords: (
    key: Key,
    options?: ReadOptions
  ) => Stream.Stream<Entry, ReadError | WalRetentionError>
  /** Each key that has an entry in a retained segment, once, in the order of the keys' bytes. */
  readonly enumerateKeys: Stream.Stream<Uint8Array, ReadError | WalRetentionError>
  /** The same, decoded; a key that does not fit the schema fails with `WalCodecError`, `SchemaMismatch`. */
  readonly enumerateKeysAs: <A, I extends string | Uint8Array, R>(
    schema: Schema.Schema<A, I, R>
  ) => Stream.Stream<A, ReadError | WalRetentionError, R>
  /** One verified read at a ref's place. */
  readonly readEntryAt: (ref: EntryRef) => Effect.Effect<Entry, ReadError | WalRetentionError>
  /** Every entry in the order of its sequence. A beginning that is gone already is a `WalRetentionError`. */
  readonly replay: (options?: ReplayOptions) => Stream.Stream<Entry, ReadError | WalRetentionError>
  /**
   * What `replay` gives, and then every entry as it comes, without a gap and without a repeat. However slow its reader is, the
   * log holds nothing back for it. It ends when the log closes, and fails when the log fails.
   */
  readonly changes: (
    options?: ChangesOptions
  ) => Stream.Stream<Entry, ReadError | WalRetentionError | WalFailedError>
  /** How many entries there are. */
  readonly entryCount: Effect.Effect<number, ReadError>
  readonly stats: Effect.Effect<WalStats, ReadError>
}

/**
 * A log that is open for writing. At most one process at a time has it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends Reader {
  /** Appends one entry, and succeeds once it is as durable as it should be. */
  readonly appendEntry: (key: Key, content: Uint8Array, options?: AppendOptions) => Effect.Effect<EntryRef, AppendError>
  /** `appendEntry` with `durability: "synced"`: it survives power loss. */
  readonly logEntry: (
    key: Key,
    content: Uint8Array,
    options?: Omit<AppendOptions, "durability">
  ) => Effect.Effect<EntryRef, AppendError>
  /**
   * Appends one entry if the key's last one is the expected one, and otherwise fails with `WalConflictError`, which names the actual
   * one. An append to that key that is under way counts as its last entry; a conflict with it is told once it can be read.
   */
  readonly appendExpecting: (
    key: Key,
    content: Uint8Array,
    options: ExpectingOptions
  ) => Effect.Effect<EntryRef, AppendError | WalConflictError | WalCorruptionError>
  /** Appends all of them or none, whatever crashes; the refs are in the order of the entries. */
  readonly appendBatch: (
    entries: ReadonlyArray<EntryInput>,
    options?: BatchOptions
  ) => Effect.Effect<ReadonlyArray<EntryRef>, AppendError>
  /** Appends a stream of entries in large groups. Each entry is whole or absent, the stream as a whole is not atomic. */
  readonly appendSink: (options?: BatchOptions) => Sink.Sink<AppendSummary, EntryInput, never, AppendError>
  /** Makes everything that was acknowledged durable; answers the last sequence that is, 0 when there is none. */
  readonly sync: Effect.Effect<Sequence, WalIoError | WalFailedError | WalClosedError>
  /** Removes the segments that have expired, and those that `retainBytes` leaves no room for. */
  readonly compact: Effect.Effect<CompactionReport, WalIoError | WalFailedError | WalClosedError>
  /** Removes the segments whose every entry comes before `sequence`, whatever their age and whoever has not processed them. */
  readonly truncateBefore: (
    sequence: Sequence
  ) => Effect.Effect<CompactionReport, WalIoError | WalFailedError | WalClosedError>
  /** What opening found, repaired or dropped. */
  readonly recovery: RecoveryReport
  /** Where consumers have their places in this log: what `WalConsumer.make` works with, and nobody else has to. */
  readonly cursors: Cursors
  /**
   * Ends the log before its Scope does: everything acknowledged is written, synced and sealed, the lock released.
   * `files: "remove"` then deletes the log's files, the cursors of its consumers too. It has no default, so that nobody deletes a log by accident.
   */
  readonly shutdown: (options: {
    readonly files: "keep" | "remove"
  }) => Effect.Effect<void, WalIoError | WalFailedError | WalClosedError>
}

/**
 * Opens a log for as long as the Scope lives.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as Wal from "effect-wal/Wal"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const wal = yield* Wal.make({ directory: "./orders" })
 *   return yield* wal.logEntry("order-1", new TextEncoder().encode("placed"))
 * }))
 */
export const make: (
  options: WalOptions
) => Effect.Effect<Service, OpenError, FileSystem.FileSystem | Scope.Scope> = makeService

/**
 * The layers that come with a tag. `R` is what they require besides the file system.
 *
 * @since 0.1.0
 * @category models
 */
export interface Layers<Self, R = never> {
  /** Opens the log when the layer is built, and closes it with the layer's Scope. Keep it in a const: two calls open twice. */
  readonly layer: (options: WalOptions) => Layer.Layer<Self, OpenError, FileSystem.FileSystem | R>
  /** The same with options from the `Config`. */
  readonly layerConfig: (
    options: Config.Config.Wrap<WalOptions>
  ) => Layer.Layer<Self, OpenError | ConfigError.ConfigError, FileSystem.FileSystem | R>
  /** A real log over a file system in memory: for tests of applications. */
  readonly layerMemory: (options?: Partial<WalOptions>) => Layer.Layer<Self, OpenError, R>
}

/**
 * A tag for a log of an application's own, with its layers.
 *
 * @since 0.1.0
 * @category tags
 * @example
 * import * as Wal from "effect-wal/Wal"
 *
 * class Audit extends Wal.Tag<Audit>()("app/Audit") {}
 *
 * const AuditLive = Audit.layer({ directory: "./audit", entryRetention: "365 days" })
 */
export const Tag =
  <Self>() => <const Id extends string>(id: Id): Context.TagClass<Self, Id, Service> & Layers<Self> => {
    const tag = Context.Tag(id)<Self, Service>()
    return Object.assign(tag, layersOf<Self, Id, Service, never>(tag, make))
  }

/**
 * Opens a log for reading only, for as long as the Scope lives: also one that another process writes. It takes no lock and
 * never writes. Each read sees the writes that were complete when it began, and `changes` follows the writer; what a write has left
 * unfinished is not damage.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as Wal from "effect-wal/Wal"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const tail = Effect.scoped(Effect.gen(function*() {
 *   const reader = yield* Wal.makeReader({ directory: "./orders" })
 *   yield* Stream.runForEach(reader.changes(), (entry) => Effect.log(entry.sequence))
 * }))
 */
export const makeReader: (
  options: ReaderOptions
) => Effect.Effect<Reader, OpenError, FileSystem.FileSystem | Scope.Scope> = makeReaderOf

/**
 * A tag for a log that an application only reads, with its layer.
 *
 * @since 0.1.0
 * @category tags
 * @example
 * import * as Wal from "effect-wal/Wal"
 *
 * class AuditReader extends Wal.ReaderTag<AuditReader>()("app/AuditReader") {}
 *
 * const AuditReaderLive = AuditReader.layer({ directory: "./audit" })
 */
export const ReaderTag =
  <Self>() => <const Id extends string>(id: Id): Context.TagClass<Self, Id, Reader> & ReaderLayers<Self> => {
    const tag = Context.Tag(id)<Self, Reader>()
    return Object.assign(tag, { layer: (options: ReaderOptions) => Layer.scoped(tag, makeReader(options)) })
  }

/**
 * The layer that comes with a reader's tag.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReaderLayers<Self> {
  /** Opens the log for reading when the layer is built, until the layer's Scope ends. */
  readonly layer: (options: ReaderOptions) => Layer.Layer<Self, OpenError, FileSystem.FileSystem>
}

/**
 * The ready-made tag of a log that is only read.
 *
 * @since 0.1.0
 * @category tags
 */
export class WalReader extends ReaderTag<WalReader>()("effect-wal/WalReader") {}

/**
 * The ready-made tag, for applications with one log.
 *
 * @since 0.1.0
 * @category tags
 */
export class Wal extends Tag<Wal>()("effect-wal/Wal") {}

/**
 * The layer of the ready-made tag. It opens the log when it is built, and closes it with its Scope.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as NodeContext from "@effect/platform-node/NodeContext"
 * import * as Wal from "effect-wal/Wal"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const WalLive = Wal.layer({ directory: "./orders" }).pipe(Layer.provide(NodeContext.layer))
 *
 * const program = Wal.Wal.pipe(
 *   Effect.flatMap((wal) => wal.appendEntry("order-1", new TextEncoder().encode("placed"))),
 *   Effect.provide(WalLive)
 * )
 */
export const layer: (options: WalOptions) => Layer.Layer<Wal, OpenError, FileSystem.FileSystem> = Wal.layer

/**
 * The layer of the ready-made tag with options from the `Config`.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as Wal from "effect-wal/Wal"
 * import * as Config from "effect/Config"
 *
 * const WalLive = Wal.layerConfig({
 *   directory: Config.string("WAL_DIRECTORY"),
 *   entryRetention: Config.duration("WAL_RETENTION").pipe(Config.withDefault("7 days"))
 * })
 */
export const layerConfig: (
  options: Config.Config.Wrap<WalOptions>
) => Layer.Layer<Wal, OpenError | ConfigError.ConfigError, FileSystem.FileSystem> = Wal.layerConfig

/**
 * The layer of the ready-made reader: no lock, no write, also beside a process that writes.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerReadonly: (options: ReaderOptions) => Layer.Layer<WalReader, OpenError, FileSystem.FileSystem> =
  WalReader.layer

/**
 * The ready-made tag's log over a file system in memory: the same code, nothing mocked, gone with its Scope.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: (options?: Partial<WalOptions>) => Layer.Layer<Wal, OpenError> = Wal.layerMemory
