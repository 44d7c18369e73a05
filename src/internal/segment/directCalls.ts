/**
 * What an open file of a tuned `FileSystem` can do beyond the platform's `File`: read and write at positions, at once or in the
 * thread pool, and sync without what no reader needs.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Effect from "effect/Effect"
import type { Turn } from "./turn.js"

export const DirectCallsId: unique symbol = Symbol.for("effect-wal/DirectCalls")

/** Calls that share no position, so that any number of them may overlap. Reads and writes answer how many bytes it were. */
export interface DirectCalls {
  /** Whose turn ends with many calls at once. */
  readonly turn: Turn
  /** Fills `length` bytes of the buffer from `start` on. Done when it returns: nothing else runs in this thread meanwhile. */
  readonly readNow: (buffer: Uint8Array, start: number, length: number, position: number) => number | PlatformError
  /** Writes `length` bytes from `start` on. */
  readonly writeNow: (bytes: Uint8Array, start: number, length: number, position: number) => number | PlatformError
  /** How long the file is. */
  readonly sizeNow: () => number | PlatformError
  readonly read: (buffer: Uint8Array, position: number) => Effect.Effect<number, PlatformError>
  readonly write: (bytes: Uint8Array, position: number) => Effect.Effect<number, PlatformError>
  /** Makes the data durable, and of the file's attributes those without which the data could not be read. */
  readonly syncData: Effect.Effect<void, PlatformError>
}

export interface DirectFile extends FileSystem.File {
  readonly [DirectCallsId]: DirectCalls
}

/** Gives a file these calls. Its own methods stay what they are. */
export const withDirectCalls = (file: FileSystem.File, calls: DirectCalls): DirectFile =>
  Object.assign(file, { [DirectCallsId]: calls } as const)

export const directCallsOf = (file: FileSystem.File): DirectCalls | undefined =>
  isDirect(file) ? file[DirectCallsId] : undefined

const isDirect = (file: FileSystem.File): file is DirectFile => DirectCallsId in file
