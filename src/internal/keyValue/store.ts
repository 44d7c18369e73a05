/**
 * The operations of a key-value store over a log.
 *
 * A write is an entry, and is seen once that is acknowledged. Writes of one key take turns, so that the table follows the
 * log's order and a `modify` has the key for itself from its read to its write.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Wal from "../../Wal.js"
import type { ReadError, WalRetentionError } from "../../WalError.js"
import type { Service } from "../../WalKeyValueStore.js"
import { Signal } from "../log/signal.js"
import { makeCompaction } from "./compaction.js"
import { toPlatformError } from "./errors.js"
import { rebuild } from "./rebuild.js"
import { CLEAR_KEY, CLEARING, encodeSet, REMOVAL, textBytes, type Value } from "./record.js"
import type { Table, Threshold } from "./table.js"
import { Turns } from "./turns.js"

export interface StoreSettings {
  readonly threshold: Threshold | "manual"
  readonly onLost: "fail" | "skip"
}

export const makeStore = (
  wal: Wal.Service,
  { onLost, threshold }: StoreSettings
): Effect.Effect<Service, ReadError | WalRetentionError, Scope.Scope> =>
  Effect.gen(function*() {
    const table = yield* rebuild(wal, onLost)
    const turns = new Turns()
    const look = new Signal()
    const compaction = makeCompaction(wal, table, turns)
    if (threshold !== "manual") {
      look.raise()
      yield* compaction.inBackground(threshold, look)
    }
    return {
      ...KeyValueStore.make(operations(wal, table, turns, look)),
      compact: compaction.compact,
      sync: wal.sync,
      wal
    }
  })

const NO_CONTENT = new Uint8Array(0)

const operations = (wal: Wal.Service, table: Table, turns: Turns, look: Signal) => {
  let newestSegment = 0

  /** More of the log is of no use than before, and a segment may have been sealed. */
  const noticeSegment = (segment: number): void => {
    if (segment > newestSegment) {
      newestSegment = segment
      look.raise()
    }
  }

  /** To be run in the key's turn. */
  const write = (method: string, key: string, value: Value): Effect.Effect<void, PlatformError> => {
    const { content, metadata } = encodeSet(value)
    return wal.appendEntry(key, content, { metadata }).pipe(
      Effect.map((ref) => {
        table.set(key, value, ref.sequence, ref)
        noticeSegment(ref.segment)
      }),
      Effect.mapError(toPlatformError(method, key))
    )
  }

  const modifyAs = <A extends Value>(method: string, read: (value: Value) => A) => (key: string, f: (value: A) => A) =>
    turns.one(
      key,
      Effect.suspend(() => {
        const live = table.get(key)
        if (live === undefined) {
          return Effect.succeedNone
        }
        const changed = f(read(live.value))
        return Effect.as(write(method, key, own(changed)), Option.some(changed))
      })
    )

  return {
    get: (key: string) =>
      Effect.sync(() => Option.map(Option.fromNullable(table.get(key)), ({ value }) => asText(value))),
    getUint8Array: (key: string) =>
      Effect.sync(() => Option.map(Option.fromNullable(table.get(key)), ({ value }) => asBytes(value))),
    has: (key: string) => Effect.sync(() => table.get(key) !== undefined),
    size: Effect.sync(() => table.size),
    set: (key: string, value: Value) =>
      Effect.suspend(() => {
        const kept = own(value)
        return turns.one(key, Effect.suspend(() => write("set", key, kept)))
      }),
    modify: modifyAs("modify", asText),
    modifyUint8Array: modifyAs("modifyUint8Array", asBytes),
    remove: (key: string) =>
      turns.one(
        key,
        Effect.suspend(() =>
          table.get(key) === undefined
            ? Effect.void
            : wal.appendEntry(key, NO_CONTENT, { metadata: REMOVAL }).pipe(
              Effect.map((ref) => {
                table.remove(key, ref)
                noticeSegment(ref.segment)
              }),
              Effect.mapError(toPlatformError("remove", key))
            )
        )
      ),
    clear: turns.everything(
      Effect.suspend(() =>
        table.size === 0
          ? Effect.void
          : wal.appendEntry(CLEAR_KEY, NO_CONTENT, { metadata: CLEARING }).pipe(
            Effect.map((ref) => {
              table.clear(ref)
              look.raise()
            }),
            Effect.mapError(toPlatformError("clear", "clear"))
          )
      )
    )
  }
}

/** Bytes are the caller's, who may change them. */
const own = <A extends Value>(value: A): Value => typeof value === "string" ? value : value.slice()

/** As the platform's own store in memory does it. */
const asText = (value: Value): string => typeof value === "string" ? value : Encoding.encodeBase64(value)

const asBytes = (value: Value): Uint8Array => typeof value === "string" ? textBytes(value) : value.slice()
