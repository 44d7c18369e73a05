/**
 * What the specifications of the file system's contract have in common: a directory of their own, and errors that compare.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"

export interface Bench {
  readonly fs: FileSystem.FileSystem
  /** A path in a directory of the test's own. */
  readonly at: (name: string) => string
}

export type Spec = (title: string, test: (bench: Bench) => Effect.Effect<void, PlatformError, Scope.Scope>) => void

/** Runs each specification over one layer. */
export const specFor = (layer: Layer.Layer<FileSystem.FileSystem>): Spec => (title, test) =>
  it.scopedLive(title, () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      yield* test({ fs, at: (name) => `${directory}/${name}` })
    }).pipe(Effect.provide(layer)))

export const text = (value: string) => new TextEncoder().encode(value)
export const string = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** What both must agree on about a failure; paths are without the directory, which differs. */
export interface Described {
  readonly tag: string
  readonly method: string
  readonly reason: string | undefined
  readonly syscall: string | undefined
  readonly code: unknown
  readonly path: string | undefined
  readonly errno: unknown
}

/** How an effect fails. */
export const failure = <A, R>(
  bench: Bench,
  effect: Effect.Effect<A, PlatformError, R>
): Effect.Effect<Described, never, R> =>
  Effect.matchEffect(effect, {
    onFailure: (error) => Effect.succeed(describeError(bench, error)),
    onSuccess: () => Effect.dieMessage("it should fail")
  })

export const system = (
  method: string,
  syscall: string,
  reason: string,
  code: string,
  errno: number,
  path?: string
): Described => ({ tag: "SystemError", method, reason, syscall, code, path, errno })

const describeError = (bench: Bench, error: PlatformError): Described => ({
  tag: error._tag,
  method: error.method,
  reason: error._tag === "SystemError" ? error.reason : undefined,
  syscall: error._tag === "SystemError" ? error.syscall : undefined,
  ...causeOf(bench, error.cause)
})

const causeOf = (bench: Bench, cause: unknown) => ({
  code: stringOf(cause, "code"),
  path: stringOf(cause, "path")?.replace(bench.at(""), ""),
  errno: Predicate.hasProperty(cause, "errno") ? cause.errno : undefined
})

const stringOf = (cause: unknown, key: string) =>
  Predicate.hasProperty(cause, key) && Predicate.isString(cause[key]) ? cause[key] : undefined
