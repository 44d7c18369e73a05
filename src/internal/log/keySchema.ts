/**
 * Keys through a schema: from the string or the bytes that they are in the log.
 */
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { WalCodecError } from "../../WalError.js"
import { reasonOf } from "./schemaIssue.js"

/**
 * A key is given to the schema as the string that it is in UTF-8, and as its bytes where it is none, or where only these
 * are what the schema takes.
 */
export const keyDecoder = <A, I extends string | Uint8Array, R>(
  schema: Schema.Schema<A, I, R>
): (key: Uint8Array) => Effect.Effect<A, ParseResult.ParseIssue, R> => {
  const isTaken = Schema.is(Schema.encodedSchema(schema))
  const decode = ParseResult.decodeUnknown(schema)
  return (key) => {
    const text = utf8Text(key)
    return decode(text === undefined || (!isTaken(text) && isTaken(key)) ? key : text)
  }
}

export const keyMismatch = (key: Uint8Array, issue: ParseResult.ParseIssue): WalCodecError =>
  new WalCodecError({
    reason: "SchemaMismatch",
    description: `the key ${nameOf(key)} does not fit its schema: ${reasonOf(issue)}`,
    cause: ParseResult.parseError(issue)
  })

const nameOf = (key: Uint8Array): string => {
  const text = utf8Text(key)
  return text === undefined ? `of ${key.length} bytes` : JSON.stringify(text)
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const utf8Text = (bytes: Uint8Array): string | undefined =>
  Option.getOrUndefined(Option.liftThrowable(() => decoder.decode(bytes))())
