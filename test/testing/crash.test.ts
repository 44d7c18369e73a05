import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import type { SimulatedDisk as Model } from "effect-wal/testing"
import { SimulatedDisk } from "effect-wal/testing"
import * as Effect from "effect/Effect"
import { bytes, codeOf, names, save, seeds, sync, withFile, writeAt } from "./diskBench.js"

const outcomes: ReadonlyArray<Model.CrashOutcome> = [
  "lose-all",
  "keep-all",
  "keep-last",
  "garble-all",
  ...seeds(20).map((seed) => ({ seed }))
]

const sector = 512

describe("what a power loss leaves of bytes", () => {
  it.effect("synced bytes survive every crash, and are durable from then on", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", bytes(3 * sector, 7))
      for (const outcome of outcomes) {
        const once = yield* disk.crashed(outcome)
        const twice = yield* once.crashed("lose-all")
        deepStrictEqual(yield* twice.fileSystem.readFile("/f"), bytes(3 * sector, 7))
      }
    }))

  it.effect("unsynced bytes are lost, kept or garbled as the outcome says", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", bytes(2 * sector, 1))
      yield* writeAt(disk, "/f", 0, bytes(4 * sector, 2))
      const after = (outcome: Model.CrashOutcome) =>
        Effect.flatMap(disk.crashed(outcome), (crashed) => crashed.fileSystem.readFile("/f"))
      deepStrictEqual(yield* after("lose-all"), bytes(2 * sector, 1))
      deepStrictEqual(yield* after("keep-all"), bytes(4 * sector, 2))
      const last = yield* after("keep-last")
      deepStrictEqual(last, Uint8Array.from([...bytes(2 * sector, 1), ...bytes(2 * sector, 2)]))
      const garbled = yield* after("garble-all")
      strictEqual(garbled.length, 4 * sector)
      assertTrue(new Set(garbled).size > 200)
    }))

  it.effect("later sectors can survive while earlier ones read as zeros", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", "")
      yield* writeAt(disk, "/f", 0, bytes(4 * sector, 9))
      const crashed = yield* disk.crashed("keep-last")
      const found = yield* crashed.fileSystem.readFile("/f")
      deepStrictEqual(found, Uint8Array.from([...bytes(2 * sector, 0), ...bytes(2 * sector, 9)]))
    }))

  it.effect("one unsynced sector can be lost while the size is kept", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", bytes(10, 1))
      yield* writeAt(disk, "/f", 10, bytes(10, 2))
      const crashed = yield* disk.crashed("keep-last")
      const found = yield* crashed.fileSystem.readFile("/f")
      deepStrictEqual(found, Uint8Array.from([...bytes(10, 1), ...bytes(10, 0)]))
    }))

  it.effect("seeds reach each fate of a sector, and every kind of size", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", bytes(sector, 1))
      yield* writeAt(disk, "/f", 0, bytes(3 * sector, 2))
      const kinds = new Set<string>()
      const sizes = new Set<string>()
      for (const seed of seeds(300)) {
        const crashed = yield* disk.crashed({ seed })
        const found = yield* crashed.fileSystem.readFile("/f")
        kinds.add(kindOf(found.subarray(0, sector)))
        sizes.add(found.length === sector ? "durable" : found.length === 3 * sector ? "new" : "between")
      }
      deepStrictEqual(kinds, new Set(["old", "new", "torn, the start is new", "torn, the end is new", "garbage"]))
      deepStrictEqual(sizes, new Set(["durable", "new", "between"]))
    }))

  it.effect("an unsynced truncation happens, or does not", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", bytes(1000, 5))
      yield* disk.fileSystem.truncate("/f", 100)
      const lengths = new Set<number>()
      for (const seed of seeds(50)) {
        const crashed = yield* disk.crashed({ seed })
        const found = yield* crashed.fileSystem.readFile("/f")
        deepStrictEqual(found, bytes(found.length, 5))
        lengths.add(found.length)
      }
      deepStrictEqual(lengths, new Set([100, 1000]))
      strictEqual((yield* (yield* disk.crashed("lose-all")).fileSystem.stat("/f")).size, 1000n)
      yield* sync(disk, "/f")
      strictEqual((yield* (yield* disk.crashed("lose-all")).fileSystem.stat("/f")).size, 100n)
    }))

  it.effect("a write that was cut off can come back until the truncation is synced", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", bytes(100, 1))
      yield* writeAt(disk, "/f", 100, bytes(50, 2))
      yield* disk.fileSystem.truncate("/f", 100)
      const comesBack = Effect.gen(function*() {
        let times = 0
        for (const seed of seeds(100)) {
          const crashed = yield* disk.crashed({ seed })
          const found = yield* crashed.fileSystem.readFile("/f")
          deepStrictEqual(found.subarray(0, 100), bytes(100, 1))
          if (found.includes(2)) times++
        }
        return times
      })
      assertTrue((yield* comesBack) > 0)
      yield* sync(disk, "/f")
      strictEqual(yield* comesBack, 0)
    }))

  it.effect("the same seed does the same, another one something else", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", "")
      yield* writeAt(disk, "/f", 0, bytes(20 * sector, 3))
      for (let index = 0; index < 10; index++) yield* disk.fileSystem.writeFile(`/g${index}`, bytes(10, index))
      const contents = (seed: number) =>
        Effect.gen(function*() {
          const crashed = yield* disk.crashed({ seed })
          return [yield* names(crashed), Array.from(yield* crashed.fileSystem.readFile("/f"))]
        })
      const different = new Set<string>()
      for (const seed of seeds(10)) {
        const found = yield* contents(seed)
        deepStrictEqual(yield* contents(seed), found)
        different.add(JSON.stringify(found))
      }
      assertTrue(different.size > 7)
    }))
})

describe("what a power loss leaves of names", () => {
  it.effect("a file's fsync does not make its name durable, the directory's does", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* disk.fileSystem.writeFile("/f", bytes(4, 1))
      yield* sync(disk, "/f")
      deepStrictEqual(yield* names(yield* disk.crashed("lose-all")), [])
      deepStrictEqual(yield* names(yield* disk.crashed("keep-all")), ["f"])
      yield* sync(disk, "/")
      deepStrictEqual(yield* (yield* disk.crashed("lose-all")).fileSystem.readFile("/f"), bytes(4, 1))
    }))

  it.effect("a directory's fsync does not make the bytes of its files durable", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* disk.fileSystem.writeFile("/f", bytes(4, 1))
      yield* sync(disk, "/")
      deepStrictEqual(yield* (yield* disk.crashed("lose-all")).fileSystem.readFile("/f"), bytes(0, 1))
    }))

  it.effect("what is in a directory is lost with the directory's own name", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* disk.fileSystem.makeDirectory("/a/b", { recursive: true })
      yield* save(disk, "/a/b/f", "x")
      deepStrictEqual(yield* names(yield* disk.crashed("lose-all")), [])
      yield* sync(disk, "/")
      deepStrictEqual(yield* names(yield* disk.crashed("lose-all"), "/a"), [])
      yield* sync(disk, "/a")
      deepStrictEqual(yield* names(yield* disk.crashed("lose-all"), "/a/b"), ["f"])
    }))

  it.effect("a removed file comes back with its durable bytes until the removal is synced", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", "kept")
      yield* disk.fileSystem.remove("/f")
      strictEqual(yield* (yield* disk.crashed("lose-all")).fileSystem.readFileString("/f"), "kept")
      yield* sync(disk, "/")
      for (const outcome of outcomes) deepStrictEqual(yield* names(yield* disk.crashed(outcome)), [])
    }))

  it.effect("symbolic and hard links are durable with their directory", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", "x")
      yield* disk.fileSystem.symlink("owner", "/lock")
      yield* disk.fileSystem.link("/f", "/g")
      deepStrictEqual(yield* names(yield* disk.crashed("lose-all")), ["f"])
      yield* sync(disk, "/")
      const crashed = yield* disk.crashed("lose-all")
      strictEqual(yield* crashed.fileSystem.readLink("/lock"), "owner")
      yield* crashed.fileSystem.writeFileString("/g", "still one file")
      strictEqual(yield* crashed.fileSystem.readFileString("/f"), "still one file")
    }))

  it.effect("each change is kept or lost on its own", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/old", "")
      yield* disk.fileSystem.writeFileString("/new", "")
      yield* disk.fileSystem.remove("/old")
      const found = new Set<string>()
      for (const seed of seeds(60)) found.add((yield* names(yield* disk.crashed({ seed }))).join())
      deepStrictEqual(found, new Set(["", "new", "old", "new,old"]))
    }))

  it.effect("of an unsynced rename, the old name or the new one is there, and never both", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/a", "source")
      yield* save(disk, "/b", "target")
      yield* disk.fileSystem.rename("/a", "/b")
      const found = new Set<string>()
      for (const seed of seeds(60)) {
        const crashed = yield* disk.crashed({ seed })
        const present = yield* names(crashed)
        found.add(present.join() + ":" + (yield* crashed.fileSystem.readFileString("/b")))
      }
      deepStrictEqual(found, new Set(["a,b:target", "b:source"]))
    }))

  it.effect("a rename between directories is durable with the fsync of either", () =>
    Effect.gen(function*() {
      for (const synced of ["/from", "/to"]) {
        const disk = yield* SimulatedDisk.make()
        yield* disk.fileSystem.makeDirectory("/from")
        yield* save(disk, "/from/f", "x")
        yield* sync(disk, "/")
        yield* disk.fileSystem.makeDirectory("/to")
        yield* disk.fileSystem.rename("/from/f", "/to/g")
        yield* sync(disk, synced)
        const crashed = yield* disk.crashed("lose-all")
        // Even the new directory: without it the file would be nowhere.
        strictEqual(yield* crashed.fileSystem.readFileString("/to/g"), "x")
        deepStrictEqual(yield* names(crashed, "/from"), [])
      }
    }))
})

describe("the machine before and behind a power loss", () => {
  it.effect("crashed leaves the machine running, crash turns it off", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", "x")
      const copy = yield* disk.crashed("keep-all")
      yield* copy.fileSystem.writeFileString("/f", "changed in the copy")
      strictEqual(yield* disk.fileSystem.readFileString("/f"), "x")
      const next = yield* disk.crash("keep-all")
      strictEqual(yield* codeOf(disk.fileSystem.writeFileString("/f", "from the dead")), "EIO")
      strictEqual(yield* next.fileSystem.readFileString("/f"), "x")
    }))

  it.effect("handles of before do nothing any more", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* save(disk, "/f", "x")
      yield* withFile(disk, "/f", "r+", (file) =>
        Effect.gen(function*() {
          const next = yield* disk.crash("keep-all")
          strictEqual(yield* codeOf(file.writeAll(bytes(1, 0))), "EIO")
          strictEqual(yield* codeOf(file.sync), "EIO")
          strictEqual(yield* next.fileSystem.readFileString("/f"), "x")
        }))
    }))

  it.effect("the machine can be made to go off after any operation", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      yield* disk.crashAfter(3)
      const saved = yield* Effect.either(save(disk, "/f", "x"))
      strictEqual(saved._tag, "Left")
      deepStrictEqual((yield* disk.operations).map(({ kind, outcome }) => [kind, outcome]), [
        ["open", "ok"],
        ["write", "ok"],
        ["open", "ok"]
      ])
      deepStrictEqual(yield* names(yield* disk.crashed("keep-all")), ["f"])
      strictEqual(yield* codeOf(disk.fileSystem.exists("/f")), "EIO")
    }))

  it.effect("a crash boots anew: another boot, another process, no rules, the same capacity", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make({ host: "a", capacity: 100 })
      yield* save(disk, "/f", bytes(60, 1))
      yield* disk.fault({ effect: SimulatedDisk.fail("EIO") })
      const next = yield* disk.crash({ seed: 1 })
      strictEqual(next.machine.host, "a")
      assertTrue(next.machine.boot !== disk.machine.boot)
      assertTrue(next.machine.process !== disk.machine.process)
      strictEqual(yield* next.used, 60)
      strictEqual(yield* codeOf(next.fileSystem.writeFile("/g", bytes(41, 1))), "ENOSPC")
      strictEqual(yield* next.isRunning(disk.machine), false)
    }))
})

const kindOf = (found: Uint8Array) => {
  const changes = Array.from(found.subarray(1)).filter((byte, index) => byte !== found[index]).length
  if (changes > 1) return "garbage"
  if (changes === 0) return found[0] === 1 ? "old" : "new"
  return found[0] === 2 ? "torn, the start is new" : "torn, the end is new"
}
