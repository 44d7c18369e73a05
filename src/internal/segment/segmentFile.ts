/**
 * One open file, read and written at positions. Everything is uninterruptible: interruption does not cancel a system call, and
 * an interrupted fiber may keep the semaphore that a platform `File` has, so that nobody could use the file any more.
 */
import type * as PlatformError from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { WalIoError } from "../../WalError.js"
import { toIoError } from "./ioError.js"

/**
 * A platform `File` has one position: an owner of a `SegmentFile` runs one operation at a time, but for `sync`, which
 * may overlap with any other.
 */
export interface SegmentFile {
  readonly path: string
  /** Reads until the buffer is full or the file ends; answers how many bytes there were. */
  readonly readAt: (buffer: Uint8Array, offset: number) => Effect.Effect<number, WalIoError>
  readonly writeAt: (bytes: Uint8Array, offset: number) => Effect.Effect<void, WalIoError>
  readonly sync: Effect.Effect<void, WalIoError>
  readonly truncate: (length: number) => Effect.Effect<void, WalIoError>
  readonly size: Effect.Effect<number, WalIoError>
  readonly close: Effect.Effect<void>
}

/** Opens a file; whoever opens it closes it. */
export const openSegmentFile = (
  fs: FileSystem.FileSystem,
  path: string,
  flag: "r" | "r+" | "w" | "wx+"
): Effect.Effect<SegmentFile, WalIoError> =>
  Effect.uninterruptible(
    Effect.flatMap(Scope.make(), (scope) =>
      fs.open(path, { flag }).pipe(
        Scope.extend(scope),
        Effect.mapError(toIoError("open", path)),
        Effect.map((file) => fromPlatform(file, path, Scope.close(scope, Exit.void)))
      ))
  )

/** Runs with an open file, and closes it whatever happens. */
export const withSegmentFile = <A, E>(
  fs: FileSystem.FileSystem,
  path: string,
  flag: "r" | "r+" | "w" | "wx+",
  use: (file: SegmentFile) => Effect.Effect<A, E>
): Effect.Effect<A, E | WalIoError> =>
  Effect.acquireUseRelease(openSegmentFile(fs, path, flag), use, (file) => file.close)

/** Makes a directory's entries durable: what was created, renamed or removed in it. */
export const syncDirectory = (fs: FileSystem.FileSystem, path: string): Effect.Effect<void, WalIoError> =>
  withSegmentFile(fs, path, "r", (directory) => directory.sync)

const fromPlatform = (file: FileSystem.File, path: string, close: Effect.Effect<void>): SegmentFile => {
  const during = <A>(operation: string, effect: Effect.Effect<A, PlatformError.PlatformError>) =>
    Effect.mapError(effect, toIoError(operation, path))

  const readFully = (buffer: Uint8Array, filled: number): Effect.Effect<number, PlatformError.PlatformError> =>
    Effect.flatMap(file.read(buffer.subarray(filled)), (count) => {
      const total = filled + Number(count)
      return Number(count) === 0 || total === buffer.length ? Effect.succeed(total) : readFully(buffer, total)
    })

  return {
    path,
    readAt: (buffer, offset) =>
      buffer.length === 0
        ? Effect.succeed(0)
        : Effect.uninterruptible(
          during("read", Effect.zipRight(file.seek(BigInt(offset), "start"), readFully(buffer, 0)))
        ),
    writeAt: (bytes, offset) =>
      Effect.uninterruptible(
        during("write", Effect.zipRight(file.seek(BigInt(offset), "start"), file.writeAll(bytes)))
      ),
    sync: Effect.uninterruptible(during("sync", file.sync)),
    truncate: (length) => Effect.uninterruptible(during("truncate", file.truncate(BigInt(length)))),
    size: Effect.map(during("stat", file.stat), (info) => Number(info.size)),
    close
  }
}
