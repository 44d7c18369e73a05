/**
 * This log: loops of its own appends and streams, over whichever file system.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import * as Wal from "../../../src/Wal.js"
import type { Entry, EntryInput, EntryRef } from "../../../src/WalEntry.js"
import type { WalOptions } from "../../../src/WalOptions.js"
import { around, BATCH, contents, keyOf, KEYS, STORED_ENTRIES } from "../data.js"
import type { Mode } from "../model.js"
import { type Appending, type Contender, type Opened, type Session, sink } from "./contender.js"

type Files = Layer.Layer<FileSystem.FileSystem>

export interface OpenWal extends Opened {
  readonly wal: Wal.Service
}

/** As large as a segment may be: so that no segment ends, and nothing is synced, while a case of it runs. */
const ONE_SEGMENT = 2 ** 31

/** `"no-sync"` and `"buffered"` never sync, as the others do not either; `"plain"` leaves every option at its default. */
const optionsOf = (mode: Mode): Omit<WalOptions, "directory"> =>
  mode === "plain" ? {} : { syncInterval: "never", maxSegmentBytes: ONE_SEGMENT }

export const logIn = (directory: string): string => join(directory, "log")

/** The log in a directory, until it is closed. */
export const openWal = async (
  files: Files,
  directory: string,
  options: Omit<WalOptions, "directory"> = {}
): Promise<OpenWal> => {
  const scope = await Effect.runPromise(Scope.make())
  const context = await Effect.runPromise(Layer.buildWithScope(files, scope))
  const wal = await Wal.make({ ...options, directory: logIn(directory) }).pipe(
    Scope.extend(scope),
    Effect.provide(context),
    Effect.runPromise
  )
  return { wal, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

/** Counts the bytes of contents chunk by chunk, so that the stream's own cost for each element is not what is measured. */
export const look = <E>(entries: Stream.Stream<Entry, E>): Effect.Effect<void, E> =>
  Stream.runForEachChunk(entries, (chunk) => Effect.sync(() => lookAt(chunk)))

const lookAt = (chunk: Chunk.Chunk<Entry>): void => {
  for (const { content } of chunk) {
    sink.bytes += content.length
  }
}

const append = (files: Files) => async (appending: Appending): Promise<Session> => {
  const { close, wal } = await openWal(files, appending.directory, optionsOf(appending.mode))
  const contentOf = contents(appending.contentLength)
  const options = { durability: appending.mode === "buffered" ? "buffered" : appending.durability } as const
  const run = (index: number) => wal.appendEntry(keyOf(index), contentOf(index), options)
  const settle = () => Effect.runPromise(wal.appendEntry(keyOf(0), contentOf(0), { durability: "written" }))
  const session: Session = { operation: { _tag: "Effect", run }, entriesPerRun: 1, close }
  return options.durability === "buffered" ? { ...session, settle } : session
}

const batch = (files: Files) => async (appending: Appending): Promise<Session> => {
  const { close, wal } = await openWal(files, appending.directory, optionsOf(appending.mode))
  const contentOf = contents(appending.contentLength)
  const entries: ReadonlyArray<EntryInput> = Array.from(
    { length: BATCH },
    (_, index) => ({ key: keyOf(index), content: contentOf(index) })
  )
  const options = { durability: appending.durability }
  return {
    operation: { _tag: "Effect", run: () => wal.appendBatch(entries, options) },
    entriesPerRun: BATCH,
    close
  }
}

const readKey = (files: Files) => async (directory: string): Promise<Session> => {
  const { close, wal } = await openWal(files, directory)
  const run = (index: number) => look(wal.enumerateRecords(keyOf(index)))
  return { operation: { _tag: "Effect", run }, entriesPerRun: STORED_ENTRIES / KEYS, close }
}

const replay = (files: Files) => async (directory: string): Promise<Session> => {
  const { close, wal } = await openWal(files, directory)
  return { operation: { _tag: "Effect", run: () => look(wal.replay()) }, entriesPerRun: STORED_ENTRIES, close }
}

const readAt = (files: Files) => async (directory: string, numbers: ReadonlyArray<number>): Promise<Session> => {
  const { close, wal } = await openWal(files, directory)
  const refAt = around(await refsOf(wal, numbers))
  const run = (index: number) => wal.readEntryAt(refAt(index))
  return { operation: { _tag: "Effect", run }, entriesPerRun: 1, close }
}

/** The places that the appends had given, found again. */
const refsOf = async (wal: Wal.Service, numbers: ReadonlyArray<number>): Promise<ReadonlyArray<EntryRef>> => {
  const wanted = new Set(numbers)
  const found = new Map<number, EntryRef>()
  await wal.replay().pipe(
    Stream.runForEachChunk((chunk) =>
      Effect.sync(() => {
        for (const { ref, sequence } of chunk) {
          if (wanted.has(sequence - 1)) {
            found.set(sequence - 1, ref)
          }
        }
      })
    ),
    Effect.runPromise
  )
  return numbers.flatMap((number) => found.get(number) ?? [])
}

/** Each key is in each segment, so that finding one loads every segment's index. */
const openIndexed = (files: Files) => async (directory: string): Promise<Opened> => {
  const { close, wal } = await openWal(files, directory)
  await Effect.runPromise(look(wal.enumerateRecords(keyOf(0))))
  return { close }
}

export const effectWal = (files: Files): Contender => ({
  append: append(files),
  batch: batch(files),
  open: (directory) => openWal(files, directory),
  readKey: readKey(files),
  replay: replay(files),
  readAt: readAt(files),
  openIndexed: openIndexed(files)
})
