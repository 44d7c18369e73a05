/**
 * A directory on the real disk, simulated processes, and file systems that stop or fail where a test says so.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import type { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Lock from "../../../src/internal/log/lock.js"
import * as LockToken from "../../../src/internal/log/lockToken.js"
import * as LockOwner from "../../../src/LockOwner.js"
import type { LockHolder } from "../../../src/WalError.js"

export const nonce = "0123456789ab"

/** A process of one simulated host, to which those whose name begins with "dead" are dead, unless it says otherwise of all. */
export const processOf = (process: string, others?: LockOwner.Liveness) =>
  LockOwner.make({
    host: "host",
    boot: "boot",
    process,
    start: "1",
    isAlive: (holder) => Effect.succeed(others ?? (holder.process.startsWith("dead") ? "dead" : "alive"))
  })

export const held = (changes?: Partial<LockHolder>): string =>
  LockToken.heldName({ host: "host", boot: "boot", process: "other", start: "1", nonce, ...changes })

export const real = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | Scope.Scope>) =>
  Effect.provide(effect, NodeFileSystem.layer)

export const place = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "effect-wal-lock-" })
  const tokens = Effect.map(fs.readDirectory(`${directory}/LOCK`), (names) => names.sort())
  const put = (names: ReadonlyArray<string>) =>
    Effect.zipRight(
      fs.makeDirectory(`${directory}/LOCK`),
      Effect.forEach(names, (name) => fs.writeFileString(`${directory}/LOCK/${name}`, ""))
    )
  const entries = Effect.map(fs.readDirectory(directory), (names) => names.sort())
  const acquire = (owner: LockOwner.Service) => Lock.acquire(fs, owner, directory)
  return { fs, directory, tokens, put, entries, acquire }
})

/**
 * A file system that does something before each of its operations.
 */
export const intercept = (
  fs: FileSystem.FileSystem,
  before: (operation: string, path: string) => Effect.Effect<void, SystemError>
): FileSystem.FileSystem => ({
  ...fs,
  readDirectory: (path, options) => Effect.zipRight(before("readDirectory", path), fs.readDirectory(path, options)),
  makeDirectory: (path, options) => Effect.zipRight(before("makeDirectory", path), fs.makeDirectory(path, options)),
  writeFileString: (path, data, options) =>
    Effect.zipRight(before("writeFileString", path), fs.writeFileString(path, data, options)),
  rename: (from, to) => Effect.zipRight(before("rename", from), fs.rename(from, to)),
  remove: (path, options) => Effect.zipRight(before("remove", path), fs.remove(path, options))
})

/**
 * A file system that stops once, before its first operation of that name on such a path, until it is told to go on.
 */
export const pauseBefore = (fs: FileSystem.FileSystem, operation: string, matches: (path: string) => boolean) =>
  Effect.gen(function*() {
    const reached = yield* Deferred.make<void>()
    const goOn = yield* Deferred.make<void>()
    const paused = intercept(fs, (name, path) =>
      name === operation && matches(path)
        ? Effect.zipRight(Deferred.succeed(reached, undefined), Deferred.await(goOn))
        : Effect.void)
    return { fs: paused, reached: Deferred.await(reached), goOn: Deferred.succeed(goOn, undefined) }
  })
