/**
 * The platform's FileSystem without anything around it: a file that is open for appending, and one call for each append.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { BATCH, batchBytes, records } from "../data.js"
import type { Appending, Contender, Session } from "./contender.js"

const openFile = async (directory: string) => {
  const scope = await Effect.runPromise(Scope.make())
  const file = await FileSystem.FileSystem.pipe(
    Effect.flatMap((fs) => fs.open(`${directory}/platform`, { flag: "a" })),
    Scope.extend(scope),
    Effect.provide(NodeFileSystem.layer),
    Effect.runPromise
  )
  return { file, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

const session = async (
  { directory, durability }: Appending,
  entriesPerRun: number,
  bytesOf: (index: number) => Uint8Array
): Promise<Session> => {
  const { close, file } = await openFile(directory)
  const write = (index: number) => file.writeAll(bytesOf(index))
  const writeAndSync = (index: number) => Effect.zipRight(write(index), file.sync)
  return { operation: { _tag: "Effect", run: durability === "synced" ? writeAndSync : write }, entriesPerRun, close }
}

const append = (appending: Appending): Promise<Session> => session(appending, 1, records(appending.contentLength))

const batch = (appending: Appending): Promise<Session> => {
  const bytes = batchBytes(appending.contentLength)
  return session(appending, BATCH, () => bytes)
}

export const contender: Contender = { append, batch }
