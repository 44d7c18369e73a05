/**
 * Runs fibers in an order of its own, and makes them give way where they would not: what holds under it does not rest on luck.
 */
import type * as Effect from "effect/Effect"
import { withScheduler } from "effect/Effect"
import type { RuntimeFiber } from "effect/Fiber"
import type * as Scheduler from "effect/Scheduler"

/** A fiber gives way after any of its steps; much more often, and it would do so while it is giving way. */
const GIVES_WAY = 1 / 24
const TASKS_AT_ONCE = 64

class UnfairScheduler implements Scheduler.Scheduler {
  private tasks: Array<Scheduler.Task> = []
  private state: "idle" | "running" = "idle"

  constructor(private seed: number) {}

  shouldYield(_fiber: RuntimeFiber<unknown, unknown>): number | false {
    return this.random() < GIVES_WAY ? 0 : false
  }

  scheduleTask(task: Scheduler.Task): void {
    this.tasks.push(task)
    if (this.state === "idle") {
      this.state = "running"
      setImmediate(() => this.run())
    }
  }

  private run(): void {
    for (let count = 0; count < TASKS_AT_ONCE && this.tasks.length > 0; count++) {
      const [task] = this.tasks.splice(Math.floor(this.random() * this.tasks.length), 1)
      task?.()
    }
    if (this.tasks.length > 0) {
      setImmediate(() => this.run())
    } else {
      this.state = "idle"
    }
  }

  /** mulberry32 */
  private random(): number {
    this.seed = this.seed + 0x6d2b79f5 | 0
    let mixed = Math.imul(this.seed ^ this.seed >>> 15, 1 | this.seed)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32
  }
}

export const unfairly = (seed: number) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  withScheduler(effect, new UnfairScheduler(seed))
