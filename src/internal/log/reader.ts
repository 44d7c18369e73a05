/**
 * The reading operations, as a log's users have them: over one that is open for writing, or one that is only followed.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
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
