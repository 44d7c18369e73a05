/**
 * Keys and contents through their schemas, compiled once for a log.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import type { Key } from "../../WalEntry.js"
import { keyDecoder } from "../log/keySchema.js"

/** An effect that is an `Either` wherever the schema has nothing to wait for, so that no fiber is needed to run it. */
export type Parsed<A, R> = Effect.Effect<A, ParseResult.ParseIssue, R>

export interface Codecs<K, A, R> {
  readonly encodeKey: (key: K) => Parsed<Key, R>
  readonly decodeKey: (key: Uint8Array) => Parsed<K, R>
  readonly encodeContent: (content: A) => Parsed<Uint8Array, R>
  readonly decodeContent: (content: Uint8Array) => Parsed<A, R>
}

export const makeCodecs = <K, I extends Key, KR, A, AR>(
  key: Schema.Schema<K, I, KR>,
  content: Schema.Schema<A, Uint8Array, AR>
): Codecs<K, A, KR | AR> => ({
  encodeKey: ParseResult.encode(key),
  decodeKey: keyDecoder(key),
  encodeContent: ParseResult.encode(content),
  decodeContent: ParseResult.decode(content)
})

/** The same with what the schemas require, so that nobody who uses them has to. */
export const withContext = <K, A, R>(codecs: Codecs<K, A, R>, context: Context.Context<R>): Codecs<K, A, never> => {
  const provide = <B>(parsed: Parsed<B, R>): Parsed<B, never> =>
    ParseResult.eitherOrUndefined(parsed)
      ?? Effect.mapInputContext(parsed, (own: Context.Context<never>) => Context.merge(own, context))
  return {
    encodeKey: (key) => provide(codecs.encodeKey(key)),
    decodeKey: (key) => provide(codecs.decodeKey(key)),
    encodeContent: (content) => provide(codecs.encodeContent(content)),
    decodeContent: (content) => provide(codecs.decodeContent(content))
  }
}
