/**
 * What a workload attempted, and what it was promised: the account that every recovered log is held against.
 */
import type { Durability, EntryInput, EntryRef } from "../../src/WalEntry.js"

/** Before and after are told by how many file operations had taken effect. */
export type Moment = number

export interface Attempt {
  readonly id: number
  readonly key: string
  readonly content: Uint8Array
  /** The members of a batch share its number; a single entry has one of its own. */
  readonly batch: number
  readonly durability: Durability
  readonly at: Moment
  /** On the wall clock. */
  readonly madeAt: number
  outcome:
    | { readonly _tag: "Pending" }
    /** Never to be found. */
    | { readonly _tag: "Failed"; readonly at: Moment }
    /** May be found, whole. */
    | { readonly _tag: "Unknown" }
    | { readonly _tag: "Acknowledged"; readonly at: Moment; readonly sequence: number }
  writtenAt: Moment
  syncedAt: Moment
}

const NEVER = Infinity

const LENGTH_OF_ID = 4

/** The attempt's number, then bytes that depend on it. */
const contentOf = (id: number, length: number): Uint8Array => {
  const content = new Uint8Array(Math.max(LENGTH_OF_ID, length)).fill(id * 31)
  new DataView(content.buffer).setUint32(0, id)
  return content
}

export const idOf = (content: Uint8Array): number =>
  new DataView(content.buffer, content.byteOffset, content.byteLength).getUint32(0)

/**
 * Invariant: `attempts` are in the order in which they were made, and `attempts[id].id === id`.
 */
export class Ledger {
  readonly attempts: Array<Attempt> = []
  private removals: Array<{ readonly at: Moment; readonly before: number }> = []
  private batches = 0

  constructor(readonly now: () => Moment, private readonly clock: () => number) {}

  attempt(key: string, length: number, durability: Durability): EntryInput {
    return this.attemptBatch([{ key, length }], durability)[0] ?? { key, content: new Uint8Array(0) }
  }

  attemptBatch(
    entries: ReadonlyArray<{ readonly key: string; readonly length: number }>,
    durability: Durability
  ): ReadonlyArray<EntryInput> {
    const batch = this.batches++
    return entries.map(({ key, length }) => {
      const id = this.attempts.length
      const content = contentOf(id, length)
      this.attempts.push({
        id,
        key,
        content,
        batch,
        durability,
        at: this.now(),
        madeAt: this.clock(),
        outcome: { _tag: "Pending" },
        writtenAt: NEVER,
        syncedAt: NEVER
      })
      return { key, content }
    })
  }

  acknowledged(input: EntryInput, ref: EntryRef): void {
    const attempt = this.of(input)
    const at = this.now()
    attempt.outcome = { _tag: "Acknowledged", at, sequence: ref.sequence }
    attempt.writtenAt = attempt.durability === "buffered" ? NEVER : at
    attempt.syncedAt = attempt.durability === "synced" ? at : NEVER
  }

  failed(input: EntryInput, outcome: "Failed" | "Unknown"): void {
    this.of(input).outcome = outcome === "Failed" ? { _tag: "Failed", at: this.now() } : { _tag: "Unknown" }
  }

  /** Everything that was acknowledged is on disk, and so written. */
  synced(): void {
    for (const attempt of this.attempts) {
      if (attempt.outcome._tag === "Acknowledged") {
        attempt.writtenAt = Math.min(attempt.writtenAt, this.now())
        attempt.syncedAt = Math.min(attempt.syncedAt, this.now())
      }
    }
  }

  /** The log could not be closed: it said that what was not on disk by then may be lost. */
  abandoned(): void {
    for (const attempt of this.attempts) {
      if (attempt.outcome._tag === "Acknowledged" && attempt.syncedAt > this.now()) {
        attempt.outcome = { _tag: "Unknown" }
      }
    }
  }

  /** A removal of everything before a sequence begins; as many whole segments of it go as there are. */
  removing(before: number): void {
    this.removals.push({ at: this.now(), before })
  }

  /** A removal of what is older than that begins; nothing younger may go. */
  expiring(retention: number): void {
    const young = this.attempts.find(({ madeAt, outcome }) =>
      outcome._tag === "Acknowledged" && this.clock() - madeAt < retention
    )
    this.removing(young?.outcome._tag === "Acknowledged" ? young.outcome.sequence : Infinity)
  }

  /** After a recovery: what it found is owed from now on, and what it did not find must never come back. */
  recovered(found: ReadonlyMap<number, number>): void {
    const at = this.now()
    for (const attempt of this.attempts) {
      const sequence = found.get(attempt.id)
      if (sequence !== undefined) {
        attempt.outcome = { _tag: "Acknowledged", at, sequence }
        attempt.writtenAt = at
        attempt.syncedAt = at
      } else if (attempt.outcome._tag !== "Acknowledged" || attempt.outcome.sequence >= this.removableBefore(at)) {
        attempt.outcome = { _tag: "Failed", at }
        attempt.writtenAt = NEVER
        attempt.syncedAt = NEVER
      }
    }
  }

  removableBefore(moment: Moment): number {
    return this.removals.reduce((most, { at, before }) => (at <= moment ? Math.max(most, before) : most), 0)
  }

  /** Those that a crash of that kind must have left, had it come at `moment`. */
  owed(moment: Moment, crash: "power" | "process"): ReadonlyArray<Attempt & { readonly sequence: number }> {
    return this.attempts.flatMap((attempt) => {
      const promisedAt = crash === "power" ? attempt.syncedAt : attempt.writtenAt
      return attempt.outcome._tag === "Acknowledged" && promisedAt <= moment
        ? [{ ...attempt, sequence: attempt.outcome.sequence }]
        : []
    })
  }

  private of(input: EntryInput): Attempt {
    const attempt = this.attempts[idOf(input.content)]
    if (attempt === undefined) {
      throw new Error("not one of this ledger's")
    }
    return attempt
  }
}
