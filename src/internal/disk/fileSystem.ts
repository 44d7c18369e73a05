/**
 * The platform's `FileSystem` for one process on a simulated machine.
 */
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { OperationKind } from "../../testing/SimulatedDisk.js"
import { withEnter } from "../segment/directNames.js"
import { copyWith } from "./copyTree.js"
import * as fileCalls from "./fileCalls.js"
import { infoOf } from "./info.js"
import type { Machine, Process } from "./machine.js"
import * as nameCalls from "./nameCalls.js"
import { OpenFile } from "./openFile.js"
import { removeWith } from "./removeTree.js"
import { join, normalize } from "./resolvePath.js"
import { makeDirectoriesWith, tempCalls } from "./temporary.js"
import { tuned } from "./tunedFile.js"
import { enter } from "./tunedNames.js"

type Failing<A> = Effect.Effect<A, PlatformError.PlatformError>

export type OnPath = <A>(
  kind: OperationKind,
  syscall: string,
  path: string,
  run: () => A,
  options?: { readonly method?: string; readonly to?: string; readonly length?: number }
) => Failing<A>

export const makeFileSystem = (machine: Machine, process: Process): FileSystem.FileSystem => {
  const { volume } = machine

  const onPath: OnPath = (kind, syscall, path, run, options = {}) =>
    machine.operate(process, {
      kind,
      method: options.method ?? kind,
      syscall,
      target: path,
      to: options.to,
      length: options.length,
      path: () => normalize(path)
    }, run)

  const openHandle = (path: string, flag: FileSystem.OpenFlag, mode: number | undefined, method: string) =>
    Effect.acquireRelease(
      onPath("open", "open", path, () => machine.open(process, path, flag, mode), { method }),
      (handle) => Effect.sync(() => machine.close(process, handle))
    )

  const openFor = (path: string, flag: FileSystem.OpenFlag, mode: number | undefined, method: string) =>
    Effect.map(openHandle(path, flag, mode, method), (handle) => new OpenFile(machine, process, handle, method))

  const open = (
    path: string,
    options?: FileSystem.OpenFileOptions
  ): Effect.Effect<FileSystem.File, PlatformError.PlatformError, Scope.Scope> =>
    Effect.map(
      openHandle(path, options?.flag ?? "r", options?.mode, "open"),
      (handle) => {
        const file = new OpenFile(machine, process, handle)
        return machine.settings.files === "tuned" ? tuned(file, machine, process, handle) : file
      }
    )

  const stat = (path: string) => onPath("stat", "stat", path, () => infoOf(nameCalls.find(volume, path)))

  const readFile = (path: string): Failing<Uint8Array> =>
    Effect.scoped(Effect.flatMap(openFor(path, "r", undefined, "readFile"), (file) => readToEnd(file)))

  const writeFile = (path: string, data: Uint8Array, options?: FileSystem.WriteFileOptions): Failing<void> =>
    Effect.scoped(Effect.flatMap(
      openFor(path, options?.flag ?? "w", options?.mode, "writeFile"),
      (file) => data.length === 0 ? Effect.void : file.writeAll(data)
    ))

  const readDirectory = (path: string, options?: FileSystem.ReadDirectoryOptions): Failing<Array<string>> => {
    const list = onPath("readDirectory", "scandir", path, () => nameCalls.list(volume, path))
    return options?.recursive === true ? listTree(list) : Effect.map(list, (entries) => entries.map(([name]) => name))

    function listTree(entries: typeof list, prefix = ""): Failing<Array<string>> {
      return Effect.flatMap(entries, (entries) =>
        Effect.map(
          Effect.forEach(entries, ([name, kind]) => {
            const child = prefix + name
            return kind === "directory"
              ? Effect.map(listTree(listChild(child), `${child}/`), (names) => [child, ...names])
              : Effect.succeed([child])
          }),
          (names) => names.flat()
        ))
    }

    function listChild(child: string) {
      const full = join(path, child)
      return onPath("readDirectory", "scandir", full, () => nameCalls.list(volume, full))
    }
  }

  const copyFile = (from: string, to: string) =>
    onPath("copyFile", "copyfile", from, () => fileCalls.copyFile(volume, from, to), { to })

  const remove = removeWith(onPath, volume)

  const fileSystem = FileSystem.make({
    access: (path) => onPath("access", "access", path, () => void nameCalls.find(volume, path)),
    chmod: (path, mode) => onPath("chmod", "chmod", path, () => nameCalls.setMode(volume, path, mode)),
    chown: (path, uid, gid) => onPath("chown", "chown", path, () => nameCalls.setOwner(volume, path, uid, gid)),
    copy: copyWith(onPath, volume),
    copyFile,
    link: (from, to) => onPath("link", "link", from, () => nameCalls.makeLink(volume, from, to), { to }),
    makeDirectory: makeDirectoriesWith(onPath, volume),
    ...tempCalls(onPath, volume, machine.settings.random, openFor, remove),
    open,
    readDirectory,
    readFile,
    readLink: (path) => onPath("readLink", "readlink", path, () => nameCalls.readLink(volume, path)),
    realPath: (path) => onPath("realPath", "lstat", path, () => nameCalls.realPath(volume, path)),
    remove: (path, options) => remove(path, options, "remove"),
    rename: (from, to) => onPath("rename", "rename", from, () => nameCalls.rename(volume, from, to), { to }),
    stat,
    symlink: (target, path) =>
      machine.operate(process, {
        kind: "symlink",
        method: "symlink",
        syscall: "symlink",
        target,
        to: path,
        path: () => normalize(path)
      }, () => nameCalls.makeSymlink(volume, target, path)),
    truncate: (path, length) => {
      const size = Number(length ?? 0)
      return onPath("truncate", "open", path, () => fileCalls.resizePath(volume, path, size), { length: size })
    },
    utimes: (path, atime, mtime) =>
      onPath("utimes", "utime", path, () => nameCalls.setTimes(volume, path, atime, mtime), { method: "utime" }),
    watch: (path) => Stream.fail(cannotWatch(path)),
    writeFile
  })
  return machine.settings.files === "tuned" ? withEnter(fileSystem, enter(fileSystem, machine, process)) : fileSystem
}

const readToEnd = (file: FileSystem.File): Failing<Uint8Array> =>
  Effect.flatMap(file.stat, (info) => {
    const buffer = new Uint8Array(Number(info.size))
    const readRest = (filled: number): Failing<Uint8Array> =>
      Effect.flatMap(file.read(buffer.subarray(filled)), (count) => {
        const total = filled + Number(count)
        return Number(count) === 0 || total === buffer.length
          ? Effect.succeed(buffer.subarray(0, total))
          : readRest(total)
      })
    return readRest(0)
  })

const cannotWatch = (path: string): PlatformError.PlatformError =>
  new PlatformError.SystemError({
    module: "FileSystem",
    method: "watch",
    reason: "Unknown",
    pathOrDescriptor: path,
    description: "a simulated disk cannot be watched"
  })
