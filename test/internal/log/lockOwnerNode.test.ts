import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, expect, it, vi } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { spawn, spawnSync } from "node:child_process"
import * as os from "node:os"
import * as LockOwnerNode from "../../../src/internal/log/lockOwnerNode.js"
import * as LockToken from "../../../src/internal/log/lockToken.js"
import * as LockOwner from "../../../src/LockOwner.js"
import type { LockHolder } from "../../../src/WalError.js"
import { nonce, place, real } from "./lockPlace.js"

describe("LockOwner.node", () => {
  const me = LockOwner.node()

  const livenessOf = (changes: Partial<LockHolder>, fs?: Partial<FileSystem.FileSystem>) =>
    Effect.flatMap(me.self, (self) => me.isAlive({ ...self, nonce, ...changes })).pipe(
      Effect.provide(fs === undefined ? NodeFileSystem.layer : FileSystem.layerNoop(fs))
    )

  const statFile = (state: string, threads: number, start: number) =>
    `4711 (a) b (c) ${state} 1 1 1 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 ${threads} 0 ${start} 1 1 1\n`

  it("reads the start of a process whose name looks like other fields", () => {
    expect(LockOwnerNode.parseStat(statFile("S", 11, 93371))).toEqual(
      Option.some({ state: "S", threads: 11, start: "93371" })
    )
    for (const text of ["", "4711", "4711 (a) S 1 2", "4711 (a) S", statFile("S", 1, Number.NaN)]) {
      expect(LockOwnerNode.parseStat(text)).toEqual(Option.none())
    }
  })

  it.effect("is this process, as Linux tells of it", () =>
    Effect.gen(function*() {
      const self = yield* me.self
      strictEqual(self.process, String(process.pid))
      assertTrue(/^[0-9a-f-]{36}$/.test(self.boot))
      assertTrue(/^\d+$/.test(self.start))
      assertTrue(self.host.startsWith(os.hostname()))
      deepStrictEqual(yield* me.self, self)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("knows neither boot nor start without /proc, and then takes nothing for dead that has its number", () =>
    Effect.gen(function*() {
      const self = yield* me.self
      strictEqual(self.boot, LockOwner.unknown)
      strictEqual(self.start, LockOwner.unknown)
      strictEqual(self.host, os.hostname())
      strictEqual(yield* me.isAlive({ ...self, process: String(process.ppid), start: "1", nonce }), "alive")
    }).pipe(Effect.provide(FileSystem.layerNoop({}))))

  it.effect("counts another pid namespace as another host, or as another boot of a host that is named", () => {
    const fs = FileSystem.layerNoop({
      readLink: () => Effect.succeed("pid:[4026532178]"),
      readFileString: (path) => Effect.succeed(path.endsWith("boot_id") ? "b-1\n" : statFile("S", 1, 5))
    })
    return Effect.gen(function*() {
      const { boot, host, start } = yield* me.self
      deepStrictEqual({ boot, host, start }, { boot: "b-1", host: `${os.hostname()}(4026532178)`, start: "5" })
      const named = yield* LockOwner.node({ host: "orders-0" }).self
      deepStrictEqual({ boot: named.boot, host: named.host }, { boot: "b-1(4026532178)", host: "orders-0" })
    }).pipe(Effect.provide(fs))
  })

  it.effect("a living process is alive, unless its number was another one's", () =>
    Effect.gen(function*() {
      const parent = String(process.ppid)
      const stat = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(`/proc/${parent}/stat`))
      const start = Option.getOrThrow(LockOwnerNode.parseStat(stat)).start
      strictEqual(yield* livenessOf({ process: parent, start }), "alive")
      strictEqual(yield* livenessOf({ process: parent, start: "-" }), "alive")
      strictEqual(yield* livenessOf({ process: parent, start: String(Number(start) + 1) }), "dead")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("a process that is gone is dead", () =>
    Effect.gen(function*() {
      const { pid } = spawnSync(process.execPath, ["--version"])
      strictEqual(yield* livenessOf({ process: String(pid), start: "-" }), "dead")
    }))

  it.effect("what is no number of a process is never signalled, and alive", () =>
    Effect.gen(function*() {
      const kill = vi.spyOn(process, "kill")
      for (const no of ["0", "-1", "p1", "1e3", "01", "99999999999", "2147483648", " 1"]) {
        strictEqual(yield* livenessOf({ process: no }), "alive")
      }
      strictEqual(kill.mock.calls.length, 0)
      kill.mockRestore()
    }))

  it.effect("a process that may not be signalled is alive", () =>
    Effect.gen(function*() {
      const kill = vi.spyOn(process, "kill").mockImplementation(() => {
        throw Object.assign(new Error("EPERM"), { code: "EPERM" })
      })
      strictEqual(yield* livenessOf({ process: "4711", start: "-" }, {}), "alive")
      kill.mockRestore()
    }))

  it.effect("a zombie is dead once its last thread is gone", () =>
    Effect.gen(function*() {
      const zombie = (threads: number) => ({ readFileString: () => Effect.succeed(statFile("Z", threads, 5)) })
      const parent = { process: String(process.ppid), start: "5" }
      strictEqual(yield* livenessOf(parent, zombie(1)), "dead")
      strictEqual(yield* livenessOf(parent, zombie(4)), "alive")
    }))

  it.scoped("a real zombie is dead", () =>
    Effect.gen(function*() {
      // The shell becomes a program that never asks for its child's end.
      const shell = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] })
        ),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      const pid = yield* Effect.async<string>((resume) => {
        shell.stdout.once("data", (line) => resume(Effect.succeed(String(line).trim())))
      })
      const stat = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(`/proc/${pid}/stat`))
      const start = yield* Effect.map(stat, (text) => Option.getOrThrow(LockOwnerNode.parseStat(text)).start)
      yield* Effect.repeat(stat, { until: (text) => text.includes(") Z ") })
      process.kill(Number(pid), 0)
      strictEqual(yield* livenessOf({ process: pid, start }), "dead")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("locks of this process and of a number that is used again", () =>
    real(Effect.gen(function*() {
      const { acquire, put, tokens } = yield* place
      const self = yield* me.self
      yield* put([LockToken.heldName({ ...self, process: String(process.ppid), start: "1", nonce })])
      const lock = yield* acquire(me)
      deepStrictEqual(yield* tokens, [LockToken.heldName(lock.holder)])
      const error = yield* Effect.flip(acquire(LockOwner.node()))
      strictEqual(error._tag, "WalLockedError")
      if (error._tag === "WalLockedError") strictEqual(error.where, "this-process")
    })))
})
