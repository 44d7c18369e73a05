/**
 * Programs that use a log while everything they are promised is written down.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import type * as SimulatedDisk from "../../src/testing/SimulatedDisk.js"
import type * as Wal from "../../src/Wal.js"
import { type Durability, type EntryInput, type EntryRef, Sequence } from "../../src/WalEntry.js"
import type { AppendError, OpenError } from "../../src/WalError.js"
import type { WalOptions } from "../../src/WalOptions.js"
import type { Ledger } from "./ledger.js"
import { openOn, SMALL } from "./machine.js"

/** A log that is used, closed and opened again by a workload. */
export class Session {
  private scope: Scope.CloseableScope | undefined = undefined
  private wal: Wal.Service | undefined = undefined

  constructor(
    readonly disk: SimulatedDisk.SimulatedDisk,
    readonly ledger: Ledger,
    private readonly options: Omit<WalOptions, "directory"> = SMALL
  ) {}

  get open(): Effect.Effect<void, OpenError> {
    return Effect.gen(this, function*() {
      const scope = yield* Scope.make()
      this.scope = scope
      this.wal = yield* Scope.extend(openOn(this.disk, this.options), scope).pipe(
        Effect.onError(() => Scope.close(scope, Exit.void))
      )
    })
  }

  /** Closing makes everything durable that was acknowledged. */
  get close(): Effect.Effect<void> {
    return this.using((wal) =>
      Effect.flatMap(Effect.either(wal.shutdown({ files: "keep" })), (closed) =>
        Effect.sync(() => {
          if (Either.isRight(closed)) {
            this.ledger.synced()
          } else {
            this.ledger.abandoned()
          }
        }))
    ).pipe(Effect.zipRight(Effect.suspend(() => this.leave)))
  }

  /** Ends the scope, whether or not the log could be closed as it should. */
  get leave(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { scope } = this
      this.scope = undefined
      this.wal = undefined
      return scope === undefined ? Effect.void : Effect.asVoid(Effect.exit(Scope.close(scope, Exit.void)))
    })
  }

  append(key: string, length: number, durability: Durability): Effect.Effect<void> {
    return Effect.suspend(() => {
      const input = this.ledger.attempt(key, length, durability)
      return this.settle(
        [input],
        (wal) => Effect.map(wal.appendEntry(input.key, input.content, { durability }), (ref) => [ref])
      )
    })
  }

  /** All begin in the order in which they are given, and wait together. */
  appendTogether(entries: ReadonlyArray<readonly [string, number, Durability]>): Effect.Effect<void> {
    return Effect.suspend(() => {
      const inputs = entries.map(([key, length, durability]) => ({
        durability,
        input: this.ledger.attempt(key, length, durability)
      }))
      return Effect.forEach(
        inputs,
        ({ durability, input }) =>
          this.settle(
            [input],
            (wal) => Effect.map(wal.appendEntry(input.key, input.content, { durability }), (ref) => [ref])
          ),
        {
          concurrency: "unbounded",
          discard: true
        }
      )
    })
  }

  appendBatch(lengths: ReadonlyArray<number>, durability: Durability): Effect.Effect<void> {
    return Effect.suspend(() => {
      const inputs = this.ledger.attemptBatch(
        lengths.map((length, index) => ({ key: `b${index}`, length })),
        durability
      )
      return this.settle(inputs, (wal) => wal.appendBatch(inputs, { durability }))
    })
  }

  get sync(): Effect.Effect<void> {
    return this.using((wal) =>
      Effect.map(Effect.either(wal.sync), (synced) => {
        if (Either.isRight(synced)) {
          this.ledger.synced()
        }
      })
    )
  }

  truncateBefore(sequence: number): Effect.Effect<void> {
    return this.using((wal) => {
      this.ledger.removing(sequence)
      return Effect.ignore(wal.truncateBefore(Sequence.make(sequence)))
    })
  }

  get compact(): Effect.Effect<void> {
    return this.using((wal) => {
      this.ledger.expiring(RETENTION)
      return Effect.ignore(wal.compact)
    })
  }

  /** Lets the timers of the log run. */
  get pause(): Effect.Effect<void> {
    return TestClock.adjust("20 millis")
  }

  get reopen(): Effect.Effect<void, OpenError> {
    return Effect.zipRight(this.close, this.open)
  }

  using<A>(use: (wal: Wal.Service) => Effect.Effect<A>): Effect.Effect<A | void> {
    return Effect.suspend((): Effect.Effect<A | void> => (this.wal === undefined ? Effect.void : use(this.wal)))
  }

  private settle(
    inputs: ReadonlyArray<EntryInput>,
    append: (wal: Wal.Service) => Effect.Effect<ReadonlyArray<EntryRef>, AppendError>
  ): Effect.Effect<void> {
    return this.using((wal) =>
      Effect.match(append(wal), {
        onFailure: (error) => {
          const isUnknown = error._tag === "WalFailedError" && error.outcome === "unknown"
          inputs.forEach((input) => this.ledger.failed(input, isUnknown ? "Unknown" : "Failed"))
        },
        onSuccess: (refs) =>
          inputs.forEach((input, index) => {
            const ref = refs[index]
            if (ref !== undefined) {
              this.ledger.acknowledged(input, ref)
            }
          })
      })
    )
  }
}

/** The default one, in milliseconds. */
const RETENTION = 7 * 86_400_000

export type Workload = (session: Session) => Effect.Effect<void, OpenError>

const sequentially = (steps: ReadonlyArray<Effect.Effect<void, OpenError>>): Effect.Effect<void, OpenError> =>
  Effect.forEach(steps, (step) => step, { discard: true })

const times = (count: number, step: (index: number) => Effect.Effect<void>): ReadonlyArray<Effect.Effect<void>> =>
  Array.from({ length: count }, (_, index) => step(index))

/** By name: each does one thing that a crash may interrupt, at every operation of it. */
export const workloads: Record<string, Workload> = {
  "single appends of each durability": (s) =>
    sequentially([
      s.open,
      s.append("a", 20, "written"),
      s.append("b", 600, "synced"),
      s.append("a", 5, "buffered"),
      s.append("a", 30, "written"),
      s.append("c", 30, "synced"),
      s.pause,
      s.append("b", 700, "written"),
      s.append("b", 10, "synced"),
      s.sync
    ]),
  "groups of many appenders": (s) =>
    sequentially([
      s.open,
      s.appendTogether([["a", 10, "written"], ["b", 300, "synced"], ["c", 900, "written"], ["a", 8, "buffered"]]),
      s.appendTogether([["a", 600, "synced"], ["b", 10, "synced"], ["c", 40, "written"]]),
      s.pause,
      s.appendTogether([["d", 64, "written"], ["d", 64, "synced"], ["d", 700, "synced"]])
    ]),
  "batches": (s) =>
    sequentially([
      s.open,
      s.appendBatch([10, 700, 20], "written"),
      s.appendBatch([600, 600, 600], "synced"),
      s.append("a", 100, "written"),
      s.appendBatch([8, 8, 8, 8, 8, 8], "written"),
      s.appendBatch([500, 1], "synced")
    ]),
  "rotation by size": (s) =>
    sequentially([
      s.open,
      ...times(14, (index) => s.append(`k${index % 3}`, 900, index % 4 === 3 ? "synced" : "written"))
    ]),
  "truncation and compaction": (s) =>
    sequentially([
      s.open,
      ...times(9, (index) => s.append("k", 1200, index % 3 === 0 ? "synced" : "written")),
      s.truncateBefore(4),
      s.append("k", 1000, "synced"),
      TestClock.adjust("8 days"),
      s.compact,
      s.append("k", 50, "synced"),
      s.compact
    ]),
  "close and reopen": (s) =>
    sequentially([
      s.open,
      s.append("a", 600, "written"),
      s.append("b", 20, "buffered"),
      s.reopen,
      s.append("a", 300, "written"),
      s.append("a", 300, "synced"),
      s.reopen,
      s.reopen,
      // Smaller than the seal that it takes the place of.
      s.append("d", 8, "synced"),
      ...times(4, (index) => s.append("c", 1200, index === 2 ? "synced" : "written")),
      s.close
    ])
}
