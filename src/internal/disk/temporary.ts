/**
 * Making directories: a path of them, and temporary ones.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Errno } from "./errno.js"
import type { OnPath } from "./fileSystem.js"
import * as nameCalls from "./nameCalls.js"
import type { Random } from "./random.js"
import { integerBetween } from "./random.js"
import type { Remove } from "./removeTree.js"
import { join, normalize } from "./resolvePath.js"
import type { Volume } from "./volume.js"

export const makeDirectoriesWith =
  (onPath: OnPath, volume: Volume): FileSystem.FileSystem["makeDirectory"] => (path, options) => {
    const make = (prefix: string, existing: "keep" | "fail") =>
      onPath("makeDirectory", "mkdir", prefix, () => {
        if (existing === "fail" || !isDirectory(volume, prefix)) {
          nameCalls.makeDirectory(volume, prefix, options?.mode)
        }
      })
    if (options?.recursive !== true) return make(path, "fail")
    return Effect.uninterruptible(
      Effect.suspend(() => Effect.forEach(missingOf(volume, path), (prefix) => make(prefix, "keep"), { discard: true }))
    )
  }

type OpenFor = (
  path: string,
  flag: FileSystem.OpenFlag,
  mode: number | undefined,
  method: string
) => Effect.Effect<FileSystem.File, PlatformError, Scope.Scope>

export const tempCalls = (
  onPath: OnPath,
  volume: Volume,
  random: Random,
  open: OpenFor,
  remove: Remove
): Pick<
  FileSystem.FileSystem,
  "makeTempDirectory" | "makeTempDirectoryScoped" | "makeTempFile" | "makeTempFileScoped"
> => {
  const makeDirectory = (method: string) => (options?: FileSystem.MakeTempDirectoryOptions) =>
    Effect.suspend(() => {
      const path = join(options?.directory ?? "/tmp", (options?.prefix ?? "") + randomName(random, 6, letters))
      return Effect.as(
        onPath("makeDirectory", "mkdtemp", path, () => nameCalls.makeDirectory(volume, path, 0o700), { method }),
        path
      )
    })

  const makeFile = (method: string) => (options?: FileSystem.MakeTempFileOptions) =>
    Effect.flatMap(makeDirectory(method)(options), (directory) => {
      const path = join(directory, randomName(random, 12, hexDigits) + (options?.suffix ?? ""))
      return Effect.as(Effect.scoped(open(path, "w+", undefined, method)), path)
    })

  const removeLater = (method: string) => (path: string) => Effect.orDie(remove(path, { recursive: true }, method))

  return {
    makeTempDirectory: makeDirectory("makeTempDirectory"),
    makeTempDirectoryScoped: (options) =>
      Effect.acquireRelease(
        makeDirectory("makeTempDirectoryScoped")(options),
        removeLater("makeTempDirectoryScoped")
      ),
    makeTempFile: makeFile("makeTempFile"),
    makeTempFileScoped: (options) =>
      Effect.acquireRelease(
        makeFile("makeTempFileScoped")(options),
        (path) => removeLater("makeTempFileScoped")(join(path, ".."))
      )
  }
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
const hexDigits = "0123456789abcdef"

const randomName = (random: Random, length: number, alphabet: string): string =>
  Array.from({ length }, () => alphabet[integerBetween(random, 0, alphabet.length - 1)]).join("")

const isDirectory = (volume: Volume, path: string): boolean => lookUp(volume, path) === "directory"

// What is to be made for a path; at least the path itself, so that there is one operation to record, and to fail.
const missingOf = (volume: Volume, path: string): ReadonlyArray<string> => {
  const names = normalize(path).split("/").slice(1)
  const parents = names.slice(0, -1).map((_, index) => `/${names.slice(0, index + 1).join("/")}`)
  const found = parents.map((parent) => ({ parent, what: lookUp(volume, parent) }))
  if (found.some(({ what }) => what === "other")) return [path]
  return [...found.filter(({ what }) => what === "nothing").map(({ parent }) => parent), path]
}

const lookUp = (volume: Volume, path: string): "directory" | "other" | "nothing" => {
  try {
    return nameCalls.find(volume, path).kind === "directory" ? "directory" : "other"
  } catch (error) {
    if (error instanceof Errno) return "nothing"
    throw error
  }
}
