/**
 * The file systems that a test of the service runs on: the simulated one and the real one.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { NodeWal } from "effect-wal/node"
import { SimulatedDisk } from "effect-wal/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

export interface Place {
  readonly name: string
  readonly layer: Layer.Layer<FileSystem.FileSystem>
  /** A directory that is not there yet, for a log. */
  readonly directory: Effect.Effect<string, PlatformError, FileSystem.FileSystem | Scope.Scope>
}

export const memory: Place = {
  name: "in memory",
  layer: SimulatedDisk.layer(),
  directory: Effect.succeed("/wal")
}

export const files: Place = {
  name: "on real files",
  layer: NodeFileSystem.layer,
  directory: Effect.flatMap(
    FileSystem.FileSystem,
    (fs) => Effect.map(fs.makeTempDirectoryScoped({ prefix: "effect-wal-" }), (path) => `${path}/log`)
  )
}

export const tunedMemory: Place = {
  name: "in memory, at once",
  layer: SimulatedDisk.layer({ files: "tuned" }),
  directory: memory.directory
}

export const tunedFiles: Place = {
  name: "on real files, tuned",
  layer: Layer.provide(NodeWal.layer, NodeFileSystem.layer),
  directory: files.directory
}

export const places: ReadonlyArray<Place> = [memory, files, tunedMemory, tunedFiles]

/** Runs with a file system of its own and a directory on it. */
export const at =
  (place: Place) => <A, E>(use: (directory: string) => Effect.Effect<A, E, FileSystem.FileSystem | Scope.Scope>) =>
    Effect.provide(Effect.flatMap(place.directory, use), place.layer)
