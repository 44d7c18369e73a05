import { describe, expect, it } from "@effect/vitest"
import { assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Lock from "../../../src/internal/log/lock.js"
import * as LockToken from "../../../src/internal/log/lockToken.js"
import * as LockOwner from "../../../src/LockOwner.js"
import { held, intercept, nonce, place, processOf, real } from "./lockPlace.js"

describe("lock", () => {
  it.scoped("is taken, refused to others, and given back", () =>
    real(Effect.gen(function*() {
      const { acquire, directory, entries, tokens } = yield* place
      const lock = yield* acquire(processOf("me"))
      deepStrictEqual(yield* entries, ["LOCK"])
      deepStrictEqual(yield* tokens, [LockToken.heldName(lock.holder)])
      strictEqual(lock.path, `${directory}/LOCK/${LockToken.heldName(lock.holder)}`)

      const error = yield* Effect.flip(acquire(processOf("you")))
      strictEqual(error._tag, "WalLockedError")
      if (error._tag === "WalLockedError") {
        deepStrictEqual(error.holder, lock.holder)
        strictEqual(error.where, "this-host")
        strictEqual(error.lock, lock.path)
        strictEqual(error.directory, directory)
      }

      yield* lock.release
      deepStrictEqual(yield* tokens, ["free"])
      const next = yield* acquire(processOf("you"))
      yield* lock.release
      deepStrictEqual(yield* tokens, [LockToken.heldName(next.holder)])
    })))

  it.scoped("is held until the scope closes, by the owner of the context", () =>
    real(Effect.gen(function*() {
      const { directory, tokens } = yield* place
      const scope = yield* Scope.make()
      const lock = yield* Lock.scoped(directory).pipe(
        Scope.extend(scope),
        Effect.provide(Layer.succeed(LockOwner.LockOwner, processOf("from context")))
      )
      strictEqual(lock.holder.process, "from context")
      deepStrictEqual(yield* tokens, [LockToken.heldName(lock.holder)])
      yield* Scope.close(scope, Exit.void)
      deepStrictEqual(yield* tokens, ["free"])
    })))

  it.scoped("needs nothing new on the disk once it is there: a full one stops nobody", () =>
    real(Effect.gen(function*() {
      const { directory, fs, put } = yield* place
      yield* put(["free"])
      const operations: Array<string> = []
      const watched = intercept(fs, (operation) => Effect.sync(() => void operations.push(operation)))
      const lock = yield* Lock.acquire(watched, processOf("me"), directory)
      yield* lock.release
      deepStrictEqual(operations, ["readDirectory", "rename", "rename"])
    })))

  it.scoped("is removed with all that belongs to it, and can be taken again", () =>
    real(Effect.gen(function*() {
      const { acquire, entries, fs, directory } = yield* place
      yield* fs.makeDirectory(`${directory}/LOCK.7-${nonce}.tmp`)
      yield* fs.writeFileString(`${directory}/LOCK.txt`, "not ours")
      const lock = yield* acquire(processOf("me"))
      deepStrictEqual(yield* entries, ["LOCK", "LOCK.txt"])
      yield* lock.remove
      deepStrictEqual(yield* entries, ["LOCK.txt"])
      const next = yield* acquire(processOf("you"))
      yield* lock.remove
      yield* lock.release
      yield* next.release
      deepStrictEqual(yield* entries, ["LOCK", "LOCK.txt"])
    })))

  it.scoped("has nonces from Random, so that a seed replays", () =>
    real(Effect.gen(function*() {
      const { acquire, put } = yield* place
      yield* put(["free"])
      const once = acquire(processOf("me")).pipe(
        Effect.tap((lock) => lock.release),
        Effect.map((lock) => lock.holder.nonce)
      )
      const [first, second, other] = yield* Effect.all([
        Effect.withRandom(once, Random.make("seed")),
        Effect.withRandom(once, Random.make("seed")),
        once
      ])
      strictEqual(first, second)
      assertTrue(first !== other)
      assertTrue(/^[0-9a-f]{12}$/.test(other))
    })))

  it.scoped("a directory that is missing is an error", () =>
    real(Effect.gen(function*() {
      const { directory, fs } = yield* place
      const error = yield* Effect.flip(Lock.acquire(fs, processOf("me"), `${directory}/missing`))
      strictEqual(error._tag, "WalIoError")
      if (error._tag === "WalIoError") strictEqual(error.reason, "NotFound")
    })))
})

describe("lock, whose it is", () => {
  const cases: ReadonlyArray<
    readonly [
      what: string,
      token: string,
      isAlive: LockOwner.Liveness,
      outcome: "taken" | "this-process" | "this-host" | "another-host"
    ]
  > = [
    ["a process that lives", held(), "alive", "this-host"],
    ["a process that is dead", held(), "dead", "taken"],
    ["another boot of this host", held({ boot: "earlier" }), "alive", "taken"],
    ["an unknown boot, and a process that lives", held({ boot: "-" }), "alive", "this-host"],
    ["an unknown boot, and a process that is dead", held({ boot: "-" }), "dead", "taken"],
    ["another host, whatever is said of it", held({ host: "elsewhere", boot: "earlier" }), "dead", "another-host"],
    ["this process, another start: its id was used before", held({ process: "me", start: "0" }), "alive", "taken"],
    ["this process, whoever in it", held({ process: "me" }), "dead", "this-process"],
    ["this process, by an unknown start", held({ process: "me", start: "-" }), "dead", "this-process"],
    ["what cannot be read", "held,too,short", "dead", "another-host"],
    ["what cannot be decoded", "held,%,b,p,s,n", "dead", "another-host"],
    ["what comes from a later version", `${held()},more`, "dead", "another-host"]
  ]

  it.scoped.each(cases)("%s", ([, token, isAlive, outcome]) =>
    real(Effect.gen(function*() {
      const { acquire, directory, put, tokens } = yield* place
      yield* put([token])
      const result = yield* Effect.either(acquire(processOf("me", isAlive)))
      const where = result._tag === "Right"
        ? "taken"
        : result.left._tag === "WalLockedError"
        ? result.left.where
        : "error"
      strictEqual(where, outcome)
      if (result._tag === "Left") {
        assertInclude(result.left.message, `${directory}/LOCK/${token}`)
        deepStrictEqual(yield* tokens, [token])
      }
    })))

  it.scoped("a LOCK of something else is left alone", () =>
    real(Effect.gen(function*() {
      const { acquire, directory, entries, fs } = yield* place
      yield* fs.writeFileString(`${directory}/LOCK`, "of another database")
      const error = yield* Effect.flip(acquire(processOf("me")))
      strictEqual(error._tag, "WalLockedError")
      assertInclude(error.message, `${directory}/LOCK`)
      deepStrictEqual(yield* entries, ["LOCK"])
    })))

  it.scoped("a file manager's hidden file is no token", () =>
    real(Effect.gen(function*() {
      const { acquire, put, tokens } = yield* place
      yield* put([".DS_Store", "free"])
      const lock = yield* acquire(processOf("me"))
      deepStrictEqual(yield* tokens, [".DS_Store", LockToken.heldName(lock.holder)])
    })))

  const lost: ReadonlyArray<readonly [what: string, tokens: ReadonlyArray<string>]> = [
    ["nothing in it", []],
    ["several earlier owners", [
      held({ boot: "b1" }),
      held({ boot: "b1", nonce: "ba9876543210" }),
      held({ boot: "b0" })
    ]],
    ["an owner, and that it let go", ["free", held({ boot: "b1" })]]
  ]

  it.scoped.each(lost)(
    "a power loss leaves a lock with %s: it is taken, and one",
    ([, left]) =>
      real(Effect.gen(function*() {
        const { acquire, entries, put, tokens } = yield* place
        yield* put(left)
        const lock = yield* acquire(processOf("me"))
        deepStrictEqual(yield* tokens, [LockToken.heldName(lock.holder)])
        deepStrictEqual(yield* entries, ["LOCK"])
        strictEqual((yield* Effect.flip(acquire(processOf("you"))))._tag, "WalLockedError")
      }))
  )

  it("every holder can be read back from its name", () => {
    const part = FastCheck.string({ minLength: 1, unit: "grapheme" })
    const holder = FastCheck.record({ host: part, boot: part, process: part, start: part, nonce: part })
    FastCheck.assert(FastCheck.property(holder, (value) => {
      const name = LockToken.heldName(value)
      expect(name).toMatch(/^[\w\-.!~'()%,]+$/)
      expect(LockToken.parse(name)).toEqual({ _tag: "Held", name, holder: value })
    }))
  })
})
