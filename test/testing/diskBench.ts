/**
 * Short words for the tests of the simulated disk.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type { SimulatedDisk } from "effect-wal/testing"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"

type Disk = SimulatedDisk.SimulatedDisk

export const bytes = (length: number, value: number) => new Uint8Array(length).fill(value)

/** Makes a file or a directory durable. */
export const sync = (disk: Disk, path: string) =>
  Effect.scoped(Effect.flatMap(disk.fileSystem.open(path), (file) => file.sync))

/** Writes a file and makes its bytes and its name durable. */
export const save = (disk: Disk, path: string, content: Uint8Array | string) =>
  Effect.gen(function*() {
    const data = typeof content === "string" ? new TextEncoder().encode(content) : content
    yield* disk.fileSystem.writeFile(path, data)
    yield* sync(disk, path)
    yield* sync(disk, path.replace(/\/[^/]*$/, "") || "/")
  })

/** Writes into an existing file. */
export const writeAt = (disk: Disk, path: string, offset: number, data: Uint8Array) =>
  withFile(disk, path, "r+", (file) => Effect.zipRight(file.seek(offset, "start"), file.writeAll(data)))

export const withFile = <A, E>(
  disk: Disk,
  path: string,
  flag: FileSystem.OpenFlag,
  use: (file: FileSystem.File) => Effect.Effect<A, E>
) => Effect.scoped(Effect.flatMap(disk.fileSystem.open(path, { flag }), use))

/** The system's code for a failure. */
export const codeOf = <A, R>(effect: Effect.Effect<A, PlatformError, R>) =>
  Effect.map(
    Effect.flip(effect),
    (error) =>
      Predicate.hasProperty(error, "cause") && Predicate.hasProperty(error.cause, "code") ? error.cause.code : undefined
  )

/** The names in a directory, temporary ones left out. */
export const names = (disk: Disk, path = "/") =>
  Effect.map(disk.fileSystem.readDirectory(path), (found) => found.filter((name) => name !== "tmp"))

export const seeds = (count: number) => Array.from({ length: count }, (_, seed) => seed)
