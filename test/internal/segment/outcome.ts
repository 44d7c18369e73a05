/**
 * What an operation comes to, without what differs from one file system or run to another: descriptors, and where an error was made.
 */
import { PlatformError } from "@effect/platform/Error"
import type { WalIoError } from "effect-wal/WalError"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

export const outcomeOf = <A, R>(effect: Effect.Effect<A, PlatformError | WalIoError, R>) =>
  Effect.match(effect, { onFailure: failureOf, onSuccess: (value) => ({ value }) })

const failureOf = (error: PlatformError | WalIoError): unknown =>
  error._tag === "WalIoError"
    ? { operation: error.operation, path: error.path, reason: error.reason, cause: causeOf(error.cause) }
    : causeOf(error)

const causeOf = (cause: unknown): unknown => {
  if (!Schema.is(PlatformError)(cause)) {
    return cause
  }
  return cause._tag === "BadArgument" ? { method: cause.method } : {
    method: cause.method,
    reason: cause.reason,
    syscall: cause.syscall,
    description: cause.description,
    code: Predicate.hasProperty(cause.cause, "code") ? cause.cause.code : undefined
  }
}
