/**
 * The operations of a typed log, over those of the log beneath.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as TypedWal from "../../TypedWal.js"
import type * as Wal from "../../Wal.js"
import type { Entry } from "../../WalEntry.js"
import type { Codecs } from "./codecs.js"
import { decodeOne, decodeStream, entryDecoder, storedKeyDecoder } from "./decoding.js"
import { encodeBatch, encodeKey, encodeOne, encodeSink } from "./encoding.js"

export const typedService = <K, A, R>(
  wal: Wal.Service,
  codecs: Codecs<K, A, R>,
  onDecodeError: TypedWal.OnDecodeError
): TypedWal.Service<K, A, R> => {
  const decoder = entryDecoder(wal, codecs)
  const decode = <E>(entries: Stream.Stream<Entry, E, R>, options: TypedWal.ReadOptions | undefined) =>
    decodeStream(entries, decoder, options?.onDecodeError ?? onDecodeError)
  const rawChanges = ({ key, ...others }: TypedWal.ChangesOptions<K> = {}) =>
    key === undefined
      ? Effect.succeed<Wal.ChangesOptions>(others)
      : Effect.map(encodeKey(codecs, key), (encoded): Wal.ChangesOptions => ({ ...others, key: encoded }))
  return {
    wal,
    appendEntry: (key, content, options) =>
      Effect.flatMap(
        encodeOne(codecs, { key, content }),
        (entry) => wal.appendEntry(entry.key, entry.content, options)
      ),
    logEntry: (key, content, options) =>
      Effect.flatMap(encodeOne(codecs, { key, content }), (entry) => wal.logEntry(entry.key, entry.content, options)),
    appendExpecting: (key, content, options) =>
      Effect.flatMap(
        encodeOne(codecs, { key, content }),
        (entry) => wal.appendExpecting(entry.key, entry.content, options)
      ),
    appendBatch: (entries, options) =>
      Effect.flatMap(encodeBatch(codecs, entries), (encoded) => wal.appendBatch(encoded, options)),
    appendSink: (options) => encodeSink(codecs, wal.appendSink(options)),
    enumerateRecords: (key, options) =>
      decode(Stream.unwrap(Effect.map(encodeKey(codecs, key), (key) => wal.enumerateRecords(key, options))), options),
    enumerateKeys: decodeStream(wal.enumerateKeys, storedKeyDecoder(wal, codecs), onDecodeError),
    readEntryAt: (ref) => Effect.flatMap(wal.readEntryAt(ref), (entry) => decodeOne(decoder, entry)),
    replay: (options) => decode(wal.replay(options), options),
    changes: (options) => decode(Stream.unwrap(Effect.map(rawChanges(options), wal.changes)), options)
  }
}
