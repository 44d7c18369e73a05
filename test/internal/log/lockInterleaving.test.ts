import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scheduler from "effect/Scheduler"
import * as Lock from "../../../src/internal/log/lock.js"
import * as LockToken from "../../../src/internal/log/lockToken.js"
import * as LockOwner from "../../../src/LockOwner.js"
import { ModelDisk } from "./lockModelDisk.js"

// Thousands of schedules make hundreds of thousands of errors.
Error.stackTraceLimit = 0

const heldBy = (process: string) =>
  LockToken.heldName({ host: "h", boot: "b", process, start: "1", nonce: "0".repeat(12) })

/**
 * Runs fibers when it is told to, at once.
 */
class ManualScheduler implements Scheduler.Scheduler {
  private tasks: Array<Scheduler.Task> = []

  shouldYield(): false {
    return false
  }

  scheduleTask(task: Scheduler.Task): void {
    this.tasks.push(task)
  }

  flush(): void {
    for (let task = this.tasks.shift(); task !== undefined; task = this.tasks.shift()) task()
  }
}

/**
 * One process of the model: it opens and closes the log `rounds` times, each step when the schedule says so.
 */
class Actor {
  state: "ready" | "running" | "done" | "crashed" = "running"
  role: "outside" | "owner" = "outside"
  acquired = 0
  private resume: (() => void) | undefined

  constructor(
    readonly world: World,
    readonly name: string,
    readonly rounds: number,
    readonly ending: "release" | "remove"
  ) {
    const owner = LockOwner.make({
      host: "h",
      boot: "b",
      process: name,
      start: "1",
      isAlive: (holder) => Effect.as(this.step, world.isDead(holder.process) ? "dead" : "alive")
    })
    const fs = world.disk.fileSystem(this.step, world.actors.length % 2 === 0 ? "forwards" : "backwards")
    const round = Effect.matchEffect(Lock.acquire(fs, owner, ""), {
      onFailure: (error) => error._tag === "WalLockedError" ? Effect.void : Effect.die(error),
      onSuccess: (lock) => this.own(lock)
    })
    Effect.runFork(Effect.repeatN(round, rounds - 1).pipe(Effect.withRandom(Random.make(world.seedOf(name)))), {
      scheduler: world.scheduler
    }).addObserver((exit) => {
      if (exit._tag === "Failure" && this.state !== "crashed") world.failures.push(String(exit.cause))
      this.state = "done"
    })
  }

  private readonly step: Effect.Effect<void> = Effect.async<void>((resume) => {
    this.state = "ready"
    this.resume = () => {
      this.state = "running"
      resume(Effect.void)
    }
  })

  private own(lock: Lock.Lock) {
    return Effect.gen(this, function*() {
      this.world.enter(this)
      this.acquired++
      yield* this.step
      this.role = "outside"
      yield* lock[this.ending]
    })
  }

  run(): void {
    this.resume?.()
    this.world.scheduler.flush()
  }

  crash(): void {
    this.state = "crashed"
    this.role = "outside"
  }
}

interface Scenario {
  readonly tokens: ReadonlyArray<string | undefined> | "absent"
  readonly actors: number
  readonly rounds: number
  readonly seeds: "own" | "shared"
  readonly ending: "release" | "remove"
}

class World {
  readonly scheduler = new ManualScheduler()
  readonly disk: ModelDisk
  readonly actors: Array<Actor> = []
  readonly failures: Array<string> = []

  constructor(readonly scenario: Scenario) {
    this.disk = new ModelDisk(scenario.tokens)
    for (let i = 0; i < scenario.actors; i++) this.add(`p${i}`, scenario.rounds)
  }

  add(name: string, rounds: number): Actor {
    const actor = new Actor(this, name, rounds, this.scenario.ending)
    this.actors.push(actor)
    this.scheduler.flush()
    return actor
  }

  seedOf(name: string): string {
    return this.scenario.seeds === "own" ? name : "one for all"
  }

  isDead(process: string): boolean {
    const actor = this.actors.find(({ name }) => name === process)
    return actor === undefined || actor.state === "crashed"
  }

  enter(actor: Actor): void {
    const others = this.actors.filter(({ role }) => role === "owner")
    if (others.length > 0) this.failures.push(`${actor.name} owns what ${others.map(({ name }) => name)} owns`)
    actor.role = "owner"
  }

  get ready(): ReadonlyArray<Actor> {
    return this.actors.filter(({ state }) => state === "ready")
  }

  /** A token that nobody killed is never lost: Windows could not make LOCK again. */
  checkToken(before: ModelDisk["tokens"]): void {
    const lost = before.length > 0 && this.disk.tokens.length === 0
    const excused = this.actors.some(({ state }) => state === "crashed")
    if (lost && !excused) this.failures.push("LOCK is empty")
  }

  /** Whatever happened: a newcomer gets the lock, and leaves at most one token, a free one. */
  settle(): void {
    const newcomer = this.add("newcomer", 1)
    for (let steps = 0; newcomer.state === "ready" && steps < 1_000; steps++) newcomer.run()
    if (newcomer.acquired !== 1) this.failures.push(`the lock cannot be taken: ${newcomer.state}`)
    const left = this.scenario.ending === "remove" ? "absent" : "free"
    if (String(this.disk.tokens) !== left) this.failures.push(`left: ${String(this.disk.tokens)}`)
  }
}

/**
 * A schedule: who runs next, or crashes, until nobody is ready.
 */
type Choose = (world: World, current: Actor | undefined) => { readonly actor: Actor; readonly what: "run" | "crash" }

const play = (scenario: Scenario, choose: Choose): World => {
  const world = new World(scenario)
  let current: Actor | undefined
  for (let steps = 0; world.ready.length > 0; steps++) {
    if (steps > 5_000) throw new Error("nobody gets anywhere")
    const { actor, what } = choose(world, current)
    const before = world.disk.tokens
    actor[what]()
    world.checkToken(before)
    current = actor
  }
  world.settle()
  return world
}

const randomly = (seed: number, crashes: number): Choose => {
  const next = generator(seed)
  return (world) => {
    const actor = pick(world.ready, next())
    return { actor, what: next() < crashes ? "crash" : "run" }
  }
}

const generator = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

const pick = <A>(from: ReadonlyArray<A>, fraction: number): A => {
  const picked = from[Math.floor(fraction * from.length)]
  if (picked === undefined) throw new Error("nothing to pick from")
  return picked
}

/**
 * Every schedule in which, `switches` times, another actor than the current one runs although that could go on, or the current one crashes.
 */
const exhaustively = (scenario: Scenario, switches: number, check: (world: World) => void): number => {
  let runs = 0
  const from = (prefix: ReadonlyArray<readonly [step: number, choice: number]>): void => {
    const alternatives: Array<readonly [number, number]> = []
    let step = 0
    const world = play(scenario, ({ ready }, current) => {
      const going = current?.state === "ready" ? current : pick(ready, 0)
      const choices = [...ready.filter((actor) => actor !== going).map((actor) => ({ actor, what: "run" as const })), {
        actor: going,
        what: "crash" as const
      }]
      const planned = prefix.find(([at]) => at === step)
      if (planned === undefined && step > (prefix.at(-1)?.[0] ?? -1) && prefix.length < switches) {
        choices.forEach((_, choice) => alternatives.push([step, choice]))
      }
      step++
      return (planned === undefined ? undefined : choices[planned[1]]) ?? { actor: going, what: "run" }
    })
    runs++
    check(world)
    for (const alternative of alternatives) from([...prefix, alternative])
  }
  from([])
  return runs
}

const dead = ["x1", "x2", "x3"].map(heldBy)

const beginnings: Record<string, Scenario["tokens"]> = {
  "no lock": "absent",
  "an empty lock": [],
  "a free lock": ["free"],
  "a dead owner": dead.slice(0, 1),
  "what a power loss left": dead,
  "what a power loss left, with free places": [undefined, ...dead, undefined],
  "what a power loss left, and a free one": [...dead.slice(0, 2), "free"]
}

describe("lock, interleaved", () => {
  it.each(Object.entries(beginnings))("three processes, every two switches or crashes: %s", (_, tokens) => {
    let owners = 0
    const scenario: Scenario = { tokens, actors: 3, rounds: 1, seeds: "own", ending: "release" }
    const runs = exhaustively(scenario, 2, (world) => {
      expect(world.failures).toEqual([])
      owners += world.actors.reduce((sum, { acquired }) => sum + acquired, 0)
    })
    expect(runs).toBeGreaterThan(400)
    expect(owners).toBeGreaterThan(runs)
  })

  it.each(Object.entries(beginnings))("four processes, random schedules with crashes: %s", (_, tokens) => {
    for (let seed = 0; seed < 150; seed++) {
      const world = play(
        {
          tokens,
          actors: 4,
          rounds: 3,
          seeds: seed % 2 === 0 ? "own" : "shared",
          ending: seed % 3 === 0 ? "remove" : "release"
        },
        randomly(seed, seed % 5 === 0 ? 0 : 0.01)
      )
      expect(world.failures, `seed ${seed}`).toEqual([])
    }
  })
})
