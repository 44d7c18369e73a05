/**
 * What `node:fs` throws or gives to a callback, as platform-node's file system would have it.
 */
import { type PlatformError, SystemError, type SystemErrorReason } from "@effect/platform/Error"
import * as Predicate from "effect/Predicate"

/** One reason for most, and the code in the cause. */
export const toPlatformError = (method: string, pathOrDescriptor: string | number, cause: unknown): PlatformError =>
  new SystemError({
    module: "FileSystem",
    method,
    reason: reasonOf(textOf(cause, "code")),
    pathOrDescriptor,
    syscall: textOf(cause, "syscall"),
    description: textOf(cause, "message"),
    cause
  })

const textOf = (cause: unknown, property: string): string | undefined =>
  Predicate.hasProperty(cause, property) && Predicate.isString(cause[property]) ? cause[property] : undefined

const reasonOf = (code: string | undefined): SystemErrorReason => {
  switch (code) {
    case "ENOENT":
      return "NotFound"
    case "EACCES":
      return "PermissionDenied"
    case "EEXIST":
      return "AlreadyExists"
    case "EISDIR":
    case "ENOTDIR":
    case "ELOOP":
      return "BadResource"
    case "EBUSY":
      return "Busy"
    default:
      return "Unknown"
  }
}
