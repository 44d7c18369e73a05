import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { bytes, codeOf, names, save, seeds, sync, withFile, writeAt } from "./diskBench.js"

describe("a rule", () => {
  it.effect("strikes the Nth operation, so many times", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      const fault = yield* disk.fault({ from: 2, times: 2, effect: SimulatedDisk.fail("EMFILE") })
      const outcomes = []
      for (const index of seeds(5)) {
        outcomes.push((yield* Effect.either(disk.fileSystem.makeDirectory(`/${index}`)))._tag)
      }
      deepStrictEqual(outcomes, ["Right", "Left", "Left", "Right", "Right"])
      strictEqual(yield* fault.hits, 2)
      deepStrictEqual(yield* names(disk), ["0", "3", "4"])
    }))

  it.effect("strikes from some point on until it is lifted", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", "x")
      const fault = yield* disk.fault({ effect: SimulatedDisk.fail("EIO") })
      strictEqual(yield* codeOf(disk.fileSystem.readFile("/f")), "EIO")
      strictEqual(yield* codeOf(disk.fileSystem.stat("/f")), "EIO")
      yield* fault.lift
      strictEqual(yield* disk.fileSystem.readFileString("/f"), "x")
    }))

  it.effect("strikes kinds of operations, and paths by their end or by a predicate", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* disk.fault({ on: ["open", "remove"], path: ".wal", effect: SimulatedDisk.fail("EACCES") })
      yield* disk.fault({ path: (path) => path.startsWith("/tmp/"), effect: SimulatedDisk.fail("EROFS") })
      strictEqual(yield* codeOf(disk.fileSystem.writeFile("/a.wal", bytes(1, 1))), "EACCES")
      strictEqual(yield* codeOf(disk.fileSystem.makeDirectory("/tmp/d")), "EROFS")
      yield* disk.fileSystem.writeFile("/a.txt", bytes(1, 1))
      yield* disk.fileSystem.rename("/a.txt", "/a.wal")
      strictEqual(yield* codeOf(disk.fileSystem.remove("/a.wal")), "EACCES")
    }))

  it.effect("fails as platform-node does: the reason is Unknown, the code is in the cause", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* disk.fault({ on: "write", effect: SimulatedDisk.fail("ENOSPC") })
      const error = yield* Effect.flip(disk.fileSystem.writeFile("/f", bytes(1, 1)))
      assertTrue(error._tag === "SystemError")
      deepStrictEqual([error.reason, error.method, error.syscall], ["Unknown", "writeFile", "write"])
      assertTrue(error.cause instanceof Error)
      strictEqual(error.cause.message, "ENOSPC: no space left on device, write")
      deepStrictEqual({ ...error.cause }, { code: "ENOSPC", errno: -28, syscall: "write" })
    }))

  it.effect("may let the operation take effect and fail all the same", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* disk.fileSystem.writeFileString("/a", "x")
      yield* disk.fault({ on: "rename", effect: SimulatedDisk.failAfter("EIO") })
      strictEqual(yield* codeOf(disk.fileSystem.rename("/a", "/b")), "EIO")
      deepStrictEqual(yield* names(disk), ["b"])
    }))

  it.effect("makes an operation slow on the Clock", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* disk.fault({ on: "makeDirectory", times: 1, effect: SimulatedDisk.slow("1 minute") })
      const fiber = yield* Effect.fork(disk.fileSystem.makeDirectory("/d"))
      yield* TestClock.adjust("59 seconds")
      deepStrictEqual(yield* names(disk), [])
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.join(fiber)
      deepStrictEqual(yield* names(disk), ["d"])
      yield* disk.fileSystem.makeDirectory("/e")
    }))
})

describe("short reads and writes", () => {
  it.effect("a short write says how much it took, and writeAll writes the rest", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* disk.fault({ times: 1, effect: SimulatedDisk.shortWrite(3) })
      yield* withFile(disk, "/f", "w", (file) => Effect.map(file.write(bytes(9, 1)), (count) => strictEqual(count, 3n)))
      yield* disk.fault({ times: 2, effect: SimulatedDisk.shortWrite(4) })
      yield* disk.fileSystem.writeFile("/g", bytes(10, 2))
      deepStrictEqual(yield* disk.fileSystem.readFile("/g"), bytes(10, 2))
      const writes = (yield* disk.operations).filter(({ kind }) => kind === "write").map(({ length, path }) =>
        `${path} ${length}`
      )
      deepStrictEqual(writes, ["/f 9", "/g 10", "/g 6", "/g 2"])
    }))

  it.effect("a short write can be followed by an error of the next one", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* disk.fault({ times: 1, effect: SimulatedDisk.shortWrite(3, { next: "ENOSPC" }) })
      strictEqual(yield* codeOf(disk.fileSystem.writeFile("/f", bytes(10, 1))), "ENOSPC")
      deepStrictEqual(yield* disk.fileSystem.readFile("/f"), bytes(3, 1))
      yield* disk.fileSystem.writeFile("/f", bytes(10, 1))
    }))

  it.effect("a short read gives less than there is", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", bytes(10, 1))
      yield* disk.fault({ times: 1, effect: SimulatedDisk.shortRead(4) })
      yield* withFile(disk, "/f", "r", (file) =>
        Effect.gen(function*() {
          strictEqual(yield* file.read(new Uint8Array(8)), 4n)
          strictEqual(yield* file.read(new Uint8Array(8)), 6n)
        }))
    }))
})

describe("a disk of so many bytes", () => {
  it.effect("takes what there is room for, then has no space until some is freed", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make({ capacity: 100 })
      yield* withFile(disk, "/f", "w", (file) =>
        Effect.gen(function*() {
          yield* file.writeAll(bytes(60, 1))
          strictEqual(yield* file.write(bytes(60, 2)), 40n)
          strictEqual(yield* codeOf(file.write(bytes(1, 2))), "ENOSPC")
          strictEqual(yield* codeOf(file.truncate(101)), "ENOSPC")
          yield* file.seek(0, "start")
          yield* file.writeAll(bytes(100, 3))
          yield* file.truncate(90)
          strictEqual(yield* disk.used, 90)
        }))
      yield* disk.fileSystem.writeFile("/g", bytes(10, 1))
      strictEqual(yield* codeOf(disk.fileSystem.writeFile("/h", bytes(1, 1))), "ENOSPC")
      yield* disk.fileSystem.remove("/f")
      strictEqual(yield* disk.used, 10)
      yield* disk.fileSystem.writeFile("/h", bytes(90, 1))
    }))

  it.effect("writeAll lands partly before it fails", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make({ capacity: 10 })
      strictEqual(yield* codeOf(disk.fileSystem.writeFile("/f", bytes(11, 1))), "ENOSPC")
      deepStrictEqual(yield* disk.fileSystem.readFile("/f"), bytes(10, 1))
    }))

  it.effect("when full, takes no new file, directory or symbolic link, but renames and removes", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", bytes(10, 1))
      yield* disk.setCapacity(10)
      strictEqual(yield* codeOf(disk.fileSystem.makeDirectory("/d")), "ENOSPC")
      strictEqual(yield* codeOf(disk.fileSystem.symlink("x", "/l")), "ENOSPC")
      strictEqual(yield* codeOf(disk.fileSystem.writeFile("/g", bytes(0, 1))), "ENOSPC")
      yield* disk.fileSystem.rename("/f", "/g")
      yield* sync(disk, "/")
      yield* disk.fileSystem.remove("/g")
      yield* disk.fileSystem.writeFile("/h", bytes(10, 1))
      yield* disk.setCapacity(20)
      yield* disk.fileSystem.writeFile("/i", bytes(10, 1))
      deepStrictEqual(yield* names(disk), ["h", "i"])
    }))

  it.effect("a removed file takes space as long as it is open", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make({ capacity: 10 })
      yield* withFile(disk, "/f", "w", (file) =>
        Effect.gen(function*() {
          yield* file.writeAll(bytes(10, 1))
          yield* disk.fileSystem.remove("/f")
          strictEqual(yield* disk.used, 10)
        }))
      strictEqual(yield* disk.used, 0)
    }))
})

describe("an fsync that fails", () => {
  const failedSync = (cache: "new" | "old") =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", bytes(1024, 1))
      yield* writeAt(disk, "/f", 500, bytes(600, 2))
      yield* disk.fault({ times: 1, effect: SimulatedDisk.failSync(cache) })
      strictEqual(yield* codeOf(sync(disk, "/f")), "EIO")
      yield* sync(disk, "/f")
      return disk
    })
  const written = Uint8Array.from([...bytes(500, 1), ...bytes(600, 2)])
  const hole = Uint8Array.from([...bytes(1024, 1), ...bytes(76, 0)])

  it.effect("may leave the new contents in the cache, which the next fsync takes for synced", () =>
    Effect.gen(function*() {
      const disk = yield* failedSync("new")
      deepStrictEqual(yield* disk.fileSystem.readFile("/f"), written)
      for (const outcome of ["lose-all", "keep-all", "garble-all", { seed: 1 }] as const) {
        deepStrictEqual(yield* (yield* disk.crashed(outcome)).fileSystem.readFile("/f"), hole)
      }
    }))

  it.effect("may leave the old contents in the cache", () =>
    Effect.gen(function*() {
      const disk = yield* failedSync("old")
      deepStrictEqual(yield* disk.fileSystem.readFile("/f"), hole)
      deepStrictEqual(yield* (yield* disk.crashed("keep-all")).fileSystem.readFile("/f"), hole)
    }))

  it.effect("is mended by writing again what it lost, and by nothing else", () =>
    Effect.gen(function*() {
      const disk = yield* failedSync("new")
      yield* writeAt(disk, "/f", 1050, bytes(50, 2))
      yield* sync(disk, "/f")
      const found = yield* (yield* disk.crashed("lose-all")).fileSystem.readFile("/f")
      deepStrictEqual(found.subarray(0, 1024), bytes(1024, 1))
      deepStrictEqual(found.subarray(1024), bytes(76, 2))
      yield* writeAt(disk, "/f", 500, bytes(600, 2))
      yield* sync(disk, "/f")
      deepStrictEqual(yield* (yield* disk.crashed("lose-all")).fileSystem.readFile("/f"), written)
    }))

  it.effect("outlives the process: its successor reads what the disk does not have", () =>
    Effect.gen(function*() {
      const disk = yield* failedSync("new")
      const next = yield* disk.killed
      deepStrictEqual(yield* next.fileSystem.readFile("/f"), written)
      yield* sync(next, "/f")
      deepStrictEqual(yield* (yield* next.crashed("keep-all")).fileSystem.readFile("/f"), hole)
    }))

  it.effect("with a plain failure can be tried again", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", bytes(10, 1))
      yield* writeAt(disk, "/f", 0, bytes(10, 2))
      yield* disk.fault({ on: "sync", times: 1, effect: SimulatedDisk.fail("EIO") })
      strictEqual(yield* codeOf(sync(disk, "/f")), "EIO")
      yield* sync(disk, "/f")
      deepStrictEqual(yield* (yield* disk.crashed("lose-all")).fileSystem.readFile("/f"), bytes(10, 2))
    }))

  it.effect("of a directory leaves its names to be synced", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* disk.fileSystem.writeFileString("/f", "")
      yield* disk.fault({ times: 1, effect: SimulatedDisk.failSync("new") })
      strictEqual(yield* codeOf(sync(disk, "/")), "EIO")
      deepStrictEqual(yield* names(yield* disk.crashed("lose-all")), [])
      yield* sync(disk, "/")
      deepStrictEqual(yield* names(yield* disk.crashed("lose-all")), ["f"])
    }))
})
