/**
 * The platform's `KeyValueStore` over a log: values in memory, every write in the log, there again after a restart.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { thresholdOf } from "./internal/keyValue/settings.js"
import { makeStore } from "./internal/keyValue/store.js"
import * as SimulatedDisk from "./testing/SimulatedDisk.js"
import * as Wal from "./Wal.js"
import type { Sequence } from "./WalEntry.js"
import type {
  AppendError,
  OpenError,
  ReadError,
  WalClosedError,
  WalConfigError,
  WalFailedError,
  WalIoError,
  WalRetentionError
} from "./WalError.js"
import type { WalOptions } from "./WalOptions.js"
import type { RemovedSegment } from "./WalReport.js"

/**
 * When the store compacts its log by itself: once the oldest segments are, taken together, of that size and of that little
 * use. It looks when a segment has ended, after `clear`, and when it opens.
 *
 * @since 0.1.0
 * @category options
 */
export interface CompactAt {
  /** The part of them that is not needed any more, above 0 and up to 1. Default: 0.5. */
  readonly garbage?: number | undefined
  /** How large they are at least. Default: 32 MiB. */
  readonly bytes?: FileSystem.SizeInput | undefined
}

/**
 * Of a store over a log that is there.
 *
 * @since 0.1.0
 * @category options
 */
export interface StoreOptions {
  /** When the log is compacted; `"manual"`: only by `compact`. */
  readonly compactAt?: CompactAt | "manual" | undefined
}

/**
 * Of a store and its log. What is in the log goes when it is not needed any more, so that nothing about time or a cap on
 * the size is among them.
 *
 * @since 0.1.0
 * @category options
 */
export interface Options
  extends StoreOptions, Omit<WalOptions, "entryRetention" | "segments" | "retainBytes" | "compaction">
{
  /** How large a segment may grow: the step in which compaction gives space back. Default: 16 MiB. */
  readonly maxSegmentBytes?: FileSystem.SizeInput | undefined
}

/**
 * What a compaction did.
 *
 * @since 0.1.0
 * @category models
 */
export interface CompactionReport {
  /** How many values were copied to the end of the log. */
  readonly carried: number
  readonly removed: ReadonlyArray<RemovedSegment>
}

/**
 * What a compaction can meet. The store and its log are unharmed, and it can be tried again.
 *
 * @since 0.1.0
 * @category unions
 */
export type CompactError = AppendError | ReadError

/**
 * A `KeyValueStore`, and what its log adds.
 *
 * A write has succeeded once it is as durable as the log's `durability` says, and is seen from then on. Writes of one key
 * come one after the other: `modify` and `modifyUint8Array` lose no write between their read and their own. A write that was
 * begun is finished, also when its fiber is interrupted.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends KeyValueStore.KeyValueStore {
  /** Makes every write durable that has succeeded so far. */
  readonly sync: Effect.Effect<Sequence, WalIoError | WalFailedError | WalClosedError>
  /** Copies what is needed of the segments that have ended to the end of the log, and removes them. */
  readonly compact: Effect.Effect<CompactionReport, CompactError>
  /** The log beneath, to be looked at. */
  readonly wal: Wal.Reader
}

/**
 * Opens a store for as long as the Scope lives.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as WalKeyValueStore from "effect-wal/WalKeyValueStore"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const store = yield* WalKeyValueStore.make({ directory: "./sessions" })
 *   yield* store.set("ada", "signed in")
 *   return yield* store.get("ada")
 * }))
 */
export const make = (
  { compactAt, ...walOptions }: Options
): Effect.Effect<Service, OpenError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const threshold = yield* thresholdOf(compactAt)
    const wal = yield* Wal.make({
      ...walOptions,
      maxSegmentBytes: walOptions.maxSegmentBytes ?? DEFAULT_SEGMENT_BYTES,
      entryRetention: Duration.infinity,
      compaction: "manual"
    })
    const onLost = walOptions.onDamage === "salvage" ? "skip" : "fail"
    return yield* Effect.catchTags(makeStore(wal, { threshold, onLost }), {
      // Nobody else has the log yet, and nothing of it expires.
      WalClosedError: Effect.die,
      WalRetentionError: Effect.die
    })
  })

const DEFAULT_SEGMENT_BYTES = 16 * 1024 * 1024

/**
 * A store over a log that is open already. The log has to be the store's own, with `entryRetention: Duration.infinity` and
 * without `retainBytes`: an entry that is not the store's keeps it from opening, and a value that expires is gone after
 * the next restart.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromWal = (
  wal: Wal.Service,
  options: StoreOptions = {}
): Effect.Effect<Service, WalConfigError | ReadError | WalRetentionError, Scope.Scope> =>
  Effect.flatMap(thresholdOf(options.compactAt), (threshold) => makeStore(wal, { threshold, onLost: "fail" }))

/**
 * The layers that come with a tag.
 *
 * @since 0.1.0
 * @category models
 */
export interface Layers<Self> {
  /** Opens the store when the layer is built, and closes it with the layer's Scope. Keep it in a const: two calls open twice. */
  readonly layer: (options: Options) => Layer.Layer<Self, OpenError, FileSystem.FileSystem>
  /** The same with options from the `Config`. */
  readonly layerConfig: (
    options: Config.Config.Wrap<Options>
  ) => Layer.Layer<Self, OpenError | ConfigError.ConfigError, FileSystem.FileSystem>
  /** A real store over a file system in memory: for tests of applications. */
  readonly layerMemory: (options?: Partial<Options>) => Layer.Layer<Self, OpenError>
}

const layersOf = <Self, Id extends string, Shape>(
  tag: Context.Tag<Self, Shape> & { readonly key: Id },
  view: (service: Service) => Shape
): Layers<Self> => {
  const open = (options: Options) => Effect.map(make(options), view)
  const layer = (options: Options) => Layer.scoped(tag, open(options))
  return {
    layer,
    layerConfig: (options) => Layer.scoped(tag, Effect.flatMap(Config.unwrap(options), open)),
    layerMemory: (options) => Layer.provide(layer({ directory: "/store", ...options }), SimulatedDisk.layer())
  }
}

/**
 * A tag for a store of an application's own, with its layers: for applications with several stores, and for those that
 * want `compact` and `sync`.
 *
 * @since 0.1.0
 * @category tags
 * @example
 * import * as WalKeyValueStore from "effect-wal/WalKeyValueStore"
 * import * as Effect from "effect/Effect"
 *
 * class Sessions extends WalKeyValueStore.Tag<Sessions>()("app/Sessions") {}
 *
 * const SessionsLive = Sessions.layer({ directory: "./sessions", durability: "synced" })
 *
 * const program = Effect.flatMap(Sessions, (sessions) => sessions.set("ada", "signed in"))
 */
export const Tag =
  <Self>() => <const Id extends string>(id: Id): Context.TagClass<Self, Id, Service> & Layers<Self> => {
    const tag = Context.Tag(id)<Self, Service>()
    return Object.assign(tag, layersOf<Self, Id, Service>(tag, (service) => service))
  }

const platform = layersOf(KeyValueStore.KeyValueStore, (service): KeyValueStore.KeyValueStore => service)

/**
 * The platform's own tag, with a store over a log behind it.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as NodeContext from "@effect/platform-node/NodeContext"
 * import * as KeyValueStore from "@effect/platform/KeyValueStore"
 * import * as WalKeyValueStore from "effect-wal/WalKeyValueStore"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const StoreLive = WalKeyValueStore.layer({ directory: "./cache" }).pipe(Layer.provide(NodeContext.layer))
 *
 * const program = Effect.gen(function*() {
 *   const cache = yield* KeyValueStore.KeyValueStore
 *   yield* cache.set("ada", "countess")
 *   return yield* cache.get("ada")
 * }).pipe(Effect.provide(StoreLive))
 */
export const layer: (
  options: Options
) => Layer.Layer<KeyValueStore.KeyValueStore, OpenError, FileSystem.FileSystem> = platform.layer

/**
 * The platform's own tag, with options from the `Config`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig: (
  options: Config.Config.Wrap<Options>
) => Layer.Layer<KeyValueStore.KeyValueStore, OpenError | ConfigError.ConfigError, FileSystem.FileSystem> =
  platform.layerConfig

/**
 * The platform's own tag, over a file system in memory: the same code, nothing mocked, gone with its Scope.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: (options?: Partial<Options>) => Layer.Layer<KeyValueStore.KeyValueStore, OpenError> =
  platform.layerMemory

/**
 * The platform's own tag, over a log that is open already; see `fromWal` for what the log has to be.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWal = (
  options?: StoreOptions
): Layer.Layer<KeyValueStore.KeyValueStore, WalConfigError | ReadError | WalRetentionError, Wal.Wal> =>
  Layer.scoped(KeyValueStore.KeyValueStore, Effect.flatMap(Wal.Wal, (wal) => fromWal(wal, options)))
