/**
 * The part of the file system's contract that is about names, and what they lead to.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import { describe } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { failure, type Spec, system } from "./contractBench.js"

export const contractOfNames = (spec: Spec) => {
  describe("directories", () => {
    spec("lists names, and recursively paths", ({ at, fs }) =>
      Effect.gen(function*() {
        yield* fs.makeDirectory(at("a/b"), { recursive: true })
        yield* fs.writeFileString(at("a/b/f"), "")
        yield* fs.writeFileString(at("g"), "")
        deepStrictEqual((yield* fs.readDirectory(at(""))).toSorted(), ["a", "g"])
        deepStrictEqual((yield* fs.readDirectory(at(""), { recursive: true })).toSorted(), ["a", "a/b", "a/b/f", "g"])
      }))

    spec("making a directory fails where there is something, unless recursively", (bench) =>
      Effect.gen(function*() {
        const { at, fs } = bench
        yield* fs.makeDirectory(at("d"))
        yield* fs.writeFileString(at("f"), "")
        yield* fs.makeDirectory(at("d"), { recursive: true })
        strictEqual((yield* fs.stat(at("d"))).type, "Directory")
        const mkdir = (path: string, options?: FileSystem.MakeDirectoryOptions) =>
          failure(bench, fs.makeDirectory(at(path), options))
        const fails = (reason: string, code: string, errno: number, path: string) =>
          system("makeDirectory", "mkdir", reason, code, errno, path)
        deepStrictEqual(yield* mkdir("d"), fails("AlreadyExists", "EEXIST", -17, "d"))
        deepStrictEqual(yield* mkdir("f"), fails("AlreadyExists", "EEXIST", -17, "f"))
        deepStrictEqual(yield* mkdir("f", { recursive: true }), fails("AlreadyExists", "EEXIST", -17, "f"))
        deepStrictEqual(yield* mkdir("no/d"), fails("NotFound", "ENOENT", -2, "no/d"))
        deepStrictEqual(yield* mkdir("f/d"), fails("BadResource", "ENOTDIR", -20, "f/d"))
        deepStrictEqual(yield* mkdir("f/d/e", { recursive: true }), fails("BadResource", "ENOTDIR", -20, "f/d/e"))
      }))

    spec("listing fails for what is no directory", (bench) =>
      Effect.gen(function*() {
        const { at, fs } = bench
        yield* fs.writeFileString(at("f"), "")
        deepStrictEqual(
          yield* failure(bench, fs.readDirectory(at("no"))),
          system("readDirectory", "scandir", "NotFound", "ENOENT", -2, "no")
        )
        deepStrictEqual(
          yield* failure(bench, fs.readDirectory(at("f"))),
          system("readDirectory", "scandir", "BadResource", "ENOTDIR", -20, "f")
        )
      }))

    spec("temporary files and directories are new, and go with their scope", ({ at, fs }) =>
      Effect.gen(function*() {
        const directory = at("")
        const first = yield* fs.makeTempDirectory({ directory, prefix: "p-" })
        const second = yield* fs.makeTempDirectory({ directory, prefix: "p-" })
        assertTrue(first !== second)
        strictEqual(first.startsWith(at("p-")), true)
        const file = yield* fs.makeTempFile({ directory, suffix: ".txt" })
        strictEqual(file.endsWith(".txt"), true)
        strictEqual((yield* fs.stat(file)).size, 0n)
        const [scopedFile, scopedDirectory] = yield* Effect.scoped(Effect.gen(function*() {
          const paths = [
            yield* fs.makeTempFileScoped({ directory }),
            yield* fs.makeTempDirectoryScoped({ directory })
          ]
          yield* fs.writeFileString(`${paths[1]}/f`, "")
          return paths
        }))
        strictEqual(yield* fs.exists(scopedFile ?? ""), false)
        strictEqual(yield* fs.exists(scopedDirectory ?? ""), false)
      }))
  })

  describe("removing", () => {
    spec("removes files, links and, recursively, directories", ({ at, fs }) =>
      Effect.gen(function*() {
        yield* fs.makeDirectory(at("d/e"), { recursive: true })
        yield* fs.writeFileString(at("d/e/f"), "")
        yield* fs.symlink(at("d"), at("link"))
        yield* fs.remove(at("link"))
        strictEqual(yield* fs.exists(at("d/e/f")), true)
        yield* fs.remove(at("d"), { recursive: true })
        deepStrictEqual(yield* fs.readDirectory(at("")), [])
        yield* fs.remove(at("d"), { recursive: true, force: true })
      }))

    spec("fails for directories and for what is missing", (bench) =>
      Effect.gen(function*() {
        const { at, fs } = bench
        yield* fs.makeDirectory(at("d"))
        yield* fs.writeFileString(at("f"), "")
        const missing = system("remove", "lstat", "NotFound", "ENOENT", -2, "no")
        deepStrictEqual(yield* failure(bench, fs.remove(at("no"))), missing)
        deepStrictEqual(yield* failure(bench, fs.remove(at("no"), { recursive: true })), missing)
        deepStrictEqual(
          yield* failure(bench, fs.remove(at("d"))),
          system("remove", "rm", "Unknown", "ERR_FS_EISDIR", 21, "d")
        )
        deepStrictEqual(
          yield* failure(bench, fs.remove(at("f/x"), { force: true })),
          system("remove", "lstat", "BadResource", "ENOTDIR", -20, "f/x")
        )
      }))
  })

  describe("renaming and linking", () => {
    spec("a rename replaces a file, and an empty directory", ({ at, fs }) =>
      Effect.gen(function*() {
        yield* fs.writeFileString(at("a"), "new")
        yield* fs.writeFileString(at("b"), "old")
        yield* fs.rename(at("a"), at("b"))
        strictEqual(yield* fs.readFileString(at("b")), "new")
        yield* fs.makeDirectory(at("d/e"), { recursive: true })
        yield* fs.makeDirectory(at("empty"))
        yield* fs.rename(at("d"), at("empty"))
        deepStrictEqual((yield* fs.readDirectory(at(""), { recursive: true })).toSorted(), ["b", "empty", "empty/e"])
        yield* fs.rename(at("b"), at("b"))
        strictEqual(yield* fs.readFileString(at("b")), "new")
      }))

    spec("an impossible rename changes nothing", (bench) =>
      Effect.gen(function*() {
        const { at, fs } = bench
        yield* fs.makeDirectory(at("d/e"), { recursive: true })
        yield* fs.makeDirectory(at("empty"))
        yield* fs.writeFileString(at("f"), "")
        const rename = (from: string, to: string) => failure(bench, fs.rename(at(from), at(to)))
        const fails = (reason: string, code: string, errno: number, path: string) =>
          system("rename", "rename", reason, code, errno, path)
        deepStrictEqual(yield* rename("no", "x"), fails("NotFound", "ENOENT", -2, "no"))
        deepStrictEqual(yield* rename("f", "no/x"), fails("NotFound", "ENOENT", -2, "f"))
        deepStrictEqual(yield* rename("f", "d"), fails("BadResource", "EISDIR", -21, "f"))
        deepStrictEqual(yield* rename("d", "f"), fails("BadResource", "ENOTDIR", -20, "d"))
        deepStrictEqual(yield* rename("empty", "d"), fails("Unknown", "ENOTEMPTY", -39, "empty"))
        deepStrictEqual(yield* rename("d", "d/e/x"), fails("Unknown", "EINVAL", -22, "d"))
        deepStrictEqual(yield* rename("d/e", "d"), fails("Unknown", "ENOTEMPTY", -39, "d/e"))
        deepStrictEqual(yield* rename("d/.", "x"), fails("Busy", "EBUSY", -16, "d/."))
        deepStrictEqual(yield* rename("f", "x/"), fails("BadResource", "ENOTDIR", -20, "f"))
        deepStrictEqual((yield* fs.readDirectory(at(""))).toSorted(), ["d", "empty", "f"])
      }))

    spec("hard links name one file", (bench) =>
      Effect.gen(function*() {
        const { at, fs } = bench
        yield* fs.writeFileString(at("a"), "x")
        yield* fs.makeDirectory(at("d"))
        yield* fs.link(at("a"), at("b"))
        yield* fs.writeFileString(at("b"), "shared")
        strictEqual(yield* fs.readFileString(at("a")), "shared")
        deepStrictEqual((yield* fs.stat(at("a"))).nlink, Option.some(2))
        yield* fs.rename(at("a"), at("b"))
        deepStrictEqual((yield* fs.readDirectory(at(""))).toSorted(), ["a", "b", "d"])
        const link = (from: string, to: string) => failure(bench, fs.link(at(from), at(to)))
        deepStrictEqual(yield* link("a", "b"), system("link", "link", "AlreadyExists", "EEXIST", -17, "a"))
        deepStrictEqual(yield* link("no", "c"), system("link", "link", "NotFound", "ENOENT", -2, "no"))
        deepStrictEqual(yield* link("d", "c"), system("link", "link", "Unknown", "EPERM", -1, "d"))
      }))

    spec("a symbolic link is any string, and need not lead anywhere", (bench) =>
      Effect.gen(function*() {
        const { at, fs } = bench
        yield* fs.symlink("pid:1,boot:2", at("lock"))
        strictEqual(yield* fs.readLink(at("lock")), "pid:1,boot:2")
        strictEqual(yield* fs.exists(at("lock")), false)
        deepStrictEqual(
          yield* failure(bench, fs.symlink("other", at("lock"))),
          system("symlink", "symlink", "AlreadyExists", "EEXIST", -17, "other")
        )
        yield* fs.writeFileString(at("f"), "x")
        deepStrictEqual(
          yield* failure(bench, fs.readLink(at("f"))),
          system("readLink", "readlink", "Unknown", "EINVAL", -22, "f")
        )
        yield* fs.rename(at("lock"), at("lock2"))
        strictEqual(yield* fs.readLink(at("lock2")), "pid:1,boot:2")
      }))

    spec("open, stat and realPath follow symbolic links", (bench) =>
      Effect.gen(function*() {
        const { at, fs } = bench
        yield* fs.makeDirectory(at("d"))
        yield* fs.symlink("d", at("ld"))
        yield* fs.symlink("ld/f", at("lf"))
        yield* fs.symlink("loop", at("loop"))
        yield* fs.writeFileString(at("lf"), "created through a link")
        strictEqual(yield* fs.readFileString(at("d/../ld/./f")), "created through a link")
        strictEqual((yield* fs.stat(at("lf"))).type, "File")
        const real = yield* fs.realPath(at(""))
        strictEqual(yield* fs.realPath(at("lf")), `${real}/d/f`)
        deepStrictEqual(
          yield* failure(bench, fs.stat(at("loop"))),
          system("stat", "stat", "BadResource", "ELOOP", -40, "loop")
        )
        deepStrictEqual(
          yield* failure(bench, Effect.scoped(fs.open(at("lf"), { flag: "wx" }))),
          system("open", "open", "AlreadyExists", "EEXIST", -17, "lf")
        )
      }))
  })

  describe("attributes", () => {
    spec("stat tells type, size, mode and times", (bench) =>
      Effect.gen(function*() {
        const { at, fs } = bench
        yield* fs.writeFileString(at("f"), "abc")
        yield* fs.chmod(at("f"), 0o600)
        yield* fs.utimes(at("f"), 10, new Date(20_000))
        const info = yield* fs.stat(at("f"))
        const { mode, nlink, size, type } = info
        deepStrictEqual({ mode, nlink, size: Number(size), type }, {
          mode: 0o100600,
          nlink: Option.some(1),
          size: 3,
          type: "File"
        })
        deepStrictEqual(info.atime, Option.some(new Date(10_000)))
        deepStrictEqual(info.mtime, Option.some(new Date(20_000)))
        deepStrictEqual(
          yield* failure(bench, fs.stat(at("no"))),
          system("stat", "stat", "NotFound", "ENOENT", -2, "no")
        )
        deepStrictEqual(
          yield* failure(bench, fs.access(at("no"))),
          system("access", "access", "NotFound", "ENOENT", -2, "no")
        )
        deepStrictEqual(
          yield* failure(bench, fs.utimes(at("no"), 1, 1)),
          system("utime", "utime", "NotFound", "ENOENT", -2, "no")
        )
        deepStrictEqual(
          yield* failure(bench, fs.chmod(at("no"), 1)),
          system("chmod", "chmod", "NotFound", "ENOENT", -2, "no")
        )
        deepStrictEqual(
          yield* failure(bench, fs.chown(at("no"), 1, 1)),
          system("chown", "chown", "NotFound", "ENOENT", -2, "no")
        )
        deepStrictEqual(
          yield* failure(bench, fs.truncate(at("no"))),
          system("truncate", "open", "NotFound", "ENOENT", -2, "no")
        )
      }))
  })

  describe("copying", () => {
    spec("copies a file over what was there", (bench) =>
      Effect.gen(function*() {
        const { at, fs } = bench
        yield* fs.writeFileString(at("a"), "new")
        yield* fs.writeFileString(at("b"), "older")
        yield* fs.copyFile(at("a"), at("b"))
        strictEqual(yield* fs.readFileString(at("b")), "new")
        deepStrictEqual(
          yield* failure(bench, fs.copyFile(at("no"), at("c"))),
          system("copyFile", "copyfile", "NotFound", "ENOENT", -2, "no")
        )
      }))

    spec("copies trees, and overwrites only when told to", (bench) =>
      Effect.gen(function*() {
        const { at, fs } = bench
        yield* fs.makeDirectory(at("d/e"), { recursive: true })
        yield* fs.writeFileString(at("d/e/f"), "new")
        yield* fs.copy(at("d"), at("x/y"))
        strictEqual(yield* fs.readFileString(at("x/y/e/f")), "new")
        yield* fs.writeFileString(at("x/y/e/f"), "kept")
        yield* fs.copy(at("d"), at("x/y"))
        strictEqual(yield* fs.readFileString(at("x/y/e/f")), "kept")
        yield* fs.copy(at("d"), at("x/y"), { overwrite: true })
        strictEqual(yield* fs.readFileString(at("x/y/e/f")), "new")
        deepStrictEqual(
          yield* failure(bench, fs.copy(at("no"), at("z"))),
          system("copy", "lstat", "NotFound", "ENOENT", -2, "no")
        )
        const { code, reason } = yield* failure(bench, fs.copy(at("d"), at("d/e/x")))
        deepStrictEqual({ code, reason }, { code: "ERR_FS_CP_EINVAL", reason: "Unknown" })
      }))
  })
}
