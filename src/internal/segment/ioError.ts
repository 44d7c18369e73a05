/**
 * Turns the platform's errors into `WalIoError`: one reason for each thing that a caller can do about it.
 */
import type * as PlatformError from "@effect/platform/Error"
import * as Predicate from "effect/Predicate"
import { WalIoError } from "../../WalError.js"

/**
 * The `WalIoError` for a platform error that `operation` met on `path`; made for `Effect.mapError`.
 */
export const toIoError = (operation: string, path: string) => (error: PlatformError.PlatformError): WalIoError =>
  new WalIoError({ operation, path, reason: reasonOf(error), cause: error })

/**
 * The operating system's own name for the failure (`"ENOSPC"`), which the platform only keeps in the cause.
 */
export const errnoOf = (error: PlatformError.PlatformError): string | undefined =>
  Predicate.hasProperty(error.cause, "code") && Predicate.isString(error.cause.code) ? error.cause.code : undefined

const reasonOf = (error: PlatformError.PlatformError): WalIoError["reason"] =>
  reasonOfErrno(errnoOf(error)) ?? reasonOfPlatform(error)

// The errno comes first: the platform knows no reason for a full or read-only disk, and says "Unknown".
const reasonOfErrno = (errno: string | undefined): WalIoError["reason"] | undefined =>
  errno === undefined ? undefined : reasons.get(errno)

const reasons: ReadonlyMap<string, WalIoError["reason"]> = new Map<string, WalIoError["reason"]>([
  ["ENOSPC", "NoSpace"],
  ["EDQUOT", "NoSpace"],
  ["EACCES", "PermissionDenied"],
  ["EPERM", "PermissionDenied"],
  ["ENOENT", "NotFound"],
  ["EMFILE", "TooManyOpenFiles"],
  ["ENFILE", "TooManyOpenFiles"],
  ["EROFS", "ReadOnly"]
])

const reasonOfPlatform = (error: PlatformError.PlatformError): WalIoError["reason"] => {
  if (error._tag === "BadArgument") return "Io"
  return error.reason === "NotFound" || error.reason === "PermissionDenied" ? error.reason : "Io"
}
