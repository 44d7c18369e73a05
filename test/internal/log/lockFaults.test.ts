import { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, it } from "@effect/vitest"
import { assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Lock from "../../../src/internal/log/lock.js"
import * as LockToken from "../../../src/internal/log/lockToken.js"
import * as LockOwner from "../../../src/LockOwner.js"
import { held, intercept, pauseBefore, place, processOf, real } from "./lockPlace.js"

describe("lock, acting on an old view", () => {
  const dead = held({ process: "dead 1" })
  const deadToo = held({ process: "dead 2" })

  const views: ReadonlyArray<
    readonly [
      what: string,
      tokens: ReadonlyArray<string> | "absent",
      operation: string,
      on: string,
      between: "release" | "remove"
    ]
  > = [
    ["of a dead owner", [dead], "rename", dead, "release"],
    ["of a free lock", ["free"], "rename", "free", "release"],
    ["of a directory without a lock", "absent", "rename", ".tmp", "release"],
    ["of a lock that is empty", [], "rename", ".tmp", "release"],
    ["of a lock that was removed and made again", [dead], "rename", dead, "remove"],
    ["of a free lock that was removed and made again", ["free"], "rename", "free", "remove"],
    ["of no lock, since when it was made, removed and made again", "absent", "rename", ".tmp", "remove"],
    ["of two dead owners, of which one is being deleted", [dead, deadToo], "remove", dead, "release"],
    ["of two dead owners, of which one is deleted", [dead, deadToo], "rename", deadToo, "release"],
    ["of a dead owner and a free lock", [dead, "free"], "remove", dead, "release"]
  ]

  it.scoped.each(views)("%s", ([, left, operation, on, between]) =>
    real(Effect.gen(function*() {
      const { acquire, directory, entries, fs, put, tokens } = yield* place
      if (left !== "absent") yield* put(left)
      const sleepy = yield* pauseBefore(fs, operation, (path) => path.endsWith(on))
      const sleeper = yield* Effect.fork(Effect.flip(Lock.acquire(sleepy.fs, processOf("sleeper"), directory)))
      yield* sleepy.reached

      const first = yield* acquire(processOf("first"))
      yield* first[between]
      const second = yield* acquire(processOf("second"))
      yield* sleepy.goOn
      const error = yield* Fiber.join(sleeper)

      strictEqual(error._tag, "WalLockedError")
      if (error._tag === "WalLockedError") deepStrictEqual(error.holder, second.holder)
      deepStrictEqual(yield* tokens, [LockToken.heldName(second.holder)])
      deepStrictEqual(yield* entries, ["LOCK"])
      yield* second.release
      deepStrictEqual(yield* tokens, ["free"])
    })))

  it.scoped("of a listing that missed the token", () =>
    real(Effect.gen(function*() {
      const { acquire, directory, entries, fs } = yield* place
      const owner = yield* acquire(processOf("first"))
      let listings = 0
      const blind: FileSystem.FileSystem = {
        ...fs,
        readDirectory: (path) =>
          Effect.suspend(() => path.endsWith("LOCK") && listings++ < 3 ? Effect.succeed([]) : fs.readDirectory(path))
      }
      const error = yield* Effect.flip(Lock.acquire(blind, processOf("second"), directory))
      assertTrue(listings > 3)
      strictEqual(error._tag, "WalLockedError")
      assertInclude(error.message, owner.path)
      deepStrictEqual(yield* entries, ["LOCK"])
    })))

  it.scoped("a lock that never shows its token is an error, not a second lock", () =>
    real(Effect.gen(function*() {
      const { acquire, directory, fs, tokens } = yield* place
      const owner = yield* acquire(processOf("first"))
      const blind = { ...fs, readDirectory: () => Effect.succeed([]) }
      const error = yield* Effect.flip(Lock.acquire(blind, processOf("second"), directory))
      strictEqual(error._tag, "WalIoError")
      deepStrictEqual(yield* tokens, [LockToken.heldName(owner.holder)])
    })))
})

describe("lock, when the disk or the fiber does not go along", () => {
  const refused = new SystemError({ module: "FileSystem", method: "rename", reason: "Unknown" })

  it.scoped("a release that fails says so, always, and leaves the lock to this process alone", () =>
    real(Effect.gen(function*() {
      const { acquire, directory, fs, tokens } = yield* place
      const me = processOf("me")
      let failures = 0
      const failing = intercept(
        fs,
        (operation, path) =>
          operation === "rename" && path.includes("held")
            ? Effect.suspend(() => Effect.fail((failures++, refused)))
            : Effect.void
      )
      const lock = yield* Effect.withRandom(Lock.acquire(failing, me, directory), Random.make("seed"))
      const first = yield* Effect.flip(lock.release)
      const second = yield* Effect.flip(lock.release)
      strictEqual(first._tag, "WalIoError")
      strictEqual(first, second)
      strictEqual(failures, 1)

      strictEqual((yield* Effect.flip(acquire(processOf("you"))))._tag, "WalLockedError")
      strictEqual((yield* Effect.flip(acquire(processOf("me"))))._tag, "WalLockedError")
      const again = yield* Effect.withRandom(acquire(me), Random.make("seed"))
      assertTrue(again.holder.nonce !== lock.holder.nonce)
      deepStrictEqual(yield* tokens, [LockToken.heldName(again.holder)])
      strictEqual((yield* Effect.flip(acquire(me)))._tag, "WalLockedError")
    })))

  it.scoped("releases that come together are one", () =>
    real(Effect.gen(function*() {
      const { directory, fs, tokens } = yield* place
      let renames = 0
      const counting = intercept(fs, (operation) => Effect.sync(() => void (operation === "rename" && renames++)))
      const lock = yield* Lock.acquire(counting, processOf("me"), directory)
      const before = renames
      yield* Effect.all([lock.release, lock.release, lock.remove], { concurrency: "unbounded" })
      const interrupted = yield* Effect.fork(lock.release)
      yield* Fiber.interrupt(interrupted)
      strictEqual(renames - before, 1)
      deepStrictEqual(yield* tokens, ["free"])
    })))

  const starts: ReadonlyArray<readonly [what: string, tokens: ReadonlyArray<string> | "absent"]> = [
    ["no lock", "absent"],
    ["a free lock", ["free"]],
    ["two dead owners", [held({ process: "dead 1" }), held({ process: "dead 2" })]]
  ]

  it.scoped.each(starts)(
    "every operation fails, with %s: an error or the lock, and nothing in the way",
    ([, left]) =>
      real(Effect.gen(function*() {
        for (let nth = 1, ran = nth; ran >= nth; nth++) {
          const { acquire, directory, fs, put } = yield* place
          if (left !== "absent") yield* put(left)
          ran = 0
          const failing = intercept(fs, () => Effect.suspend(() => ++ran === nth ? Effect.fail(refused) : Effect.void))
          const result = yield* Effect.either(Lock.acquire(failing, processOf("me"), directory))
          if (result._tag === "Right") yield* result.right.release
          else strictEqual(result.left._tag, "WalIoError")
          const next = yield* acquire(processOf("you"))
          yield* next.release
        }
      }))
  )

  it.scoped.each(starts)(
    "interrupted at every operation, with %s: no lock is held",
    ([, left]) =>
      real(Effect.gen(function*() {
        for (const how of ["acquire", "scoped"] as const) {
          let interruptions = 0
          for (let nth = 1, ran = nth; ran >= nth; nth++) {
            const { acquire, directory, fs, put } = yield* place
            if (left !== "absent") yield* put(left)
            ran = 0
            const fiberToInterrupt = yield* Deferred.make<Fiber.RuntimeFiber<unknown, unknown>>()
            const interrupting = intercept(fs, () =>
              Effect.suspend(() =>
                ++ran === nth
                  ? Effect.zipRight(
                    Effect.flatMap(Deferred.await(fiberToInterrupt), Fiber.interruptFork),
                    Effect.yieldNow()
                  )
                  : Effect.void
              ))
            const taking = how === "acquire"
              ? Effect.flatMap(Lock.acquire(interrupting, processOf("me"), directory), (lock) => lock.release)
              : Effect.scoped(Lock.scoped(directory)).pipe(
                Effect.provideService(FileSystem.FileSystem, interrupting),
                Effect.provideService(LockOwner.LockOwner, processOf("me"))
              )
            const fiber = yield* Effect.fork(taking)
            yield* Deferred.succeed(fiberToInterrupt, fiber)
            const exit = yield* Fiber.await(fiber)
            if (Exit.isInterrupted(exit)) interruptions++
            const next = yield* acquire(processOf("you"))
            yield* next.release
          }
          assertTrue(interruptions > 0)
        }
      }))
  )
})
