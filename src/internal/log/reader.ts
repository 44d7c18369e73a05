/**
 * The reading operations, as a log's users have them: over one that is open for writing, or one that is only followed.
 */
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ChangesOptions, Reader, ReplayOptions } from "../../Wal.js"
import type { WalCodecError } from "../../WalError.js"
import { type ChangesRange, openChanges, type Progress } from "./changes.js"
import { keyBytes } from "./keyBytes.js"
import { openKeys } from "./keys.js"
import { keyDecoder, keyMismatch } from "./keySchema.js"
import { currentView, type Cursor, type ReadContext, type ReadingError } from "./readContext.js"
import { readEntry } from "./readEntry.js"
import { openRecords } from "./records.js"
import { openReplay, type ReplayRange } from "./replay.js"
import { type Account, statsOf } from "./stats.js"
import { entryCount } from "./view.js"

export const readerOf = (reads: ReadContext, progress: Progress, account: () => Account): Reader => {
  const enumerateKeys = streamOf(openKeys(reads))
  return {
    enumerateRecords: (key, options) =>
      streamOf(Effect.flatMap(keyBytes(key), (bytes) => openRecords(reads, bytes, options?.onLost ?? "fail"))),
    enumerateKeys,
    enumerateKeysAs: (schema) => decodeKeys(enumerateKeys, schema),
    readEntryAt: (ref) => readEntry(reads, ref),
    replay: (options) => streamOf(openReplay(reads, rangeOf(options))),
    changes: (options) => streamOf(Effect.flatMap(followed(options), (range) => openChanges(reads, progress, range))),
    entryCount: Effect.map(currentView(reads), entryCount),
    stats: Effect.map(currentView(reads), (view) => statsOf(view, account()))
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

/**
 * Batches become chunks, never single elements; the cursor is closed with the stream. A channel, because
 * `Stream.repeatEffectChunkOption` costs three times as much to set up, and five times as much for each chunk.
 */
const streamOf = <A, E>(open: Effect.Effect<Cursor<A, E>, E>): Stream.Stream<A, E> =>
  Stream.fromChannel(Channel.acquireUseRelease(open, emitAll, (cursor) => cursor.close))

type Batches<A, E> = Channel.Channel<Chunk.Chunk<A>, unknown, E, unknown, void>

const emitAll = <A, E>(cursor: Cursor<A, E>): Batches<A, E> => {
  const batch = nextBatch(cursor)
  const loop: Batches<A, E> = Channel.flatMap(
    Channel.fromEffect(batch),
    (entries) =>
      entries === undefined ? Channel.void : Channel.flatMap(Channel.write(Chunk.unsafeFromArray(entries)), () => loop)
  )
  return loop
}

/** The next one that is not empty. */
const nextBatch = <A, E>(cursor: Cursor<A, E>): Cursor<A, E>["next"] => {
  const loop: Cursor<A, E>["next"] = Effect.flatMap(
    cursor.next,
    (entries) => (entries?.length === 0 ? loop : Effect.succeed(entries))
  )
  return loop
}

const decodeKeys = <A, I extends string | Uint8Array, R>(
  keys: Stream.Stream<Uint8Array, ReadingError>,
  schema: Schema.Schema<A, I, R>
): Stream.Stream<A, ReadingError, R> => {
  const decode = keyDecoder(schema)
  const decodeKey = (key: Uint8Array): Effect.Effect<A, WalCodecError, R> =>
    Effect.mapError(decode(key), (issue) => keyMismatch(key, issue))
  return Stream.mapChunksEffect(keys, (chunk) => Effect.map(Effect.forEach(chunk, decodeKey), Chunk.unsafeFromArray))
}
