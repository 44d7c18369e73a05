/**
 * A consumer at work: it follows the log, hands entries to their handler, and saves how far it came.
 */
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Wal from "../../Wal.js"
import type { Entries } from "../../WalConsumer.js"
import type { Entry } from "../../WalEntry.js"
import { type ReadError, WalConsumerError, type WalFailedError, type WalRetentionError } from "../../WalError.js"
import { equalBytes } from "../format/bytes.js"
import { Flight } from "./flight.js"
import { Lanes } from "./lanes.js"
import type { ConsumerMetrics } from "./metrics.js"
import { Saver } from "./saver.js"
import type { RunSettings } from "./settings.js"

export type FollowError = ReadError | WalRetentionError | WalFailedError

export interface Consuming {
  readonly name: string
  readonly wal: Wal.Service
  readonly key: Uint8Array | undefined
  readonly visibility: "synced" | "written"
  readonly metrics: ConsumerMetrics
}

interface Run {
  readonly flight: Flight
  readonly saver: Saver
}

/** So many bytes of entries may be read and not yet processed, and one block more. */
const READ_AHEAD = 4 * 1024 * 1024

/** Ends with the log. However it ends, the cursor is saved as far as entries were processed. */
export const run = <E, R>(
  consuming: Consuming,
  settings: RunSettings,
  work: (entries: Entries) => Effect.Effect<void, E, R>
): Effect.Effect<void, WalConsumerError | FollowError | E, R> =>
  Effect.acquireUseRelease(
    claim(consuming),
    ({ flight, saver }) =>
      Effect.gen(function*() {
        const lanes = yield* Lanes.make
        const failed = yield* Deferred.make<never, E>()
        const handlers = Effect.forEach(
          Array.from({ length: settings.handlers }),
          () =>
            Effect.forever(takeTurn(consuming, settings, flight, lanes, work)).pipe(
              Effect.catchAllCause((cause) => Effect.zipRight(Deferred.failCause(failed, cause), Effect.never))
            ),
          { concurrency: "unbounded", discard: true }
        )
        yield* Effect.zipRight(follow(consuming, settings, flight, lanes), flight.empty).pipe(
          Effect.raceFirst(Deferred.await(failed)),
          Effect.raceFirst(handlers),
          Effect.raceFirst(Effect.forever(saveInTime(consuming, settings, flight, saver)))
        )
      }),
    ({ saver }) =>
      Effect.zipRight(saveLast(consuming, saver), Effect.sync(() => consuming.wal.cursors.end(consuming.name)))
  )

const claim = ({ name, wal }: Consuming): Effect.Effect<Run, WalConsumerError> =>
  Effect.suspend(() => {
    const cursor = wal.cursors.known(name)
    if (cursor === undefined) {
      return Effect.dieMessage(`the consumer ${name} was made for another log`)
    }
    const flight = new Flight(cursor.positions[0])
    const saver = new Saver(wal, flight, cursor)
    const isFirst = wal.cursors.begin(name, {
      position: () => flight.processed.sequence,
      save: Effect.ignore(saver.save)
    })
    return isFirst ? Effect.succeed({ flight, saver }) : Effect.fail(
      new WalConsumerError({ consumer: name, reason: "AlreadyRunning", description: "it is being run already" })
    )
  })

const follow = (
  consuming: Consuming,
  settings: RunSettings,
  flight: Flight,
  lanes: Lanes
): Effect.Effect<void, FollowError> => {
  const { key, visibility, wal } = consuming
  const isOurs = (entry: Entry): boolean => key === undefined || equalBytes(entry.key, key)
  const laneOf = settings.lanes === "one" ? () => "" : ({ key }: Entry): string => everyByte.decode(key)
  return wal.changes({
    after: flight.processed.sequence,
    visibility,
    onLost: settings.onLost,
    onExpired: settings.onExpired === "fail" ? "fail" : (gap) => missed(consuming, settings, gap)
  }).pipe(
    Stream.runForEachChunk((chunk) =>
      Effect.suspend(() => {
        for (const entry of Chunk.toReadonlyArray(chunk)) {
          if (isOurs(entry)) {
            lanes.join(laneOf(entry), flight.board(entry))
          } else {
            flight.pass(entry)
          }
        }
        flight.advance()
        return flight.until(READ_AHEAD)
      })
    )
  )
}

/** Gives each byte a character of its own. */
const everyByte = new TextDecoder("latin1")

const missed = (
  { metrics, name, wal }: Consuming,
  { onExpired }: RunSettings,
  gap: WalRetentionError
): Effect.Effect<void> =>
  Effect.suspend(() => {
    metrics.missed(gap.oldest - gap.requested)
    return typeof onExpired === "function" ? onExpired(gap) : Effect.annotateLogs(
      Effect.logWarning(
        "retention has overtaken a consumer: it has missed entries, and goes on with the oldest one",
        gap
      ),
      { directory: wal.cursors.directory, consumer: name, first: gap.requested, last: gap.oldest - 1 }
    )
  })

const takeTurn = <E, R>(
  { metrics }: Consuming,
  { batch }: RunSettings,
  flight: Flight,
  lanes: Lanes,
  work: (entries: Entries) => Effect.Effect<void, E, R>
): Effect.Effect<void, E, R> =>
  Effect.flatMap(lanes.next(batch), ({ lane, passengers: [first, ...others] }) => {
    if (first === undefined) {
      return Effect.void
    }
    return Effect.map(work([first.entry, ...others.map(({ entry }) => entry)]), () => {
      metrics.processed(others.length + 1)
      flight.land([first, ...others])
      lanes.leave(lane)
    })
  })

/** Saves after so many entries, or after so long. What cannot be saved is tried again: until then entries only come again. */
const saveInTime = (
  consuming: Consuming,
  { saveEntries, saveInterval }: RunSettings,
  flight: Flight,
  saver: Saver
): Effect.Effect<void> =>
  Effect.suspend(() =>
    Effect.raceFirst(Effect.sleep(saveInterval), flight.untilBeyond(saver.savedSequence, saveEntries))
  ).pipe(
    Effect.zipRight(saver.save),
    Effect.catchAll((error) =>
      Effect.zipRight(
        warn(consuming, "a cursor could not be saved, which is tried again", error),
        Effect.sleep(saveInterval)
      )
    ),
    Effect.zipRight(Effect.sync(() => observeLag(consuming)))
  )

/** A log that has closed has saved it as it was then. */
const saveLast = (consuming: Consuming, saver: Saver): Effect.Effect<void> =>
  Effect.catchAll(saver.save, (error) =>
    error._tag === "WalClosedError"
      ? Effect.void
      : warn(consuming, "a cursor could not be saved at the end: entries will come again", error)).pipe(
      Effect.zipRight(Effect.sync(() => observeLag(consuming)))
    )

const warn = ({ name, wal }: Consuming, message: string, error: unknown): Effect.Effect<void> =>
  Effect.annotateLogs(Effect.logWarning(message, error), { directory: wal.cursors.directory, consumer: name })

export const lagOf = ({ name, wal: { cursors } }: Pick<Consuming, "name" | "wal">): number =>
  Math.max(0, cursors.written - cursors.positionOf(name))

const observeLag = (consuming: Consuming): void => consuming.metrics.lag(lagOf(consuming))
