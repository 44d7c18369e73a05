/**
 * A machine with one disk and the processes on it. Every operation goes through its gate, which numbers it, records it and lets it go wrong.
 */
import type { PlatformError } from "@effect/platform/Error"
import type { OpenFlag } from "@effect/platform/FileSystem"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { Operation, OperationEvent, OperationKind } from "../../testing/SimulatedDisk.js"
import { Turn } from "../segment/turn.js"
import type { Site } from "./errno.js"
import { badArgument, Errno, machineIsOff, toPlatformError } from "./errno.js"
import type { Fault } from "./faults.js"
import { Rules } from "./faults.js"
import type { Handle } from "./fileCalls.js"
import { close, open } from "./fileCalls.js"
import type { Random } from "./random.js"
import type { Volume } from "./volume.js"

/** What stays the same when a machine boots again. */
export interface Settings {
  readonly host: string
  readonly completion: "immediate" | "asynchronous"
  /** Milliseconds that every operation takes. */
  readonly latency: number
  readonly recording: "on" | "off"
  readonly files: "platform" | "tuned"
  readonly now: () => number
  readonly random: Random
}

/** An operation on its way through the gate. */
export interface Call extends Site {
  readonly kind: OperationKind
  /** The present name of what it works on. */
  readonly path: () => string
  readonly offset?: number | undefined
  readonly length?: number | undefined
}

/** A program that runs on a machine. */
export interface Process {
  readonly id: string
  readonly handles: Set<Handle>
  state: "running" | "dead"
}

export class Machine {
  readonly rules = new Rules()
  readonly operations: Array<Operation> = []
  readonly hooks = new Set<(event: OperationEvent) => void>()
  readonly processes = new Map<string, Process>()
  readonly turn = new Turn(queueMicrotask)
  /** The last operation before the power goes. */
  lastOperation = Infinity
  /** How many operations there have been. */
  count = 0
  private power: "on" | "off" = "on"
  private lastFd = 2

  constructor(
    readonly settings: Settings,
    readonly bootNumber: number,
    readonly volume: Volume,
    private lastProcess: number
  ) {}

  get boot(): string {
    return `boot-${this.bootNumber}`
  }

  get processCount(): number {
    return this.lastProcess
  }

  start(): Process {
    const process: Process = { id: String(++this.lastProcess), handles: new Set(), state: "running" }
    this.processes.set(process.id, process)
    return process
  }

  end(process: Process): void {
    process.state = "dead"
    this.processes.delete(process.id)
    for (const handle of process.handles) close(this.volume, handle)
    process.handles.clear()
  }

  turnOff(): void {
    this.power = "off"
    for (const process of this.processes.values()) this.end(process)
  }

  isRunning(process: string): boolean {
    return this.processes.has(process)
  }

  /** What opening a file comes to, once it is let through. */
  open(process: Process, path: string, flag: OpenFlag, mode?: number): Handle {
    const handle = open(this.volume, ++this.lastFd, path, flag, mode)
    process.handles.add(handle)
    return handle
  }

  close(process: Process, handle: Handle): void {
    process.handles.delete(handle)
    close(this.volume, handle)
  }

  /** Runs a system call, which takes effect even if the caller is interrupted while it waits. */
  operate<A>(
    process: Process,
    call: Call,
    run: (fault: Fault | undefined) => A
  ): Effect.Effect<A, PlatformError> {
    return Effect.suspend(() => {
      if (typeof call.target === "string" && hasNull(call)) return Effect.fail(badArgument(call.method, call.target))
      const delay = this.settings.latency + this.rules.delayOf(call)
      if (delay > 0) return this.afterwards(delay, () => this.perform(process, call, run))
      if (this.settings.completion === "immediate") return this.perform(process, call, run)
      return Effect.async<A, PlatformError>((resume) => {
        queueMicrotask(() => resume(this.perform(process, call, run)))
      })
    })
  }

  /** The same at once, however slow the machine is. */
  operateNow<A>(process: Process, call: Call, run: (fault: Fault | undefined) => A): A | PlatformError {
    return Exit.match(this.perform(process, call, run), {
      onSuccess: (value): A | PlatformError => value,
      onFailure: (cause) => Either.getOrThrowWith(Either.flip(Cause.failureOrCause(cause)), Cause.squash)
    })
  }

  /** The same as an effect, which never waits. */
  operateAtOnce<A>(
    process: Process,
    call: Call,
    run: (fault: Fault | undefined) => A
  ): Effect.Effect<A, PlatformError> {
    return Effect.suspend(() => this.perform(process, call, run))
  }

  // A fiber of its own, which no interruption of the caller reaches.
  private afterwards<A>(delay: number, run: () => Exit.Exit<A, PlatformError>): Effect.Effect<A, PlatformError> {
    return Effect.flatMap(
      Effect.forkDaemon(Effect.zipRight(Effect.sleep(delay), Effect.suspend(run))),
      (fiber) => Effect.flatten(Fiber.await(fiber))
    )
  }

  private perform<A>(
    process: Process,
    call: Call,
    run: (fault: Fault | undefined) => A
  ): Exit.Exit<A, PlatformError> {
    if (this.count >= this.lastOperation) this.turnOff()
    if (!this.isAlive(process)) return Exit.fail(machineIsOff(call))
    this.count++
    if (this.hooks.size > 0) this.announce(call)
    // A hook may have pulled the plug.
    if (!this.isAlive(process)) return Exit.fail(machineIsOff(call))
    try {
      const value = this.runWithFault(call, run)
      this.record(call, "ok")
      return Exit.succeed(value)
    } catch (error) {
      if (!(error instanceof Errno)) return Exit.die(error)
      this.record(call, error.code)
      return Exit.fail(toPlatformError(error, call))
    }
  }

  private isAlive(process: Process): boolean {
    return this.power === "on" && process.state === "running"
  }

  private runWithFault<A>(call: Call, run: (fault: Fault | undefined) => A): A {
    const fault = this.rules.faultOf(call)
    if (fault?._tag === "Fail") throw new Errno(fault.code)
    const value = run(fault)
    if (fault?._tag === "FailAfter") throw new Errno(fault.code)
    return value
  }

  private announce(call: Call): void {
    const event = this.eventOf(call)
    for (const hook of this.hooks) hook(event)
  }

  private record(call: Call, outcome: string): void {
    if (this.settings.recording === "on") this.operations.push({ ...this.eventOf(call), outcome })
  }

  private eventOf(call: Call): OperationEvent {
    return {
      index: this.count,
      kind: call.kind,
      path: call.path(),
      to: call.to,
      offset: call.offset,
      length: call.length
    }
  }
}

const hasNull = (call: Call): boolean =>
  typeof call.target === "string" && call.target.includes("\0") || call.to?.includes("\0") === true
