/**
 * Where a consumer goes on: its cursor is read, held against the log, and made if there is none.
 */
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import type * as Wal from "../../Wal.js"
import type { Key } from "../../WalEntry.js"
import { type ReadError, WalConsumerError, type WalFailedError } from "../../WalError.js"
import type { ConsumerRecovery } from "../../WalReport.js"
import { isConsumerName } from "../format/fileName.js"
import type { Cursor, Position } from "../log/cursorFile.js"
import type { Cursors, LogEnds } from "../log/cursors.js"
import { keyBytes } from "../log/keyBytes.js"
import { toSequence } from "../log/nominal.js"
import { check, positionAfter } from "./findings.js"
import { withNewest } from "./positions.js"
import { type Agreement, type Checked, holds, reconcile } from "./reconcile.js"

export type BeginError = WalConsumerError | ReadError | WalFailedError

interface Wanted {
  readonly name: string
  readonly wal: Wal.Service
  readonly from: "earliest" | "latest"
  readonly key?: Key | undefined
}

export interface Begun {
  readonly name: string
  readonly key: Uint8Array | undefined
  readonly recovery: ConsumerRecovery
}

export const begin = ({ from, key, name, wal }: Wanted): Effect.Effect<Begun, BeginError> =>
  wal.cursors.making(Effect.gen(function*() {
    if (!isConsumerName(name)) {
      return yield* new WalConsumerError({
        consumer: name,
        reason: "InvalidName",
        description: "its cursor cannot be kept under that name"
      })
    }
    const bytes = key === undefined ? undefined : yield* keyBytes(key)
    const keyText = bytes === undefined ? null : Encoding.encodeBase64(bytes)
    const cursor = yield* wal.cursors.load(name)
    if (cursor !== undefined && cursor.key !== keyText) {
      return yield* otherKey(cursor)
    }
    const recovery = yield* cursor === undefined
      ? start(wal, { version: 1, consumer: name, key: keyText }, from)
      : resume(wal, cursor)
    return { name, key: bytes, recovery }
  }))

const otherKey = ({ consumer, key }: Cursor): WalConsumerError =>
  new WalConsumerError({
    consumer,
    reason: "OtherKey",
    description: key === null
      ? "its cursor is about the entries of every key"
      : `its cursor is about another key, which is ${key} in base64`
  })

/** The place is on the disk before the first entry is handled: what comes from now on is this consumer's. */
const start = (
  wal: Wal.Service,
  identity: Omit<Cursor, "positions">,
  from: Wanted["from"]
): Effect.Effect<ConsumerRecovery, BeginError> =>
  Effect.gen(function*() {
    const position = yield* from === "earliest"
      ? Effect.map(wal.cursors.ends, ({ oldest }): Position => ({ sequence: toSequence(oldest - 1) }))
      : Effect.flatMap(wal.sync, (synced) => positionAfter(wal, synced))
    yield* wal.cursors.save({ ...identity, positions: [position] })
    return { _tag: "Started", after: position.sequence }
  })

const resume = (wal: Wal.Service, cursor: Cursor): Effect.Effect<ConsumerRecovery, BeginError> =>
  Effect.gen(function*() {
    const [first, ...rest] = cursor.positions
    const ends = yield* wal.cursors.ends
    const newest = yield* check(wal, first)
    const older = holds(newest, ends.oldest, ends.newest) ? [] : yield* Effect.forEach(rest, (each) => check(wal, each))
    const agreement = reconcile(ends, newest, older)
    if (agreement._tag !== "Resumed") {
      yield* wal.cursors.save({ ...cursor, positions: yield* positionsAt(wal, agreement, older) })
      yield* report(wal.cursors, cursor.consumer, agreement, ends)
    }
    return agreement
  })

/** What does not hold any more is forgotten: an entry that is still to come must not make it true again. */
const positionsAt = (
  wal: Wal.Service,
  { after }: Agreement,
  older: ReadonlyArray<Checked>
): Effect.Effect<Cursor["positions"], ReadError> =>
  Effect.map(positionAfter(wal, after), (position) =>
    withNewest(
      older.filter(({ finding }) => finding === "same").map((each) => each.position),
      position
    ))

const report = (
  cursors: Cursors,
  consumer: string,
  agreement: Agreement,
  { newest, oldest }: LogEnds
): Effect.Effect<void> =>
  Effect.annotateLogs(
    Effect.logWarning(
      agreement._tag === "Expired"
        ? "a consumer is behind retention: it goes on with the oldest entry, and has missed some"
        : "a consumer's cursor does not fit the log: it goes on where they last agreed, and may see entries again"
    ),
    { directory: cursors.directory, consumer, ...agreement, oldest, newest }
  )
