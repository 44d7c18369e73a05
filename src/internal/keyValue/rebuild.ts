/**
 * Fills the table from the log.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Wal from "../../Wal.js"
import type { Entry } from "../../WalEntry.js"
import { type ReadError, WalCodecError, type WalRetentionError } from "../../WalError.js"
import { decodeRecord, type Record } from "./record.js"
import { Table } from "./table.js"

export const rebuild = (
  wal: Wal.Reader,
  onLost: "fail" | "skip"
): Effect.Effect<Table, ReadError | WalRetentionError> =>
  Effect.suspend(() => {
    const rebuilding = new Rebuilding()
    return Stream.runForEachChunk(wal.replay({ onLost }), (entries) => {
      for (const entry of entries) {
        const record = decodeRecord(entry)
        if (record === undefined) {
          return Effect.fail(foreign(entry))
        }
        rebuilding.take(record, entry)
      }
      return Effect.void
    }).pipe(Effect.as(rebuilding.table))
  })

/** Compaction would throw it away. */
const foreign = ({ ref, sequence }: Entry): WalCodecError =>
  new WalCodecError({
    reason: "SchemaMismatch",
    description: `the entry ${sequence} in segment ${ref.segment} was not written by a key-value store, `
      + "which needs a log of its own",
    sequence
  })

/**
 * Invariant: `removed` has, for the keys that are not in the table, the version of their removal, and `cleared` that of
 * the last removal of all: what is older than that does not come back.
 */
class Rebuilding {
  readonly table = new Table()
  private readonly removed = new Map<string, number>()
  private cleared = 0

  take(record: Record, { ref }: Entry): void {
    if (record._tag === "Clear") {
      this.cleared = record.version
      this.removed.clear()
      this.table.clear(ref)
    } else if (record.version < this.seen(record.key)) {
      this.table.pass(ref)
    } else if (record._tag === "Set") {
      this.removed.delete(record.key)
      this.table.set(record.key, record.value, record.version, ref)
    } else {
      this.removed.set(record.key, record.version)
      this.table.remove(record.key, ref)
    }
  }

  private seen(key: string): number {
    return Math.max(this.cleared, this.table.get(key)?.version ?? this.removed.get(key) ?? 0)
  }
}
