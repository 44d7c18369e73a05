/**
 * What is appended through a log's schemas: encoded as a whole before anything of it is appended.
 */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Sink from "effect/Sink"
import type * as TypedWal from "../../TypedWal.js"
import type { EntryInput, Key } from "../../WalEntry.js"
import type { WalCodecError } from "../../WalError.js"
import type { Codecs } from "./codecs.js"
import { convertChunks, convertEach, type ConvertedChunk, type Outcome } from "./convert.js"
import { type Mismatch, mismatchOf, refusedInput } from "./mismatch.js"

const encodeInput = <K, A, R>({ encodeContent, encodeKey }: Codecs<K, A, R>) =>
(
  { content, key, metadata }: TypedWal.EntryInput<K, A>
): Effect.Effect<EntryInput, Mismatch, R> =>
  ParseResult.flatMap(
    ParseResult.mapError(encodeKey(key), mismatchOf("key")),
    (key) =>
      ParseResult.mapBoth(encodeContent(content), {
        onFailure: mismatchOf("content"),
        onSuccess: (content) => ({ key, content, metadata })
      })
  )

/** The values are taken when this runs. */
export const encodeOne = <K, A, R>(
  codecs: Codecs<K, A, R>,
  input: TypedWal.EntryInput<K, A>
): Effect.Effect<EntryInput, WalCodecError, R> =>
  Effect.suspend(() => ParseResult.mapError(encodeInput(codecs)(input), (mismatch) => refusedInput(mismatch)))

export const encodeKey = <K, A, R>(codecs: Codecs<K, A, R>, key: K): Effect.Effect<Key, WalCodecError, R> =>
  Effect.suspend(() => ParseResult.mapError(codecs.encodeKey(key), (issue) => refusedInput({ part: "key", issue })))

/** All of them, or what is wrong with the first that does not fit. */
export const encodeBatch = <K, A, R>(
  codecs: Codecs<K, A, R>,
  entries: ReadonlyArray<TypedWal.EntryInput<K, A>>
): Effect.Effect<ReadonlyArray<EntryInput>, WalCodecError, R> =>
  Effect.flatMap(convertEach(entries, encodeInput(codecs), "fail"), ({ failures, values }) =>
    failures === undefined
      ? Effect.succeed(values)
      : Effect.fail(refusedInput(failures.first, ` of entry ${values.length + 1} of ${entries.length} in the batch`)))

/** Takes what the sink takes, before its encoding; of a chunk with an entry that does not fit, what comes before it. */
export const encodeSink = <K, A, R, Z, E>(
  codecs: Codecs<K, A, R>,
  sink: Sink.Sink<Z, EntryInput, never, E>
): Sink.Sink<Z, TypedWal.EntryInput<K, A>, never, E | WalCodecError, R> =>
  Sink.fromChannel(
    Channel.pipeToOrFail(
      convertChunks((chunk: ReadonlyArray<TypedWal.EntryInput<K, A>>) =>
        Effect.map(convertEach(chunk, encodeInput(codecs), "fail"), encodedChunk)
      ),
      Sink.toChannel(sink)
    )
  )

const encodedChunk = ({ failures, values }: Outcome<EntryInput, Mismatch>): ConvertedChunk<EntryInput, WalCodecError> =>
  failures === undefined
    ? { _tag: "Whole", values }
    : { _tag: "Broken", values, error: refusedInput(failures.first) }
