/**
 * Puts the public `SimulatedDisk` together: a process on a machine, and the ways in which both end.
 */
import type { FileSystem } from "@effect/platform/FileSystem"
import * as FileSystemTag from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LockOwner from "../../LockOwner.js"
import type { CrashOutcome, Options, SimulatedDisk } from "../../testing/SimulatedDisk.js"
import { copyVolume } from "./copyVolume.js"
import { crashedVolume } from "./crash.js"
import { makeFileSystem as fileSystemOf } from "./fileSystem.js"
import type { Process, Settings } from "./machine.js"
import { Machine } from "./machine.js"
import * as nameCalls from "./nameCalls.js"
import { pathOf } from "./nodes.js"
import { fatesOf } from "./outcome.js"
import { makeRandom } from "./random.js"
import { Volume } from "./volume.js"

export const make = (options: Options = {}): Effect.Effect<SimulatedDisk> =>
  Effect.map(boot(options), (machine) => onMachine(machine, machine.start()))

export const makeFileSystem = (options: Options): Effect.Effect<FileSystem> =>
  Effect.map(boot(options), (machine) => fileSystemOf(machine, machine.start()))

const boot = (options: Options): Effect.Effect<Machine> =>
  Effect.clockWith((clock) =>
    Effect.sync(() => {
      const settings = settingsOf(options, () => clock.unsafeCurrentTimeMillis())
      return new Machine(settings, 1, emptyVolume(options.capacity ?? Infinity, settings.now), 0)
    })
  )

const settingsOf = (options: Options, now: () => number): Settings => ({
  host: options.host ?? "simulated",
  completion: options.completion ?? "asynchronous",
  latency: Duration.toMillis(options.latency ?? Duration.zero),
  recording: options.recording ?? "on",
  files: options.files ?? "platform",
  random: makeRandom(options.seed ?? 0),
  now
})

const emptyVolume = (capacity: number, now: () => number): Volume => {
  const volume = new Volume({ capacity: Infinity, now })
  nameCalls.makeDirectory(volume, "/tmp", 0o777)
  volume.journal.commit(volume.root)
  volume.capacity = capacity
  return volume
}

/** Each process owns locks of its own, so that a log can be opened again after a crash. */
const ownerOf = (here: SimulatedDisk["machine"], isRunning: SimulatedDisk["isRunning"]): LockOwner.Service =>
  LockOwner.make({
    ...here,
    start: "0",
    isAlive: (holder) => Effect.map(isRunning(holder), (alive) => (alive ? "alive" : "dead"))
  })

const onMachine = (machine: Machine, process: Process): SimulatedDisk => {
  const fileSystem = fileSystemOf(machine, process)
  const crashed = (outcome: CrashOutcome) => Effect.sync(() => rebooted(machine, outcome))
  const here = { host: machine.settings.host, boot: machine.boot, process: process.id }
  const isRunning: SimulatedDisk["isRunning"] = (other) =>
    Effect.sync(() => other.boot === machine.boot && machine.isRunning(other.process))

  return {
    fileSystem,
    layer: Layer.merge(
      Layer.succeed(FileSystemTag.FileSystem, fileSystem),
      Layer.succeed(LockOwner.LockOwner, ownerOf(here, isRunning))
    ),
    machine: here,
    isRunning,
    operations: Effect.sync(() => machine.operations.slice()),
    operationCount: Effect.sync(() => machine.count),
    openFiles: Effect.sync(() =>
      Array.from(process.handles, (handle) => ({ path: pathOf(handle.node), flag: handle.flag }))
    ),
    onOperation: (hook) =>
      Effect.sync(() => {
        machine.hooks.add(hook)
        return { lift: Effect.sync(() => void machine.hooks.delete(hook)) }
      }),
    fault: (rule) =>
      Effect.sync(() => {
        const added = machine.rules.add(rule)
        return {
          hits: Effect.sync(() => added.count),
          lift: Effect.sync(() => machine.rules.remove(added))
        }
      }),
    setCapacity: (bytes) =>
      Effect.sync(() => {
        machine.volume.capacity = bytes
      }),
    used: Effect.sync(() => machine.volume.used),
    spawn: Effect.sync(() => onMachine(machine, machine.start())),
    kill: Effect.sync(() => {
      machine.end(process)
      return onMachine(machine, machine.start())
    }),
    killed: Effect.sync(() => onNewMachine(machine, machine.bootNumber, copyVolume(machine.volume))),
    crashed,
    crash: (outcome) =>
      Effect.sync(() => {
        const next = rebooted(machine, outcome)
        machine.turnOff()
        return next
      }),
    crashAfter: (index) =>
      Effect.sync(() => {
        machine.lastOperation = index
      })
  }
}

const rebooted = (machine: Machine, outcome: CrashOutcome): SimulatedDisk =>
  onNewMachine(machine, machine.bootNumber + 1, crashedVolume(machine.volume, fatesOf(outcome)))

const onNewMachine = (machine: Machine, bootNumber: number, volume: Volume): SimulatedDisk => {
  const next = new Machine(machine.settings, bootNumber, volume, machine.processCount)
  return onMachine(next, next.start())
}
