/**
 * Takes and loses the lock of a directory over and over, and writes each time into a journal. Arguments: the directory, the journal, the
 * file that says stop, the id of a process that is gone, and its role: a `victim` may die as the owner.
 *
 * Half of the time it gives the lock back. Otherwise it leaves the token to be found as if its process had died, or as if
 * its process's id had been used again; and the test kills it at any time.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as Lock from "../../../../src/internal/log/lock.js"
import * as LockToken from "../../../../src/internal/log/lockToken.js"
import * as LockOwner from "../../../../src/LockOwner.js"

const [directory = "", journal = "", stop = "", gone = "", role = ""] = process.argv.slice(2)

const write = (event: "enter" | "leave", fiber: number) =>
  Effect.sync(() => fs.appendFileSync(journal, `${event} ${process.pid} ${fiber}\n`))

const abandonAs = (lock: Lock.Lock, pid: string) =>
  Effect.sync(() =>
    fs.renameSync(lock.path, `${directory}/LOCK/${LockToken.heldName({ ...lock.holder, process: pid, start: "1" })}`)
  )

const own = (lock: Lock.Lock, fiber: number) =>
  Effect.gen(function*() {
    yield* write("enter", fiber)
    yield* Effect.yieldNow()
    if (role === "victim" && Math.random() < 0.1) process.kill(process.pid, "SIGKILL")
    const end = Math.random()
    yield* write("leave", fiber)
    if (end < 0.5) return yield* lock.release
    yield* abandonAs(lock, end < 0.75 ? gone : String(process.ppid))
  })

// Not all of the time, or else nobody gets anywhere on a machine of two cores.
const waitALittle = Effect.suspend(() => Math.random() < 0.5 ? Effect.yieldNow() : Effect.sleep("1 millis"))

const contend = (fiber: number) =>
  Effect.gen(function*() {
    const [platform, owner] = yield* Effect.all([FileSystem.FileSystem, LockOwner.LockOwner])
    while (!fs.existsSync(stop)) {
      yield* Effect.matchEffect(Lock.acquire(platform, owner, directory), {
        onFailure: (error) => error._tag === "WalLockedError" ? waitALittle : Effect.fail(error),
        onSuccess: (lock) => own(lock, fiber)
      })
    }
  })

process.stdout.write("ready")
Effect.runPromise(
  Effect.all([contend(1), contend(2)], { concurrency: "unbounded" }).pipe(Effect.provide(NodeFileSystem.layer))
).then(() => process.exit(0), (error: unknown) => {
  process.stderr.write(String(error))
  process.exit(1)
})
