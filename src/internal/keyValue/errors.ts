/**
 * The log's errors as a `KeyValueStore` has them, with the log's own error as their cause.
 */
import { BadArgument, type PlatformError, SystemError, type SystemErrorReason } from "@effect/platform/Error"
import type { AppendError, WalIoError } from "../../WalError.js"

export const toPlatformError = (method: string, key: string) => (error: AppendError): PlatformError =>
  error._tag === "WalCodecError"
    ? new BadArgument({ module: "KeyValueStore", method, description: error.message, cause: error })
    : new SystemError({
      module: "KeyValueStore",
      method,
      reason: error._tag === "WalIoError" ? reasons[error.reason] : "BadResource",
      description: error.message,
      pathOrDescriptor: key,
      cause: error
    })

/** As the platform's `FileSystem` names them; the cause says it more closely. */
const reasons: Record<WalIoError["reason"], SystemErrorReason> = {
  NoSpace: "Unknown",
  PermissionDenied: "PermissionDenied",
  NotFound: "NotFound",
  TooManyOpenFiles: "Busy",
  ReadOnly: "PermissionDenied",
  Io: "Unknown"
}
