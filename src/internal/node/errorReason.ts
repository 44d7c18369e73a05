/**
 * Which reason platform-node's file system gives for an error of the operating system's.
 */
import type { SystemErrorReason } from "@effect/platform/Error"

/** By the error's code: one reason for most. */
export const reasonOf = (code: string | undefined): SystemErrorReason => {
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
