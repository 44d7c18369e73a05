import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { bytes, codeOf, names, save, sync, withFile, writeAt } from "./diskBench.js"

describe("a killed process", () => {
  it.effect("leaves what it wrote to its successor, not yet durable", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", bytes(10, 1))
      yield* writeAt(disk, "/f", 5, bytes(10, 2))
      yield* disk.fileSystem.writeFile("/g", bytes(3, 3))
      for (const take of [disk.killed, disk.kill]) {
        const next = yield* take
        deepStrictEqual(yield* next.fileSystem.readFile("/f"), Uint8Array.from([...bytes(5, 1), ...bytes(10, 2)]))
        deepStrictEqual(yield* names(next), ["f", "g"])
        const crashed = yield* next.crashed("lose-all")
        deepStrictEqual(yield* crashed.fileSystem.readFile("/f"), bytes(10, 1))
        deepStrictEqual(yield* names(crashed), ["f"])
        yield* sync(next, "/f")
        strictEqual((yield* (yield* next.crashed("lose-all")).fileSystem.readFile("/f")).length, 15)
      }
    }))

  it.effect("is a copy when it is only looked at", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/d", "x")
      yield* disk.fileSystem.makeDirectory("/e")
      yield* disk.fileSystem.rename("/d", "/e/d")
      const copy = yield* disk.killed
      yield* copy.fileSystem.writeFileString("/e/d", "changed")
      yield* copy.fileSystem.rename("/e/d", "/d")
      strictEqual(yield* disk.fileSystem.readFileString("/e/d"), "x")
      yield* sync(copy, "/")
      strictEqual(yield* (yield* copy.crashed("lose-all")).fileSystem.readFileString("/d"), "x")
      strictEqual(yield* (yield* disk.crashed("lose-all")).fileSystem.readFileString("/d"), "x")
    }))

  it.effect("does nothing any more, and loses its handles", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make({ capacity: 100 })
      yield* withFile(disk, "/f", "w", (file) =>
        Effect.gen(function*() {
          yield* file.writeAll(bytes(80, 1))
          yield* disk.fileSystem.remove("/f")
          deepStrictEqual(yield* disk.openFiles, [{ path: "/f", flag: "w" }])
          strictEqual(yield* disk.used, 80)
          const next = yield* disk.kill
          strictEqual(yield* codeOf(file.writeAll(bytes(1, 1))), "EIO")
          deepStrictEqual(yield* disk.openFiles, [])
          strictEqual(yield* next.used, 0)
          yield* next.fileSystem.writeFile("/g", bytes(100, 1))
        }))
      strictEqual(yield* codeOf(disk.fileSystem.stat("/")), "EIO")
    }))

  it.effect("has a successor of the same boot; processes of one machine know who runs", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      const other = yield* disk.spawn
      const next = yield* disk.kill
      strictEqual(next.machine.boot, disk.machine.boot)
      strictEqual(new Set([disk, other, next].map(({ machine }) => machine.process)).size, 3)
      strictEqual(yield* next.isRunning(disk.machine), false)
      strictEqual(yield* next.isRunning(other.machine), true)
      yield* other.fileSystem.writeFileString("/f", "shared")
      strictEqual(yield* next.fileSystem.readFileString("/f"), "shared")
    }))
})

describe("operations", () => {
  it.effect("are numbered and recorded in the order in which they take effect", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* withFile(disk, "/a.tmp", "w", (file) =>
        Effect.gen(function*() {
          yield* file.writeAll(bytes(4, 1))
          yield* disk.fileSystem.rename("/a.tmp", "a")
          yield* file.writeAll(bytes(2, 1))
          yield* file.sync
        }))
      yield* Effect.ignore(disk.fileSystem.remove("/none"))
      const recorded = (yield* disk.operations).map(({ index, kind, length, offset, outcome, path }) => [
        index,
        kind,
        path,
        offset,
        length,
        outcome
      ])
      deepStrictEqual(recorded, [
        [1, "open", "/a.tmp", undefined, undefined, "ok"],
        [2, "write", "/a.tmp", 0, 4, "ok"],
        [3, "rename", "/a.tmp", undefined, undefined, "ok"],
        [4, "write", "/a", 4, 2, "ok"],
        [5, "sync", "/a", undefined, undefined, "ok"],
        [6, "remove", "/none", undefined, undefined, "ENOENT"]
      ])
    }))

  it.effect("are counted without being recorded", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make({ recording: "off" })
      yield* disk.fileSystem.writeFile("/f", bytes(1, 1))
      deepStrictEqual(yield* disk.operations, [])
      strictEqual(yield* disk.operationCount, 2)
    }))

  it.effect("can be watched: a hook sees the state before each of them", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      const before: Array<string> = []
      const hook = yield* disk.onOperation(({ kind }) => {
        const found = Effect.runSync(Effect.flatMap(disk.crashed("keep-all"), (crashed) => crashed.used))
        before.push(`${kind} ${found}`)
      })
      yield* disk.fileSystem.writeFile("/f", bytes(3, 1))
      yield* hook.lift
      yield* disk.fileSystem.writeFile("/f", bytes(3, 1))
      deepStrictEqual(before, ["open 0", "write 0"])
    }))

  it.effect("take effect although the waiting fiber was interrupted", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make({ latency: "1 second" })
      const fiber = yield* Effect.fork(disk.fileSystem.makeDirectory("/d"))
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interrupt(fiber)
      strictEqual(yield* disk.operationCount, 0)
      yield* TestClock.adjust("500 millis")
      deepStrictEqual((yield* disk.operations).map(({ kind, outcome }) => [kind, outcome]), [["makeDirectory", "ok"]])
    }))

  it.effect("an interrupted write lands, but does not move the position", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* Effect.scoped(Effect.gen(function*() {
        const file = yield* disk.fileSystem.open("/f", { flag: "w" })
        const slow = yield* disk.fault({ on: "write", effect: SimulatedDisk.slow("1 second") })
        const fiber = yield* Effect.fork(file.writeAll(bytes(4, 1)))
        yield* TestClock.adjust("1 millis")
        yield* Fiber.interrupt(fiber)
        yield* slow.lift
        yield* TestClock.adjust("1 second")
        yield* file.writeAll(bytes(2, 2))
      }))
      deepStrictEqual(Array.from(yield* disk.fileSystem.readFile("/f")), [2, 2, 1, 1])
    }))

  it.effect("that were under way when the machine went off never take effect", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* disk.fault({ on: "makeDirectory", effect: SimulatedDisk.slow("1 second") })
      const fiber = yield* Effect.fork(codeOf(disk.fileSystem.makeDirectory("/d")))
      yield* TestClock.adjust("500 millis")
      const next = yield* disk.crash("keep-all")
      yield* TestClock.adjust("500 millis")
      strictEqual(yield* Fiber.join(fiber), "EIO")
      deepStrictEqual(yield* names(next), [])
      deepStrictEqual(yield* names(yield* disk.crashed("keep-all")), [])
    }))
})
