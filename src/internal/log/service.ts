/**
 * The operations of an open log, as its users have them.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { AppendSummary, BatchOptions, ChangesOptions, ReplayOptions, Service } from "../../Wal.js"
import type { EntryInput, EntryRef } from "../../WalEntry.js"
import type { AppendError, OpenError, WalCodecError } from "../../WalError.js"
import { resolve, type WalOptions } from "../../WalOptions.js"
import { type ChangesRange, openChanges } from "./changes.js"
import { keyBytes } from "./keyBytes.js"
import { openKeys } from "./keys.js"
import { keyDecoder, keyMismatch } from "./keySchema.js"
import { toSequence } from "./nominal.js"
import { type Log, openLog } from "./openLog.js"
import { progressOf } from "./progress.js"
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
  const { appender, barriers, cursors, maintenance, reads, recovery, state } = log
  const enumerateKeys = streamOf(openKeys(reads))
  const progress = progressOf(state)
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
    changes: (options) => streamOf(Effect.flatMap(followed(options), (range) => openChanges(reads, progress, range))),
    entryCount: Effect.map(currentView(reads), entryCount),
    stats: Effect.map(currentView(reads), (view) => statsOf(view, state)),
    sync: barriers.sync,
    compact: maintenance.compact,
    truncateBefore: maintenance.truncateBefore,
    recovery,
    cursors,
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

/** What a follower asks for. */
const followed = (options: ChangesOptions = {}): Effect.Effect<ChangesRange, WalCodecError> => {
  const { key, onExpired = "fail", visibility = "written" } = options
  const { from, onLost } = rangeOf(options)
  return Effect.map(
    key === undefined ? Effect.succeed(undefined) : keyBytes(key),
    (bytes) => ({ from, key: bytes, visibility, onLost, onExpired })
  )
}

/** Batches become chunks, never single elements; the cursor is closed with the stream. */
const streamOf = <A, E>(open: Effect.Effect<Cursor<A, E>, E>): Stream.Stream<A, E> =>
  Effect.acquireRelease(open, (cursor) => cursor.close).pipe(
    Effect.map((cursor) => Stream.repeatEffectChunkOption(pull(cursor))),
    Stream.unwrapScoped
  )

const pull = <A, E>(cursor: Cursor<A, E>): Effect.Effect<Chunk.Chunk<A>, Option.Option<E>> =>
  cursor.next.pipe(
    Effect.repeat({ while: (batch) => batch?.length === 0 }),
    Effect.mapError(Option.some),
    Effect.flatMap((batch) =>
      batch === undefined ? Effect.fail(Option.none()) : Effect.succeed(Chunk.unsafeFromArray(batch))
    )
  )

const decodeKeys = <A, I extends string | Uint8Array, R>(
  keys: Stream.Stream<Uint8Array, ReadingError>,
  schema: Schema.Schema<A, I, R>
): Stream.Stream<A, ReadingError, R> => {
  const decode = keyDecoder(schema)
  const decodeKey = (key: Uint8Array): Effect.Effect<A, WalCodecError, R> =>
    Effect.mapError(decode(key), (issue) => keyMismatch(key, issue))
  return Stream.mapChunksEffect(keys, (chunk) => Effect.map(Effect.forEach(chunk, decodeKey), Chunk.unsafeFromArray))
}

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
