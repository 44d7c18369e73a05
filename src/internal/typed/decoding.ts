/**
 * Entries and keys of a log through its schemas.
 */
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Stream from "effect/Stream"
import type * as TypedWal from "../../TypedWal.js"
import type * as Wal from "../../Wal.js"
import type { Entry } from "../../WalEntry.js"
import type { WalCodecError } from "../../WalError.js"
import { keyMismatch } from "../log/keySchema.js"
import type { Codecs } from "./codecs.js"
import { convertChunks, convertEach, type ConvertedChunk, type Outcome } from "./convert.js"
import { mismatchOf, undecodable } from "./mismatch.js"
import { type Readable, reportSkipped } from "./skipping.js"

/** What is wrong with a value, made only if somebody wants to know: an error takes its time. */
type Explanation = Effect.Effect<WalCodecError>

/** How one value of a stream is decoded. */
interface Decoder<From, To, R> {
  readonly wal: Wal.Reader
  readonly what: Readable
  readonly decode: (from: From) => Effect.Effect<To, Explanation, R>
}

export const entryDecoder = <K, A, R>(
  wal: Wal.Reader,
  { decodeContent, decodeKey }: Codecs<K, A, R>
): Decoder<Entry, TypedWal.Entry<K, A>, R> => ({
  wal,
  what: "entries",
  decode: (entry) => {
    const decoded = ParseResult.flatMap(
      ParseResult.mapError(decodeKey(entry.key), mismatchOf("key")),
      (key) =>
        ParseResult.mapBoth(decodeContent(entry.content), {
          onFailure: mismatchOf("content"),
          onSuccess: (content) => typedEntry(entry, key, content)
        })
    )
    return ParseResult.mapError(decoded, (mismatch) => undecodable(wal, entry, mismatch))
  }
})

const typedEntry = <K, A>(
  { metadata, ref, sequence, timestamp }: Entry,
  key: K,
  content: A
): TypedWal.Entry<K, A> => ({ key, content, sequence, timestamp, metadata, ref })

export const storedKeyDecoder = <K, A, R>(
  wal: Wal.Reader,
  { decodeKey }: Codecs<K, A, R>
): Decoder<Uint8Array, K, R> => ({
  wal,
  what: "keys",
  decode: (key) => ParseResult.mapError(decodeKey(key), (issue) => Effect.sync(() => keyMismatch(key, issue)))
})

export const decodeOne = <From, To, R>(
  { decode }: Decoder<From, To, R>,
  from: From
): Effect.Effect<To, WalCodecError, R> => Effect.catchAll(Effect.suspend(() => decode(from)), Effect.flip)

/** Chunks are decoded as chunks; what decodes before a failure comes before the error. */
export const decodeStream = <From, To, R, E, R2>(
  stream: Stream.Stream<From, E, R2>,
  decoder: Decoder<From, To, R>,
  onDecodeError: TypedWal.OnDecodeError
): Stream.Stream<To, E | WalCodecError, R | R2> =>
  Stream.pipeThroughChannel(
    stream,
    convertChunks((chunk: ReadonlyArray<From>) =>
      Effect.flatMap(
        convertEach(chunk, decoder.decode, onDecodeError),
        (outcome) => settle(decoder, outcome, onDecodeError)
      )
    )
  )

const settle = <From, To, R>(
  { wal, what }: Decoder<From, To, R>,
  { failures, values }: Outcome<To, Explanation>,
  onDecodeError: TypedWal.OnDecodeError
): Effect.Effect<ConvertedChunk<To, WalCodecError>> => {
  if (failures === undefined) {
    return Effect.succeed({ _tag: "Whole", values })
  }
  return Effect.flatMap(
    failures.first,
    (error): Effect.Effect<ConvertedChunk<To, WalCodecError>> =>
      onDecodeError === "fail"
        ? Effect.succeed({ _tag: "Broken", values, error })
        : Effect.as(reportSkipped(wal, what, failures.count, error), { _tag: "Whole", values })
  )
}
