/**
 * The part of the file system's contract that is about files and their bytes.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import { describe } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { failure, type Spec, string, system, text } from "./contractBench.js"

export const contractOfFiles = (spec: Spec) => {
  describe("whole files", () => {
    spec("what is written is read", ({ at, fs }) =>
      Effect.gen(function*() {
        yield* fs.writeFile(at("f"), text("hello"))
        strictEqual(string(yield* fs.readFile(at("f"))), "hello")
        yield* fs.writeFileString(at("f"), "bye")
        strictEqual(yield* fs.readFileString(at("f")), "bye")
        yield* fs.writeFileString(at("f"), "!", { flag: "a" })
        strictEqual(yield* fs.readFileString(at("f")), "bye!")
        yield* fs.writeFile(at("empty"), new Uint8Array(0))
        strictEqual((yield* fs.readFile(at("empty"))).length, 0)
      }))

    spec("errors name the method, the system call, the reason and the code", (bench) =>
      Effect.gen(function*() {
        const { at, fs } = bench
        yield* fs.makeDirectory(at("d"))
        yield* fs.writeFileString(at("f"), "x")
        deepStrictEqual(
          yield* failure(bench, fs.readFile(at("no"))),
          system("readFile", "open", "NotFound", "ENOENT", -2, "no")
        )
        deepStrictEqual(
          yield* failure(bench, fs.readFile(at("d"))),
          system("readFile", "read", "BadResource", "EISDIR", -21)
        )
        deepStrictEqual(
          yield* failure(bench, fs.writeFile(at("d"), text("x"))),
          system("writeFile", "open", "BadResource", "EISDIR", -21, "d")
        )
        deepStrictEqual(
          yield* failure(bench, fs.writeFile(at("no/x"), text("x"))),
          system("writeFile", "open", "NotFound", "ENOENT", -2, "no/x")
        )
        deepStrictEqual(
          yield* failure(bench, fs.writeFile(at("f/x"), text("x"))),
          system("writeFile", "open", "BadResource", "ENOTDIR", -20, "f/x")
        )
        deepStrictEqual(
          yield* failure(bench, fs.writeFile(at("f"), text("x"), { flag: "wx" })),
          system("writeFile", "open", "AlreadyExists", "EEXIST", -17, "f")
        )
        const long = "x".repeat(256)
        deepStrictEqual(
          yield* failure(bench, fs.writeFileString(at(long), "")),
          system("writeFile", "open", "Unknown", "ENAMETOOLONG", -36, long)
        )
      }))

    spec("a path with a zero byte is a bad argument", (bench) =>
      Effect.gen(function*() {
        const { at, fs } = bench
        const { code, method, tag } = yield* failure(bench, fs.stat(at("a\0b")))
        deepStrictEqual({ code, method, tag }, { code: "ERR_INVALID_ARG_VALUE", method: "stat", tag: "BadArgument" })
      }))

    spec("streams and sinks go through files", ({ at, fs }) =>
      Effect.gen(function*() {
        yield* Stream.run(Stream.make(text("one"), text("two")), fs.sink(at("f")))
        const chunks = yield* Stream.runCollect(fs.stream(at("f"), { chunkSize: 4, offset: 1 }))
        deepStrictEqual(Chunk.toReadonlyArray(chunks).map(string), ["netw", "o"])
      }))
  })

  describe("open files", () => {
    spec("reads are partial at the end, and empty behind it", ({ at, fs }) =>
      Effect.gen(function*() {
        yield* fs.writeFileString(at("f"), "abcdef")
        const file = yield* fs.open(at("f"))
        const buffer = new Uint8Array(4)
        strictEqual(yield* file.read(buffer), 4n)
        strictEqual(string(buffer), "abcd")
        strictEqual(yield* file.read(buffer), 2n)
        strictEqual(string(buffer), "efcd")
        strictEqual(yield* file.read(buffer), 0n)
        strictEqual(Option.isNone(yield* file.readAlloc(3)), true)
        yield* file.seek(1, "start")
        yield* file.seek(2, "current")
        deepStrictEqual(Option.map(yield* file.readAlloc(10), string), Option.some("def"))
        yield* file.seek(100, "start")
        strictEqual(yield* file.read(buffer), 0n)
      }))

    spec("reads and writes share one position", ({ at, fs }) =>
      Effect.gen(function*() {
        const file = yield* fs.open(at("f"), { flag: "w+" })
        yield* file.writeAll(text("abcdef"))
        yield* file.seek(2, "start")
        strictEqual(yield* file.write(text("XY")), 2n)
        deepStrictEqual(Option.map(yield* file.readAlloc(1), string), Option.some("e"))
        strictEqual(yield* fs.readFileString(at("f")), "abXYef")
      }))

    spec("a write behind the end fills with zeros", ({ at, fs }) =>
      Effect.gen(function*() {
        const file = yield* fs.open(at("f"), { flag: "w" })
        yield* file.seek(3, "start")
        yield* file.writeAll(text("x"))
        deepStrictEqual(Array.from(yield* fs.readFile(at("f"))), [0, 0, 0, 120])
      }))

    spec(
      "truncate shortens, lengthens with zeros, and pulls the position back",
      ({ at, fs }) =>
        Effect.gen(function*() {
          const file = yield* fs.open(at("f"), { flag: "w+" })
          yield* file.writeAll(text("abcdef"))
          yield* file.truncate(2)
          yield* file.writeAll(text("Z"))
          yield* file.truncate(5)
          deepStrictEqual(Array.from(yield* fs.readFile(at("f"))), [97, 98, 90, 0, 0])
          yield* file.truncate()
          strictEqual((yield* file.stat).size, 0n)
          yield* fs.writeFileString(at("f"), "abc")
          yield* fs.truncate(at("f"), 1)
          strictEqual(yield* fs.readFileString(at("f")), "a")
          yield* fs.truncate(at("f"))
          strictEqual(yield* fs.readFileString(at("f")), "")
        })
    )

    spec("bytes cut off by a truncation do not come back", ({ at, fs }) =>
      Effect.gen(function*() {
        const file = yield* fs.open(at("f"), { flag: "w+" })
        yield* file.writeAll(text("abcdef"))
        yield* file.truncate(1)
        yield* file.truncate(4)
        deepStrictEqual(Array.from(yield* fs.readFile(at("f"))), [97, 0, 0, 0])
      }))

    spec("appending goes to the end, wherever the position is", ({ at, fs }) =>
      Effect.gen(function*() {
        yield* fs.writeFileString(at("f"), "ab")
        const file = yield* fs.open(at("f"), { flag: "a+" })
        yield* file.seek(0, "start")
        yield* file.writeAll(text("cd"))
        deepStrictEqual(Option.map(yield* file.readAlloc(4), string), Option.some("abcd"))
        yield* file.writeAll(text("e"))
        strictEqual(yield* fs.readFileString(at("f")), "abcde")
      }))

    spec("each flag opens what it says", (bench) =>
      Effect.gen(function*() {
        const { at, fs } = bench
        yield* fs.writeFileString(at("f"), "old")
        const sizeWith = (flag: FileSystem.OpenFlag, path: string) =>
          Effect.scoped(Effect.flatMap(fs.open(path, { flag }), (file) => Effect.map(file.stat, (info) => info.size)))
        const exists = system("open", "open", "AlreadyExists", "EEXIST", -17, "f")
        const missing = system("open", "open", "NotFound", "ENOENT", -2, "none")
        for (const flag of ["r", "r+", "a", "a+"] as const) strictEqual(yield* sizeWith(flag, at("f")), 3n)
        for (const flag of ["wx", "wx+", "ax", "ax+"] as const) {
          deepStrictEqual(yield* failure(bench, sizeWith(flag, at("f"))), exists)
          strictEqual(yield* sizeWith(flag, at(`new-${flag}`)), 0n)
        }
        for (const flag of ["r", "r+"] as const) {
          deepStrictEqual(yield* failure(bench, sizeWith(flag, at("none"))), missing)
        }
        for (const flag of ["w", "w+", "a", "a+"] as const) strictEqual(yield* sizeWith(flag, at(`new-${flag}`)), 0n)
        strictEqual(yield* sizeWith("w", at("f")), 0n)
      }))

    spec("a handle does only what its flag allows", (bench) =>
      Effect.gen(function*() {
        const { at, fs } = bench
        yield* fs.writeFileString(at("f"), "x")
        yield* fs.makeDirectory(at("d"))
        const reader = yield* fs.open(at("f"))
        deepStrictEqual(
          yield* failure(bench, reader.write(text("x"))),
          system("write", "write", "Unknown", "EBADF", -9)
        )
        deepStrictEqual(
          yield* failure(bench, reader.truncate(0)),
          system("truncate", "ftruncate", "Unknown", "EINVAL", -22)
        )
        const writer = yield* fs.open(at("f"), { flag: "a" })
        deepStrictEqual(
          yield* failure(bench, writer.read(new Uint8Array(1))),
          system("read", "read", "Unknown", "EBADF", -9)
        )
        const directory = yield* fs.open(at("d"))
        deepStrictEqual(
          yield* failure(bench, directory.readAlloc(1)),
          system("readAlloc", "read", "BadResource", "EISDIR", -21)
        )
        deepStrictEqual(
          yield* failure(bench, Effect.scoped(fs.open(at("d"), { flag: "r+" }))),
          system("open", "open", "BadResource", "EISDIR", -21, "d")
        )
      }))

    spec("files and directories sync, also when opened for reading", ({ at, fs }) =>
      Effect.gen(function*() {
        yield* fs.writeFileString(at("f"), "x")
        for (const path of [at("f"), at("")]) {
          const file = yield* fs.open(path)
          yield* file.sync
          strictEqual((yield* file.stat).type, path === at("f") ? "File" : "Directory")
        }
      }))

    spec("an empty writeAll fails, an empty write does not", (bench) =>
      Effect.gen(function*() {
        const { at, fs } = bench
        const file = yield* fs.open(at("f"), { flag: "w" })
        strictEqual(yield* file.write(new Uint8Array(0)), 0n)
        const { method, reason } = yield* failure(bench, file.writeAll(new Uint8Array(0)))
        deepStrictEqual({ method, reason }, { method: "writeAll", reason: "WriteZero" })
      }))

    spec("a removed file lives on in its handle", ({ at, fs }) =>
      Effect.gen(function*() {
        const file = yield* fs.open(at("f"), { flag: "w+" })
        yield* file.writeAll(text("abc"))
        yield* fs.remove(at("f"))
        strictEqual(yield* fs.exists(at("f")), false)
        yield* file.writeAll(text("def"))
        yield* file.seek(0, "start")
        deepStrictEqual(Option.map(yield* file.readAlloc(10), string), Option.some("abcdef"))
        deepStrictEqual((yield* file.stat).nlink, Option.some(0))
      }))

    spec("a renamed file keeps its handle", ({ at, fs }) =>
      Effect.gen(function*() {
        const file = yield* fs.open(at("f"), { flag: "w" })
        yield* fs.rename(at("f"), at("g"))
        yield* file.writeAll(text("x"))
        strictEqual(yield* fs.readFileString(at("g")), "x")
      }))

    spec("a closed handle is no descriptor any more", (bench) =>
      Effect.gen(function*() {
        const { at, fs } = bench
        yield* fs.writeFileString(at("f"), "x")
        const file = yield* Effect.scoped(fs.open(at("f")))
        deepStrictEqual(
          yield* failure(bench, file.read(new Uint8Array(1))),
          system("read", "read", "Unknown", "EBADF", -9)
        )
        deepStrictEqual(yield* failure(bench, file.sync), system("sync", "fsync", "Unknown", "EBADF", -9))
      }))

    spec("concurrent writes through one handle follow one another", ({ at, fs }) =>
      Effect.gen(function*() {
        const file = yield* fs.open(at("f"), { flag: "w" })
        const letters = ["a", "b", "c", "d"]
        yield* Effect.forEach(letters, (letter) => file.writeAll(text(letter.repeat(3))), {
          concurrency: "unbounded"
        })
        deepStrictEqual((yield* fs.readFileString(at("f"))).match(/(.)\1\1/g)?.toSorted(), [
          "aaa",
          "bbb",
          "ccc",
          "ddd"
        ])
      }))
  })
}
