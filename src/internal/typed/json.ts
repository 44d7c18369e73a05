/**
 * JSON in UTF-8, as a schema from bytes.
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import { utf8 } from "../format/bytes.js"

export const jsonSchema = <A, I, R>(schema: Schema.Schema<A, I, R>): Schema.Schema<A, Uint8Array, R> =>
  Schema.transformOrFail(Schema.Uint8ArrayFromSelf, schema, { strict: true, decode: parse, encode: stringify })

type Result<A> = Either.Either<A, ParseResult.ParseIssue>

const decoder = new TextDecoder("utf-8", { fatal: true })

/** With `try` and `catch`: for each entry, `Either.try` takes longer than `JSON.parse`. What it gives, a schema is to check. */
const parse = <I>(bytes: Uint8Array, _: AST.ParseOptions, ast: AST.AST): Result<I> => {
  try {
    return Either.right(JSON.parse(decoder.decode(bytes)))
  } catch (error) {
    return Either.left(new ParseResult.Type(ast, bytes, messageOf(error)))
  }
}

const stringify = (value: unknown, _: AST.ParseOptions, ast: AST.AST): Result<Uint8Array> => {
  try {
    const text: string | undefined = JSON.stringify(value)
    return text === undefined
      ? Either.left(new ParseResult.Type(ast, value, `JSON has no ${typeof value}`))
      : Either.right(utf8(text))
  } catch (error) {
    return Either.left(new ParseResult.Type(ast, value, messageOf(error)))
  }
}

const messageOf = (error: unknown): string => error instanceof Error ? error.message : String(error)
