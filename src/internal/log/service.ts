/**
 * The operations of an open log, as its users have them.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { AppendSummary, BatchOptions, ReplayOptions, Service } from "../../Wal.js"
import type { EntryInput, EntryRef } from "../../WalEntry.js"
import { type AppendError, type OpenError, WalCodecError } from "../../WalError.js"
import { resolve, type WalOptions } from "../../WalOptions.js"
import { keyBytes } from "./keyBytes.js"
import { openKeys } from "./keys.js"
import { toSequence } from "./nominal.js"
import { type Log, openLog } from "./openLog.js"
import { currentView, type Cursor, type ReadingError } from "./readContext.js"
import { readEntry } from "./readEntry.js"
import { openRecords } from "./records.js"
import { openReplay, type ReplayRange } from "./replay.js"
import { statsOf } from "./stats.js"
import { entryCount } from "./view.js"

export const makeService = (
  options: WalOptions
): Effect.Effect<Service, OpenError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.flatMap(resolve(options), (settings) =>
    Effect.map(
      Effect.acquireRelease(openLog(settings), (log) =>
        log.close("keep").pipe(
          Effect.tapErrorCause((cause) =>
            Effect.annotateLogs(Effect.logError("the log could not be closed as it should", cause), {
              directory: settings.directory
            })
          ),
          Effect.orDie
        )),
      serviceOf
    ))

const serviceOf = (log: Log): Service => {
  const { appender, barriers, maintenance, reads, recovery, state } = log
  const enumerateKeys = streamOf(openKeys(reads))
  return {
    appendEntry: (key, content, options) => appender.append(key, content, options?.metadata, options?.durability),
    logEntry: (key, content, options) => appender.append(key, content, options?.metadata, "synced"),
    appendBatch: (entries, options) => appender.appendBatch(entries, options?.durability),
    appendSink: (options) => sinkOf(log, options),
    enumerateRecords: (key, options) =>
      streamOf(Effect.flatMap(keyBytes(key), (bytes) => openRecords(reads, bytes, options?.onLost ?? "fail"))),
    enumerateKeys,
    enumerateKeysAs: (schema) => decodeKeys(enumerateKeys, schema),
    readEntryAt: (ref) => readEntry(reads, ref),
    replay: (options) => streamOf(openReplay(reads, rangeOf(options))),
    entryCount: Effect.map(currentView(reads), entryCount),
    stats: Effect.map(currentView(reads), (view) => statsOf(view, state)),
    sync: barriers.sync,
    compact: maintenance.compact,
    truncateBefore: maintenance.truncateBefore,
    recovery,
    shutdown: ({ files }) => log.close(files)
  }
}

/** 0 stands before the first entry, which is 1. */
const rangeOf = ({ after, from, onLost = "fail", to }: ReplayOptions = {}): ReplayRange => ({
  from: from === undefined && after === undefined
    ? undefined
    : Math.max(1, from ?? 0, after === undefined ? 0 : after + 1),
  to: to ?? Infinity,
  onLost
})

/**
 * Batches become chunks, never single elements; the cursor is closed with the stream. A channel, because
 * `Stream.repeatEffectChunkOption` costs three times as much to set up, and five times as much for each chunk.
 */
const streamOf = <A>(open: Effect.Effect<Cursor<A>, ReadingError>): Stream.Stream<A, ReadingError> =>
  Stream.fromChannel(Channel.acquireUseRelease(open, emitAll, (cursor) => cursor.close))

const emitAll = <A>(cursor: Cursor<A>): Batches<A> => {
  const batch = nextBatch(cursor)
  const loop: Batches<A> = Channel.flatMap(
    Channel.fromEffect(batch),
    (entries) =>
      entries === undefined ? Channel.void : Channel.flatMap(Channel.write(Chunk.unsafeFromArray(entries)), () => loop)
  )
  return loop
}

type Batches<A> = Channel.Channel<Chunk.Chunk<A>, unknown, ReadingError, unknown, void>

/** The next one that is not empty. */
const nextBatch = <A>(cursor: Cursor<A>): Cursor<A>["next"] => {
  const loop: Cursor<A>["next"] = Effect.flatMap(
    cursor.next,
    (entries) => (entries?.length === 0 ? loop : Effect.succeed(entries))
  )
  return loop
}

/** A key is given to the schema as the string that it is in UTF-8, and as its bytes where that is not what it takes. */
const decodeKeys = <A, I extends string | Uint8Array, R>(
  keys: Stream.Stream<Uint8Array, ReadingError>,
  schema: Schema.Schema<A, I, R>
): Stream.Stream<A, ReadingError, R> => {
  const encodedIsString = Schema.is(Schema.encodedSchema(schema))
  const decode = Schema.decodeUnknown(schema)
  const decodeKey = (key: Uint8Array): Effect.Effect<A, WalCodecError, R> => {
    const text = utf8Text(key)
    const encoded = text !== undefined && encodedIsString(text) ? text : key
    return Effect.mapError(decode(encoded), (cause) =>
      new WalCodecError({
        reason: "SchemaMismatch",
        description: `the key ${text ?? `of ${key.length} bytes`} does not fit the schema`,
        cause
      }))
  }
  return Stream.mapChunksEffect(keys, (chunk) => Effect.map(Effect.forEach(chunk, decodeKey), Chunk.unsafeFromArray))
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const utf8Text = (bytes: Uint8Array): string | undefined =>
  Option.getOrUndefined(Option.liftThrowable(() => decoder.decode(bytes))())

/** Each chunk is framed as a whole, so that a large one is one write; the next waits until it is acknowledged. */
const sinkOf = (
  log: Log,
  options: BatchOptions | undefined
): Sink.Sink<AppendSummary, EntryInput, never, AppendError> =>
  Sink.foldLeftChunksEffect(
    NOTHING_APPENDED,
    (summary, chunk) =>
      Effect.map(
        log.appender.appendEach(Chunk.toReadonlyArray(chunk), options?.durability),
        (refs) => add(summary, refs)
      )
  )

const NOTHING_APPENDED: AppendSummary = { entries: 0, firstSequence: toSequence(0), lastSequence: toSequence(0) }

const add = (summary: AppendSummary, refs: ReadonlyArray<EntryRef>): AppendSummary => ({
  entries: summary.entries + refs.length,
  firstSequence: summary.entries === 0 ? refs[0]?.sequence ?? summary.firstSequence : summary.firstSequence,
  lastSequence: refs.at(-1)?.sequence ?? summary.lastSequence
})
