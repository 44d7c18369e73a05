/**
 * What a tuned `FileSystem` can do with the names in one directory: most of it at once, without the way through the thread pool.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { DirectCalls } from "./directCalls.js"
import type { Turn } from "./turn.js"

const EnterId: unique symbol = Symbol.for("effect-wal/Enter")
const DirectNamesId: unique symbol = Symbol.for("effect-wal/DirectNames")

/** For looking at files that are opened only for that. */
export interface DirectNames {
  /** Whose turn ends with many calls at once. */
  readonly turn: Turn
  /** Opens a file for reading. Done when it returns, as all that can be done with the file. Whoever opens it closes it. */
  readonly openNow: (path: string) => OpenNow | PlatformError
}

export interface OpenNow extends Pick<DirectCalls, "turn" | "readNow" | "sizeNow"> {
  readonly closeNow: () => void
}

/** The same file system for what has to do with one directory; undefined where that can be no different. */
export type Enter = (directory: string) => Effect.Effect<EnteredFileSystem | undefined>

export interface EnteredFileSystem extends FileSystem.FileSystem {
  readonly [DirectNamesId]: DirectNames
}

interface TunedFileSystem extends FileSystem.FileSystem {
  readonly [EnterId]: { readonly of: FileSystem.FileSystem; readonly enter: Enter }
}

/** Makes a file system one that can be entered. Its own methods stay what they are. */
export const withEnter = (fs: FileSystem.FileSystem, enter: Enter): FileSystem.FileSystem =>
  Object.assign(fs, { [EnterId]: { of: fs, enter } } as const)

export const withDirectNames = (fs: FileSystem.FileSystem, names: DirectNames): EnteredFileSystem => ({
  ...fs,
  [DirectNamesId]: names
})

/**
 * The file system to use in a directory that is there: undefined where it has nothing for it. What wraps a tuned file system and was made
 * from its properties has this one as well, but is another object, whose methods are to be called: it is not entered.
 */
export const enterDirectory: (
  fs: FileSystem.FileSystem,
  directory: string
) => Effect.Effect<FileSystem.FileSystem | undefined> = (fs, directory) =>
  isTuned(fs) && fs[EnterId].of === fs ? fs[EnterId].enter(directory) : Effect.succeed(undefined)

export const directNamesOf = (fs: FileSystem.FileSystem): DirectNames | undefined =>
  isEntered(fs) ? fs[DirectNamesId] : undefined

const isTuned = (fs: FileSystem.FileSystem): fs is TunedFileSystem => EnterId in fs

const isEntered = (fs: FileSystem.FileSystem): fs is EnteredFileSystem => DirectNamesId in fs
