/**
 * One open file, read and written at positions. Everything is uninterruptible: interruption does not cancel a system call, and
 * an interrupted fiber may keep the semaphore that a platform `File` has, so that nobody could use the file any more.
 */
import * as PlatformError from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { WalIoError } from "../../WalError.js"
import { type DirectCalls, directCallsOf } from "./directCalls.js"
import { toIoError } from "./ioError.js"
import type { Turn } from "./turn.js"

/**
 * A platform `File` has one position: an owner of a `SegmentFile` runs one operation at a time, but for `sync`, which
 * may overlap with any other.
 */
export interface SegmentFile {
  readonly path: string
  /** What can be done in one go, without a turn of the event loop; undefined where the file system has nothing for that. */
  readonly now: FileNow | undefined
  /** Reads until the buffer is full or the file ends; answers how many bytes there were. */
  readonly readAt: (buffer: Uint8Array, offset: number) => Effect.Effect<number, WalIoError>
  readonly writeAt: (bytes: Uint8Array, offset: number) => Effect.Effect<void, WalIoError>
  readonly sync: Effect.Effect<void, WalIoError>
  readonly truncate: (length: number) => Effect.Effect<void, WalIoError>
  readonly size: Effect.Effect<number, WalIoError>
  readonly close: Effect.Effect<void>
}

/** For small reads and writes, up to `MOST_AT_ONCE`: the thread waits for the operating system meanwhile. */
export interface FileNow {
  /** Whoever calls again and again asks whether it is over. */
  readonly turn: Turn
  /** Reads `length` bytes into the buffer from `start` on, or up to the file's end; answers how many there were. */
  readonly readAt: (buffer: Uint8Array, start: number, length: number, offset: number) => number | WalIoError
  /** Writes the first `length` bytes. Of what fails, any part may be in the file. */
  readonly writeAt: (bytes: Uint8Array, length: number, offset: number) => WalIoError | undefined
}

/** So many bytes are copied to or from the operating system's cache in less than the tenth of a millisecond. */
export const MOST_AT_ONCE = 256 * 1024

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
        Effect.map((file) => {
          const close = Scope.close(scope, Exit.void)
          const calls = directCallsOf(file)
          return calls === undefined ? fromPlatform(file, path, close) : fromDirect(file, calls, path, close)
        })
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

type Trying<A> = Effect.Effect<A, PlatformError.PlatformError>

const fromPlatform = (file: FileSystem.File, path: string, close: Effect.Effect<void>): SegmentFile => {
  const readFully = (buffer: Uint8Array, filled: number): Trying<number> =>
    Effect.flatMap(file.read(buffer.subarray(filled)), (count) => {
      const total = filled + Number(count)
      return Number(count) === 0 || total === buffer.length ? Effect.succeed(total) : readFully(buffer, total)
    })

  return {
    path,
    now: undefined,
    readAt: (buffer, offset) =>
      buffer.length === 0
        ? Effect.succeed(0)
        : during("read", path, Effect.zipRight(file.seek(BigInt(offset), "start"), readFully(buffer, 0))),
    writeAt: (bytes, offset) =>
      during("write", path, Effect.zipRight(file.seek(BigInt(offset), "start"), file.writeAll(bytes))),
    sync: during("sync", path, file.sync),
    truncate: truncateOf(file, path),
    size: Effect.mapError(Effect.map(file.stat, (info) => Number(info.size)), toIoError("stat", path)),
    close
  }
}

const fromDirect = (
  file: FileSystem.File,
  calls: DirectCalls,
  path: string,
  close: Effect.Effect<void>
): SegmentFile => {
  const now = fileNow(calls, path)

  const readFully = (buffer: Uint8Array, offset: number, filled: number): Trying<number> =>
    Effect.flatMap(calls.read(buffer.subarray(filled), offset + filled), (count) => {
      const total = filled + count
      return count === 0 || total === buffer.length ? Effect.succeed(total) : readFully(buffer, offset, total)
    })

  const writeFully = (bytes: Uint8Array, offset: number): Trying<void> =>
    Effect.flatMap(calls.write(bytes, offset), (count) =>
      count === bytes.length
        ? Effect.void
        : count === 0
        ? Effect.fail(nothingWritten(path))
        : writeFully(bytes.subarray(count), offset + count))

  return {
    path,
    now,
    readAt: (buffer, offset) =>
      buffer.length > MOST_AT_ONCE
        ? during("read", path, readFully(buffer, offset, 0))
        : now.turn.during(() => {
          const count = now.readAt(buffer, 0, buffer.length, offset)
          return typeof count === "number" ? Effect.succeed(count) : Effect.fail(count)
        }),
    writeAt: (bytes, offset) =>
      bytes.length > MOST_AT_ONCE
        ? during("write", path, writeFully(bytes, offset))
        : now.turn.during(() => {
          const error = now.writeAt(bytes, bytes.length, offset)
          return error === undefined ? Effect.void : Effect.fail(error)
        }),
    sync: during("sync", path, calls.syncData),
    truncate: truncateOf(file, path),
    size: Effect.suspend(() => {
      const size = calls.sizeNow()
      return typeof size === "number" ? Effect.succeed(size) : Effect.fail(toIoError("stat", path)(size))
    }),
    close
  }
}

/** Reads until the length is reached or the file ends. */
export const readFullyNow = (
  calls: Pick<DirectCalls, "turn" | "readNow">,
  path: string
): FileNow["readAt"] => {
  const failedRead = toIoError("read", path)
  return (buffer, start, length, offset) => {
    let filled = 0
    while (filled < length) {
      const count = calls.readNow(buffer, start + filled, length - filled, offset + filled)
      calls.turn.count(typeof count === "number" ? count : 0)
      if (typeof count !== "number") {
        return failedRead(count)
      }
      if (count === 0) {
        break
      }
      filled += count
    }
    return filled
  }
}

const fileNow = (calls: DirectCalls, path: string): FileNow => {
  const failedWrite = toIoError("write", path)
  const { turn } = calls
  return {
    turn,
    readAt: readFullyNow(calls, path),
    writeAt: (bytes, length, offset) => {
      let written = 0
      while (written < length) {
        const count = calls.writeNow(bytes, written, length - written, offset + written)
        turn.count(typeof count === "number" ? count : 0)
        if (typeof count !== "number") {
          return failedWrite(count)
        }
        if (count === 0) {
          return failedWrite(nothingWritten(path))
        }
        written += count
      }
      return undefined
    }
  }
}

const truncateOf = (file: FileSystem.File, path: string): SegmentFile["truncate"] => (length) =>
  during("truncate", path, file.truncate(BigInt(length)))

const during = <A>(operation: string, path: string, effect: Trying<A>): Effect.Effect<A, WalIoError> =>
  Effect.uninterruptible(Effect.mapError(effect, toIoError(operation, path)))

/** The operating system took nothing, and did not say why. */
const nothingWritten = (path: string): PlatformError.PlatformError =>
  new PlatformError.SystemError({
    module: "FileSystem",
    method: "write",
    reason: "WriteZero",
    pathOrDescriptor: path,
    description: "write returned 0 bytes written"
  })
