/**
 * A consumer beside a workload, and the account of what it handled: everything that a log has must have been handled in one life or
 * another.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as SimulatedDisk from "../../src/testing/SimulatedDisk.js"
import type * as Wal from "../../src/Wal.js"
import * as WalConsumer from "../../src/WalConsumer.js"
import type { Entry } from "../../src/WalEntry.js"
import type { ConsumerRecovery } from "../../src/WalReport.js"
import { readAll } from "./check.js"
import { DIRECTORY, openOn, SMALL } from "./machine.js"

export const NAME = "billing"

export const CURSOR = `${DIRECTORY}/${NAME}.cursor`

export interface Mode {
  readonly concurrency: 1 | "per-key"
  readonly visibility: "synced" | "written"
}

/** An entry whose handler has ended, and how many file operations had taken effect by then. */
export interface Handled {
  readonly content: string
  readonly at: number
}

export const textOf = (entry: Entry): string => Buffer.from(entry.content).toString().replace(/\.+$/, "")

/** About a third of a small segment, and no other entry's content. */
export const contentOf = (text: string): Uint8Array => Buffer.from(text.padEnd(1_100, "."))

/** Runs the consumer beside `use`, which ends it; a run that fails ends `use`. */
export const consuming = <A, E>(
  disk: SimulatedDisk.SimulatedDisk,
  wal: Wal.Service,
  { concurrency, visibility }: Mode,
  handled: Array<Handled>,
  use: (consumer: WalConsumer.Consumer) => Effect.Effect<A, E>
) =>
  Effect.gen(function*() {
    const consumer = yield* WalConsumer.make({ name: NAME, wal, from: "earliest", visibility })
    const run = consumer.run((entries) =>
      Effect.flatMap(
        Effect.zipRight(Effect.yieldNow(), disk.operationCount),
        (at) => Effect.sync(() => handled.push(...entries.map((entry) => ({ content: textOf(entry), at }))))
      ), { batch: 2, concurrency, handlers: 2, saveEvery: { entries: 2 } })
    const fiber = yield* Effect.fork(run)
    const result = yield* Effect.raceFirst(
      use(consumer),
      Effect.zipRight(Fiber.join(fiber), Effect.never)
    )
    yield* Fiber.interrupt(fiber)
    return result
  })

const PATIENCE = 5_000

/** Gives the consumer its turns until it has processed everything; it has so many, and is stuck then. */
export const caughtUp = (consumer: WalConsumer.Consumer): Effect.Effect<void> =>
  Effect.iterate(PATIENCE, {
    while: (left) => left > 0,
    body: (left) =>
      Effect.flatMap(consumer.lag, (lag) =>
        lag === 0
          ? Effect.succeed(0)
          : left === 1
          ? Effect.dieMessage(`the consumer is stuck, ${lag} entries from the end`)
          : Effect.as(Effect.yieldNow(), left - 1))
  })

/** What the next life of the consumer finds and handles on that disk. */
export interface NextLife {
  readonly recovery: ConsumerRecovery
  readonly handled: ReadonlyArray<Handled>
  readonly entries: ReadonlyArray<Entry>
}

export const nextLife = (
  disk: SimulatedDisk.SimulatedDisk,
  mode: Mode,
  before: (wal: Wal.Service) => Effect.Effect<void> = () => Effect.void
) =>
  Effect.scoped(Effect.gen(function*() {
    const wal = yield* openOn(disk, SMALL)
    yield* before(wal)
    yield* Effect.orDie(wal.sync)
    const handled: Array<Handled> = []
    const recovery = yield* consuming(
      disk,
      wal,
      mode,
      handled,
      (consumer) => Effect.as(caughtUp(consumer), consumer.recovery)
    )
    return { recovery, handled, entries: yield* readAll(wal) } satisfies NextLife
  })).pipe(Logger.withMinimumLogLevel(LogLevel.None))

/** What is wrong with the next life, given what was handled before it. */
export const wrongWith = (
  { entries, handled, recovery }: NextLife,
  before: ReadonlyArray<Handled>
): string | undefined =>
  skipped(entries, handled, before) ?? outOfOrder(entries, handled) ?? notFrom(entries, handled, recovery)

const skipped = (
  entries: ReadonlyArray<Entry>,
  handled: ReadonlyArray<Handled>,
  before: ReadonlyArray<Handled>
): string | undefined => {
  const known = new Set([...before, ...handled].map(({ content }) => content))
  const entry = entries.find((each) => !known.has(textOf(each)))
  return entry === undefined ? undefined : `the entry ${entry.sequence} (${textOf(entry)}) was skipped`
}

const outOfOrder = (entries: ReadonlyArray<Entry>, handled: ReadonlyArray<Handled>): string | undefined => {
  const byContent = new Map(entries.map((entry) => [textOf(entry), entry]))
  const last = new Map<string, number>()
  for (const { content } of handled) {
    const entry = byContent.get(content)
    if (entry === undefined) {
      return `${content} was handled, and is not in the log`
    }
    const key = Buffer.from(entry.key).toString()
    if (entry.sequence <= (last.get(key) ?? 0)) {
      return `${content} was handled out of order`
    }
    last.set(key, entry.sequence)
  }
  return undefined
}

/** It handles everything behind its place, and nothing before it. */
const notFrom = (
  entries: ReadonlyArray<Entry>,
  handled: ReadonlyArray<Handled>,
  { after }: ConsumerRecovery
): string | undefined => {
  const wanted = entries.filter(({ sequence }) => sequence > after).map(textOf).sort()
  const found = handled.map(({ content }) => content).sort()
  return wanted.join() === found.join() ? undefined : `after ${after} it handled ${found.join()}, not ${wanted.join()}`
}
