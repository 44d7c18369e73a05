/**
 * Values that do not fit their schemas, as the errors that say so.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import type * as Wal from "../../Wal.js"
import type { Entry } from "../../WalEntry.js"
import { WalCodecError } from "../../WalError.js"
import { reasonOf } from "../log/schemaIssue.js"

/** Which part of an entry does not fit, and why. */
export interface Mismatch {
  readonly part: "key" | "content"
  readonly issue: ParseResult.ParseIssue
}

export const mismatchOf = (part: Mismatch["part"]) => (issue: ParseResult.ParseIssue): Mismatch => ({ part, issue })

/** `owner` says whose key or content it is: " of entry 3", with the space. */
const describe = ({ issue, part }: Mismatch, owner: string): string =>
  `the ${part}${owner} does not fit its schema: ${reasonOf(issue)}`

/** For an entry that is not appended because of that. */
export const refusedInput = (mismatch: Mismatch, owner = ""): WalCodecError =>
  new WalCodecError({
    reason: "SchemaMismatch",
    description: describe(mismatch, owner),
    cause: ParseResult.parseError(mismatch.issue)
  })

/** For an entry that was read. */
export const undecodable = (wal: Wal.Reader, entry: Entry, mismatch: Mismatch): Effect.Effect<WalCodecError> =>
  Effect.map(pathOf(wal, entry), (path) =>
    new WalCodecError({
      reason: "SchemaMismatch",
      description: describe(mismatch, ` of entry ${entry.sequence}`),
      ...(Option.isSome(path) ? { path: path.value } : {}),
      offset: entry.ref.offset,
      sequence: entry.sequence,
      cause: ParseResult.parseError(mismatch.issue)
    }))

/** Of the entry's segment, as long as it is there. */
const pathOf = (wal: Wal.Reader, entry: Entry): Effect.Effect<Option.Option<string>> =>
  wal.stats.pipe(
    Effect.map(({ segments }) => segments.find(({ segment }) => segment === entry.ref.segment)),
    Effect.flatMap(Option.fromNullable),
    Effect.map(({ path }) => path),
    Effect.option
  )
