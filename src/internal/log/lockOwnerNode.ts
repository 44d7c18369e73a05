/**
 * The owner of locks that is this Node process: what the operating system tells of it, and of other processes.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as os from "node:os"
import type * as LockOwner from "../../LockOwner.js"
import type { LockHolder } from "../../WalError.js"

export const make = (options?: { readonly host?: string | undefined }): LockOwner.Service => ({
  self: identify(options?.host),
  isAlive
})

const unknown = "-"

const identify = (host: string | undefined): Effect.Effect<LockOwner.Identity, never, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const place = placeOf(host, yield* bootId, yield* pidNamespace)
    const stat = yield* statOf(process.pid)
    return {
      ...place,
      process: String(process.pid),
      start: Option.match(stat, { onNone: () => unknown, onSome: ({ start }) => start })
    }
  })

// Process ids mean nothing outside their namespace. One without a name of its own counts as a host, so that its locks are left alone; one whose
// name is given counts as a boot, so that its predecessor is dead.
const placeOf = (host: string | undefined, boot: string, namespace: string) => {
  if (host === undefined) return { host: `${os.hostname()}${namespace}`, boot }
  return { host, boot: boot === unknown ? unknown : `${boot}${namespace}` }
}

const bootId = Effect.map(readProc("/proc/sys/kernel/random/boot_id"), Option.getOrElse(() => unknown))

// The kernel's constant number for the namespace of the machine itself, which needs no mention.
const initialPidNamespace = "pid:[4026531836]"

const pidNamespace = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const name = yield* Effect.orElseSucceed(fs.readLink("/proc/self/ns/pid"), () => initialPidNamespace)
  return name === initialPidNamespace ? "" : `(${name.replace(/\D/g, "")})`
})

function readProc(path: string): Effect.Effect<Option.Option<string>, never, FileSystem.FileSystem> {
  return FileSystem.FileSystem.pipe(
    Effect.flatMap((fs) => fs.readFileString(path)),
    Effect.map((text) => Option.filter(Option.some(text.trim()), (trimmed) => trimmed !== "")),
    Effect.orElseSucceed(Option.none)
  )
}

const isAlive = (holder: LockHolder): Effect.Effect<LockOwner.Liveness, never, FileSystem.FileSystem> =>
  Effect.suspend(() => {
    const pid = pidOf(holder)
    if (pid === undefined) return Effect.succeed("alive")
    if (probe(pid) === "absent") return Effect.succeed("dead")
    return Effect.map(
      statOf(pid),
      Option.match({ onNone: () => "alive", onSome: (stat) => livenessBy(stat, holder) })
    )
  })

const livenessBy = (stat: ProcessStat, holder: LockHolder): LockOwner.Liveness => {
  const reused = holder.start !== unknown && holder.start !== stat.start
  return reused || hasEnded(stat) ? "dead" : "alive"
}

// A killed process whose first thread is gone may still have another one inside a write: it has ended when that was its last one.
const hasEnded = (stat: ProcessStat): boolean => (stat.state === "Z" || stat.state === "X") && stat.threads <= 1

// Zero and negative numbers would name groups of processes.
const pidOf = (holder: LockHolder): number | undefined =>
  /^[1-9]\d{0,9}$/.test(holder.process) && Number(holder.process) < 2 ** 31 ? Number(holder.process) : undefined

// Signal 0 is not delivered, only checked. Any refusal but "no such process" (above all EPERM) comes from a process that is there.
const probe = (pid: number): "present" | "absent" => {
  try {
    process.kill(pid, 0)
    return "present"
  } catch (error) {
    return Predicate.hasProperty(error, "code") && error.code === "ESRCH" ? "absent" : "present"
  }
}

interface ProcessStat {
  readonly state: string
  readonly threads: number
  /** In clock ticks since the boot. */
  readonly start: string
}

const statOf = (pid: number) => Effect.map(readProc(`/proc/${pid}/stat`), Option.flatMap(parseStat))

/**
 * Reads the fields 3, 20 and 22 of `/proc/{pid}/stat`.
 */
export const parseStat = (text: string): Option.Option<ProcessStat> => {
  // Field 2 is the program's name in parentheses, which may itself contain spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 1).trim().split(" ")
  const [state, threads, start] = [fields[0], Number(fields[17]), fields[19]]
  if (state === undefined || start === undefined || !/^\d+$/.test(start) || !Number.isInteger(threads)) {
    return Option.none()
  }
  return Option.some({ state, threads, start })
}
