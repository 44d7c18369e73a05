/**
 * Logs of typed entries: keys and contents go through schemas, on the way into a log and out of it.
 *
 * @since 0.1.0
 */
import * as MsgPack from "@effect/platform/MsgPack"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Sink from "effect/Sink"
import type * as Stream from "effect/Stream"
import { layersOf } from "./internal/layers.js"
import { type Codecs, makeCodecs, withContext } from "./internal/typed/codecs.js"
import { jsonSchema } from "./internal/typed/json.js"
import { typedService } from "./internal/typed/service.js"
import * as Wal from "./Wal.js"
import type { EntryRef, Sequence } from "./WalEntry.js"
import type {
  AppendError,
  ReadError,
  WalConflictError,
  WalCorruptionError,
  WalFailedError,
  WalRetentionError
} from "./WalError.js"
import type { WalOptions } from "./WalOptions.js"

/**
 * How contents become bytes. It is made by `json`, `msgPack`, `binary`, or is `bytes`.
 *
 * @since 0.1.0
 * @category codecs
 */
export interface ContentCodec<A, R = never> {
  readonly _tag: "ContentCodec"
  readonly schema: Schema.Schema<A, Uint8Array, R>
}

/**
 * JSON in UTF-8. A plain schema stands for the same, as long as `JsonContent` takes it; this takes any.
 *
 * What JSON has no text for fails the append with `WalCodecError`. But some values it writes as others, which do not decode
 * then: a `Date` as a string, and, with a plain schema too, `NaN` and infinities as `null`. `Schema.JsonNumber` and
 * `Schema.Int` refuse these.
 *
 * @since 0.1.0
 * @category codecs
 */
export const json = <A, I, R>(schema: Schema.Schema<A, I, R>): ContentCodec<A, R> => binary(jsonSchema(schema))

/**
 * MessagePack, by `@effect/platform/MsgPack`: smaller than JSON, and it holds bytes, dates, `NaN`, infinities and integers
 * of 64 bits, too.
 *
 * @since 0.1.0
 * @category codecs
 * @example
 * import * as TypedWal from "effect-wal/TypedWal"
 * import * as Schema from "effect/Schema"
 *
 * class Readings extends TypedWal.Tag<Readings>()("app/Readings", {
 *   key: Schema.String,
 *   content: TypedWal.msgPack(Schema.Struct({ at: Schema.DateFromSelf, values: Schema.Array(Schema.Number) }))
 * }) {}
 */
export const msgPack = <A, I, R>(schema: Schema.Schema<A, I, R>): ContentCodec<A, R> => binary(MsgPack.schema(schema))

/**
 * Whatever a schema makes of bytes.
 *
 * @since 0.1.0
 * @category codecs
 * @example
 * import * as TypedWal from "effect-wal/TypedWal"
 * import * as Schema from "effect/Schema"
 *
 * const Utf8 = Schema.transform(Schema.Uint8ArrayFromSelf, Schema.String, {
 *   strict: true,
 *   decode: (bytes) => new TextDecoder().decode(bytes),
 *   encode: (text) => new TextEncoder().encode(text)
 * })
 *
 * class Lines extends TypedWal.Tag<Lines>()("app/Lines", { key: Schema.String, content: TypedWal.binary(Utf8) }) {}
 */
export const binary = <A, R>(schema: Schema.Schema<A, Uint8Array, R>): ContentCodec<A, R> => ({
  _tag: "ContentCodec",
  schema
})

/**
 * Bytes as they are. What is read are views of the block that was read; copy a small one (`bytes.slice()`) to keep it for
 * long.
 *
 * @since 0.1.0
 * @category codecs
 */
export const bytes: ContentCodec<Uint8Array> = binary(Schema.Uint8ArrayFromSelf)

/**
 * A schema that stands for JSON: one whose encoded side JSON holds. Others are refused by their types, so that nothing is
 * written that does not decode: `Schema.DateFromSelf` (`Schema.Date` is taken), `Schema.BigIntFromSelf` (`Schema.BigInt`),
 * `Schema.Uint8ArrayFromSelf` (`Schema.Uint8ArrayFromBase64`, or say `bytes`, `binary` or `msgPack`), maps and sets.
 *
 * Where types cannot tell, as in a function of any schema, say `json(schema)`.
 *
 * @since 0.1.0
 * @category codecs
 */
export type JsonContent<A, I, R> = [I] extends [InJson<I>] ? Schema.Schema<A, I, R> : never

/**
 * What JSON holds of a type: `never` stands in place of the rest. Bytes, dates and maps are among that, by their methods.
 *
 * @since 0.1.0
 * @category codecs
 */
export type InJson<I> = unknown extends I ? I
  : I extends string | number | boolean | null | undefined ? I
  : I extends bigint | symbol | ((...args: never) => unknown) ? never
  : { readonly [P in keyof I]: InJson<I[P]> }

/**
 * What a read does with an entry that does not fit the schemas.
 *
 * - `"fail"`: fails with `WalCodecError`, `SchemaMismatch`. A stream first gives everything before that entry.
 * - `"skip"`: leaves it out. How many were is logged as a warning, once for each chunk, and counted in the metric
 *   `effect_wal_entries_skipped` (keys in `effect_wal_keys_skipped`), tagged with the log's directory.
 *
 * @since 0.1.0
 * @category options
 */
export type OnDecodeError = "fail" | "skip"

/**
 * What a log holds.
 *
 * @since 0.1.0
 * @category options
 */
export interface Options<K, KI extends string | Uint8Array, KR, A, I, R> {
  /** Of keys: to a string or to bytes, which have to be 1 to 65,535 then. */
  readonly key: Schema.Schema<K, KI, KR>
  /** Of contents: a schema, which stands for JSON, or a codec: `msgPack(schema)`, `binary(schema)`, `bytes`. */
  readonly content: ContentCodec<A, R> | JsonContent<A, I, R>
  /** What a stream does with what does not fit, where the read does not say. Default: `"fail"`. */
  readonly onDecodeError?: OnDecodeError | undefined
}

/**
 * @since 0.1.0
 * @category options
 */
export interface ReadOptions extends Wal.ReadOptions {
  /** What to do with an entry that does not fit the schemas. Default: the log's own. */
  readonly onDecodeError?: OnDecodeError | undefined
}

/**
 * Where a replay begins and ends. Without a beginning it is the oldest entry there is.
 *
 * @since 0.1.0
 * @category options
 */
export interface ReplayOptions extends Wal.ReplayOptions, ReadOptions {}

/**
 * What a follower sees, and what it does where it cannot go on.
 *
 * @since 0.1.0
 * @category options
 */
export interface ChangesOptions<K> extends Omit<Wal.ChangesOptions, "key">, ReadOptions {
  /** Only the entries of this key. */
  readonly key?: K | undefined
}

/**
 * One record of a typed log.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry<K, A> {
  readonly key: K
  readonly content: A
  readonly sequence: Sequence
  /** Milliseconds since the epoch, never smaller than the entry before it. */
  readonly timestamp: number
  /** Empty where none was given. */
  readonly metadata: Uint8Array
  readonly ref: EntryRef
}

/**
 * One entry to be appended. It is encoded when the append runs.
 *
 * @since 0.1.0
 * @category models
 */
export interface EntryInput<K, A> {
  readonly key: K
  readonly content: A
  /** 0 to 65,535 bytes that travel with the entry. */
  readonly metadata?: Uint8Array | undefined
}

/**
 * The reading half of a typed log. `R` is what the schemas require.
 *
 * Each operation is that of `Wal.Reader`, with what it reads decoded. Where something does not fit the schemas, it fails
 * with `WalCodecError`, `SchemaMismatch`, or leaves it out; the log is unharmed either way.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reader<in out K, in out A, out R = never> {
  /** The log beneath, for everything that needs no schema, and for a look at what does not fit. */
  readonly wal: Wal.Reader
  /** A key's entries in order. */
  readonly enumerateRecords: (
    key: K,
    options?: ReadOptions
  ) => Stream.Stream<Entry<K, A>, ReadError | WalRetentionError, R>
  /** Each key that has an entry in a retained segment, once, in the order of the bytes that the keys are encoded to. */
  readonly enumerateKeys: Stream.Stream<K, ReadError | WalRetentionError, R>
  /** One verified read at a ref's place. An entry that does not fit fails it, whatever `onDecodeError` says. */
  readonly readEntryAt: (ref: EntryRef) => Effect.Effect<Entry<K, A>, ReadError | WalRetentionError, R>
  /** Every entry in the order of its sequence. A beginning that is gone already is a `WalRetentionError`. */
  readonly replay: (options?: ReplayOptions) => Stream.Stream<Entry<K, A>, ReadError | WalRetentionError, R>
  /** What `replay` gives, and then every entry as it comes; it ends when the log closes, and fails when the log fails. */
  readonly changes: (
    options?: ChangesOptions<K>
  ) => Stream.Stream<Entry<K, A>, ReadError | WalRetentionError | WalFailedError, R>
}

/**
 * A typed log that is open for writing. `R` is what the schemas require.
 *
 * Each operation is that of `Wal.Service`, with what it appends encoded first. A value that does not fit the schemas fails
 * it with `WalCodecError`, `SchemaMismatch`, and nothing is appended.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service<in out K, in out A, out R = never> extends Reader<K, A, R> {
  /** The log beneath, for everything that needs no schema: `sync`, `compact`, `stats`, `shutdown` … */
  readonly wal: Wal.Service
  /** Appends one entry, and succeeds once it is as durable as it should be. */
  readonly appendEntry: (
    key: K,
    content: A,
    options?: Wal.AppendOptions
  ) => Effect.Effect<EntryRef, AppendError, R>
  /** `appendEntry` with `durability: "synced"`: it survives power loss. */
  readonly logEntry: (
    key: K,
    content: A,
    options?: Omit<Wal.AppendOptions, "durability">
  ) => Effect.Effect<EntryRef, AppendError, R>
  /** Appends one entry if the key's last one is the expected one, and otherwise fails with `WalConflictError`. */
  readonly appendExpecting: (
    key: K,
    content: A,
    options: Wal.ExpectingOptions
  ) => Effect.Effect<EntryRef, AppendError | WalConflictError | WalCorruptionError, R>
  /** Appends all of them or none, whatever crashes and whatever does not fit; the refs are in the order of the entries. */
  readonly appendBatch: (
    entries: ReadonlyArray<EntryInput<K, A>>,
    options?: Wal.BatchOptions
  ) => Effect.Effect<ReadonlyArray<EntryRef>, AppendError, R>
  /**
   * Appends a stream of entries in large groups. Each entry is whole or absent, the stream as a whole is not atomic: an
   * entry that does not fit ends it with those before it appended.
   */
  readonly appendSink: (
    options?: Wal.BatchOptions
  ) => Sink.Sink<Wal.AppendSummary, EntryInput<K, A>, never, AppendError, R>
}

/**
 * A log seen through schemas. Its operations require what the schemas do; `Tag` has a layer that takes that once.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as TypedWal from "effect-wal/TypedWal"
 * import * as Wal from "effect-wal/Wal"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const Order = Schema.Struct({ item: Schema.String, quantity: Schema.Int })
 *
 * const program = Effect.gen(function*() {
 *   const orders = TypedWal.make(yield* Wal.Wal, { key: Schema.String, content: Order })
 *   const ref = yield* orders.appendEntry("order-1", { item: "tea", quantity: 2 })
 *   const { content } = yield* orders.readEntryAt(ref)
 *   return content.quantity
 * })
 */
export const make = <K, KI extends string | Uint8Array, KR, A, I, R>(
  wal: Wal.Service,
  options: Options<K, KI, KR, A, I, R>
): Service<K, A, KR | R> => typedService(wal, codecsOf(options), options.onDecodeError ?? "fail")

const codecsOf = <K, KI extends string | Uint8Array, KR, A, I, R>(
  { content, key }: Options<K, KI, KR, A, I, R>
): Codecs<K, A, KR | R> => makeCodecs(key, isCodec(content) ? content.schema : jsonSchema(content))

/** Not by its `_tag`: a class that is a tagged schema has one, too. */
const isCodec = <A, I, R>(content: ContentCodec<A, R> | JsonContent<A, I, R>): content is ContentCodec<A, R> =>
  !Schema.isSchema(content)

/**
 * A tag for a typed log of an application's own, with its layers. They require what the schemas do, so that the operations
 * do not.
 *
 * @since 0.1.0
 * @category tags
 * @example
 * import * as TypedWal from "effect-wal/TypedWal"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const OrderEvent = Schema.Union(
 *   Schema.TaggedStruct("Placed", { item: Schema.String, quantity: Schema.Int }),
 *   Schema.TaggedStruct("Shipped", { at: Schema.Date })
 * )
 *
 * class Orders extends TypedWal.Tag<Orders>()("app/Orders", { key: Schema.String, content: OrderEvent }) {}
 *
 * const OrdersLive = Orders.layer({ directory: "./orders" })
 *
 * const program = Effect.gen(function*() {
 *   const orders = yield* Orders
 *   yield* orders.logEntry("order-1", { _tag: "Placed", item: "tea", quantity: 2 })
 * })
 */
export const Tag = <Self>() =>
<const Id extends string, K, KI extends string | Uint8Array, KR, A, I, R>(
  id: Id,
  options: Options<K, KI, KR, A, I, R>
): Context.TagClass<Self, Id, Service<K, A>> & Wal.Layers<Self, KR | R> => {
  const tag = Context.Tag(id)<Self, Service<K, A>>()
  const codecs = codecsOf(options)
  const open = (walOptions: WalOptions) =>
    Effect.zipWith(
      Effect.context<KR | R>(),
      Wal.make(walOptions),
      (context, wal) => typedService(wal, withContext(codecs, context), options.onDecodeError ?? "fail")
    )
  return Object.assign(tag, layersOf<Self, Id, Service<K, A>, KR | R>(tag, open))
}
