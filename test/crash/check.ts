/**
 * Holds a recovered log against the ledger: owed ⊆ recovered ⊆ attempted, contiguous, in order, contents equal, batches whole.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as SimulatedDisk from "../../src/testing/SimulatedDisk.js"
import type * as Wal from "../../src/Wal.js"
import type { Entry } from "../../src/WalEntry.js"
import type { WalOptions } from "../../src/WalOptions.js"
import { type Attempt, idOf, type Ledger, type Moment } from "./ledger.js"
import { openOn } from "./machine.js"

export interface Expectation {
  readonly ledger: Ledger
  readonly moment: Moment
  readonly crash: "power" | "process"
}

/** Lets the test runner have its turn: the simulated disk never waits for anything. */
export const breathe: Effect.Effect<void> = Effect.async((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** Opens the log on `disk`, checks all of it, and that it goes on. Answers what is wrong, or nothing. */
export const checkRecovered = (
  disk: SimulatedDisk.SimulatedDisk,
  expectation: Expectation,
  options?: Omit<WalOptions, "directory">
): Effect.Effect<string | undefined> =>
  Effect.scoped(
    Effect.gen(function*() {
      const wal = yield* openOn(disk, options)
      const entries = yield* readAll(wal)
      const wrong = compare(entries, expectation)
      return wrong ?? (yield* goesOn(wal, entries, expectation))
    })
  ).pipe(
    Effect.catchAllCause((cause) =>
      Effect.succeed(`it is refused, or cannot be used: ${cause.toString().slice(0, 2000)}`)
    )
  )

export const readAll = (wal: Wal.Service) =>
  Effect.map(Stream.runCollect(wal.replay()), (chunk) => Chunk.toReadonlyArray(chunk))

export const compare = (entries: ReadonlyArray<Entry>, expectation: Expectation): string | undefined =>
  wrongOrder(entries) ?? wrongContents(entries, expectation) ?? missing(entries, expectation) ??
    cutBatch(entries, expectation)

const wrongOrder = (entries: ReadonlyArray<Entry>): string | undefined => {
  const gap = entries.findIndex((entry, index) =>
    index > 0 && entry.sequence !== (entries[index - 1]?.sequence ?? 0) + 1
  )
  return gap < 0 ? undefined : `sequence ${entries[gap]?.sequence} follows ${entries[gap - 1]?.sequence}`
}

const wrongContents = (entries: ReadonlyArray<Entry>, { ledger, moment }: Expectation): string | undefined => {
  let before = -1
  for (const entry of entries) {
    const id = idOf(entry.content)
    const attempt = ledger.attempts[id]
    if (attempt === undefined || attempt.at > moment || !isSame(entry, attempt)) {
      return `the entry ${entry.sequence} was never appended so`
    }
    if (attempt.outcome._tag === "Failed" && attempt.outcome.at <= moment) {
      return `the entry ${entry.sequence} is the failed append ${id}`
    }
    if (id <= before) {
      return `the append ${id} is found behind ${before}`
    }
    before = id
  }
  return undefined
}

const isSame = (entry: Entry, attempt: Attempt): boolean =>
  Buffer.from(entry.key).toString() === attempt.key && Buffer.compare(entry.content, attempt.content) === 0

const missing = (entries: ReadonlyArray<Entry>, { crash, ledger, moment }: Expectation): string | undefined => {
  const found = new Map(entries.map((entry) => [idOf(entry.content), entry.sequence]))
  const removable = ledger.removableBefore(moment)
  for (const { durability, id, sequence } of ledger.owed(moment, crash)) {
    const actual = found.get(id)
    if (actual === undefined ? sequence >= removable : actual !== sequence) {
      return `the append ${id}, acknowledged as ${durability} with sequence ${sequence}, is ${
        actual === undefined ? "lost" : `found as ${actual}`
      }`
    }
  }
  return undefined
}

const cutBatch = (entries: ReadonlyArray<Entry>, { ledger }: Expectation): string | undefined => {
  const found = new Set(entries.map((entry) => idOf(entry.content)))
  const cut = entries
    .map((entry) => ledger.attempts[idOf(entry.content)]?.batch)
    .find((batch) => ledger.attempts.some((attempt) => attempt.batch === batch && !found.has(attempt.id)))
  return cut === undefined ? undefined : `the batch ${cut} is there in part`
}

/** A recovered log takes appends, with sequences that were never used for something that was owed. */
const goesOn = (wal: Wal.Service, entries: ReadonlyArray<Entry>, { crash, ledger, moment }: Expectation) =>
  Effect.gen(function*() {
    const ref = yield* wal.logEntry("after", new Uint8Array(4))
    const highest = Math.max(
      entries.at(-1)?.sequence ?? 0,
      ...ledger.owed(moment, crash).map(({ sequence }) => sequence)
    )
    const all = yield* readAll(wal)
    if (ref.sequence <= highest) {
      return `the sequence ${ref.sequence} is used again`
    }
    return all.length === entries.length + 1 && all.at(-1)?.sequence === ref.sequence
      ? undefined
      : "an append after recovery is not found"
  })
