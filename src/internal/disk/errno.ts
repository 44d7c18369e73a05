/**
 * What a system call fails with, and the platform error that Node's file system would make of it.
 */
import * as PlatformError from "@effect/platform/Error"
import type { ErrorCode } from "../../testing/SimulatedDisk.js"
import { reasonOf } from "../node/errorReason.js"

/** Errors of Node's own, which no system call has. */
export type NodeErrorCode =
  | "ERR_FS_EISDIR"
  | "ERR_FS_CP_EINVAL"
  | "ERR_FS_CP_DIR_TO_NON_DIR"
  | "ERR_FS_CP_NON_DIR_TO_DIR"

/** A call as an error describes it. */
export interface Site {
  /** The method of `FileSystem` or `File`. */
  readonly method: string
  readonly syscall: string
  /** A path, or the descriptor of an open file. */
  readonly target: string | number
  /** The second path of a call that has two. */
  readonly to?: string | undefined
}

/**
 * Thrown inside the simulated kernel, which is plain TypeScript; the gate turns it into a typed failure.
 */
export class Errno extends Error {
  override readonly name = "Errno"
  constructor(
    readonly code: ErrorCode | NodeErrorCode,
    /** Where it is not the call's own. */
    readonly syscall?: string
  ) {
    super(code)
  }
}

export const toPlatformError = (errno: Errno, site: Site): PlatformError.PlatformError => {
  const cause = toNodeError(errno, site)
  return new PlatformError.SystemError({
    reason: reasonOf(errno.code),
    module: "FileSystem",
    method: site.method,
    pathOrDescriptor: site.target,
    syscall: cause.syscall,
    description: cause.message,
    cause
  })
}

/** What Node says to an argument before it makes any call. */
export const badArgument = (method: string, path: string): PlatformError.PlatformError =>
  new PlatformError.BadArgument({
    module: "FileSystem",
    method,
    cause: Object.assign(
      new TypeError(
        `The argument 'path' must be a string, Uint8Array, or URL without null bytes. Received ${JSON.stringify(path)}`
      ),
      { code: "ERR_INVALID_ARG_VALUE" }
    )
  })

/** A machine without power, or a dead process: nothing is done any more. */
export const machineIsOff = (site: Site): PlatformError.PlatformError => {
  const cause = Object.assign(new Error(`EIO: machine is off, ${site.syscall}`), {
    code: "EIO",
    errno: table.EIO[0],
    syscall: site.syscall
  })
  return new PlatformError.SystemError({
    reason: "Unknown",
    module: "FileSystem",
    method: site.method,
    pathOrDescriptor: site.target,
    syscall: site.syscall,
    description: cause.message,
    cause
  })
}

const toNodeError = (errno: Errno, site: Site) => {
  const [number, text] = table[errno.code]
  const syscall = errno.syscall ?? site.syscall
  const paths = typeof site.target === "number" ? {} : {
    path: site.target,
    ...site.to === undefined ? {} : { dest: site.to }
  }
  const message = `${errno.code}: ${text}, ${syscall}${describePaths(site)}`
  return Object.assign(new Error(message), { errno: number, code: errno.code, syscall, ...paths })
}

const describePaths = (site: Site): string => {
  if (typeof site.target === "number") return ""
  return site.to === undefined ? ` '${site.target}'` : ` '${site.target}' -> '${site.to}'`
}

const table: Record<Errno["code"], readonly [errno: number, text: string]> = {
  EACCES: [-13, "permission denied"],
  EAGAIN: [-11, "resource temporarily unavailable"],
  EBADF: [-9, "bad file descriptor"],
  EBUSY: [-16, "resource busy or locked"],
  EDQUOT: [-122, "disk quota exceeded"],
  EEXIST: [-17, "file already exists"],
  EFBIG: [-27, "file too large"],
  EINVAL: [-22, "invalid argument"],
  EIO: [-5, "i/o error"],
  EISDIR: [-21, "illegal operation on a directory"],
  ELOOP: [-40, "too many symbolic links encountered"],
  EMFILE: [-24, "too many open files"],
  ENAMETOOLONG: [-36, "name too long"],
  ENFILE: [-23, "file table overflow"],
  ENOENT: [-2, "no such file or directory"],
  ENOSPC: [-28, "no space left on device"],
  ENOTDIR: [-20, "not a directory"],
  ENOTEMPTY: [-39, "directory not empty"],
  EPERM: [-1, "operation not permitted"],
  EROFS: [-30, "read-only file system"],
  ERR_FS_CP_DIR_TO_NON_DIR: [21, "cannot overwrite a file with a directory"],
  ERR_FS_CP_EINVAL: [22, "invalid source or destination"],
  ERR_FS_CP_NON_DIR_TO_DIR: [20, "cannot overwrite a directory with a file"],
  ERR_FS_EISDIR: [21, "path is a directory"]
}
