/**
 * Compaction by key: what is still needed of the oldest segments is copied to the end of the log, and then they go.
 *
 * A copy is appended in its key's turn, so that it stands before every later write of the key. Before a segment goes,
 * everything that takes the place of what it held is on disk. Segments go oldest first, so that a removal outlives the
 * sets that it removed.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Wal from "../../Wal.js"
import type { AppendError } from "../../WalError.js"
import type { CompactError, CompactionReport } from "../../WalKeyValueStore.js"
import { toSequence } from "../log/nominal.js"
import type { Signal } from "../log/signal.js"
import { encodeCopy } from "./record.js"
import type { Table, Threshold } from "./table.js"
import type { Turns } from "./turns.js"

export interface Compaction {
  /** Of every segment that is sealed. */
  readonly compact: Effect.Effect<CompactionReport, CompactError>
  /** Compacts when it is told to look and finds it worth while; it survives its own errors. */
  readonly inBackground: (threshold: Threshold, look: Signal) => Effect.Effect<void, never, Scope.Scope>
}

const NOTHING: CompactionReport = { carried: 0, removed: [] }

/** So many copies share a write. */
const COPIES_AT_ONCE = 64

export const makeCompaction = (wal: Wal.Service, table: Table, turns: Turns): Compaction => {
  const gate = Effect.unsafeMakeSemaphore(1)

  /** Whoever is interrupted just as it is given a semaphore's permit keeps it for ever, so that moment is uninterruptible. */
  const oneAtATime = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.uninterruptibleMask((restore) => gate.withPermits(1)(restore(effect)))

  /** Answers whether there was something to carry. */
  const carry = (key: string, until: number): Effect.Effect<number, AppendError> =>
    turns.one(
      key,
      Effect.suspend(() => {
        const live = table.get(key)
        if (live === undefined || live.segment > until) {
          return Effect.succeed(0)
        }
        const { content, metadata } = encodeCopy(live.value, live.version)
        return Effect.map(wal.appendEntry(key, content, { metadata, durability: "written" }), (ref) => {
          table.set(key, live.value, live.version, ref)
          return 1
        })
      })
    )

  const carryAll = (until: number): Effect.Effect<number, AppendError> =>
    Effect.map(
      Effect.forEach(table.keysUpTo(until), (key) => carry(key, until), { concurrency: COPIES_AT_ONCE }),
      (carried) => carried.reduce((sum, one) => sum + one, 0)
    )

  /** What was being written when a segment was sealed may lie in it; the table knows of it once its turn is over. */
  const writesUnderWay = turns.everything(Effect.void)

  const upTo = (segment: number): Effect.Effect<CompactionReport, CompactError> =>
    Effect.gen(function*() {
      yield* writesUnderWay
      const { segments } = yield* wal.stats
      const last = segments.find((candidate) => candidate.segment === segment && candidate.state === "sealed")
      if (last === undefined) {
        return NOTHING
      }
      const carried = yield* carryAll(segment)
      yield* wal.sync
      const { removed } = yield* wal.truncateBefore(toSequence(last.lastSequence + 1))
      table.forgetUpTo(segment)
      return { carried, removed }
    }).pipe(Effect.withSpan("effect-wal.keyValue.compact", { attributes: { segment } }))

  const upToWhere = (segment: () => number | undefined): Effect.Effect<CompactionReport, CompactError> =>
    oneAtATime(Effect.suspend(() => {
      const last = segment()
      return last === undefined ? Effect.succeed(NOTHING) : upTo(last)
    }))

  return {
    compact: upToWhere(() => table.lastSealed),
    inBackground: (threshold, look) =>
      Effect.zipRight(look.wait, upToWhere(() => table.due(threshold))).pipe(
        Effect.catchAllCause((cause) =>
          Effect.logWarning("the key-value store could not be compacted, and tries again later", cause)
        ),
        Effect.forever,
        Effect.forkScoped,
        Effect.asVoid
      )
  }
}
