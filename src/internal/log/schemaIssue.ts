/**
 * Why a value does not fit a schema, in a sentence.
 */
import * as ParseResult from "effect/ParseResult"

/** Reasons quote the value, which may be long. */
const MAX_LENGTH = 1_000

export const reasonOf = (issue: ParseResult.ParseIssue): string => {
  const reasons = ParseResult.ArrayFormatter.formatIssueSync(issue)
    .map(({ message, path }) => (path.length === 0 ? message : `at ${path.map(String).join(".")}: ${message}`))
    .join("; ")
  return reasons.length <= MAX_LENGTH ? reasons : `${reasons.slice(0, MAX_LENGTH)}…`
}
