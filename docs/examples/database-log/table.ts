/**
 * A small database: a table in memory, a log of what changes in it, and a checkpoint file, so that the log stays short.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { TypedWal, WalEntry } from "effect-wal"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const Change = Schema.Union(
  Schema.TaggedStruct("Put", { value: Schema.Int }),
  Schema.TaggedStruct("Delete", {})
)

/** The key is the row's. */
export class Changes extends TypedWal.Tag<Changes>()("database/Changes", { key: Schema.String, content: Change }) {}

/** Every row, as it was after the change with that sequence. */
const Checkpoint = Schema.parseJson(Schema.Struct({
  sequence: WalEntry.Sequence,
  rows: Schema.Array(Schema.Tuple(Schema.String, Schema.Int))
}))

const NO_CHECKPOINT = { sequence: WalEntry.Sequence.make(0), rows: [] }

/** Only checkpoints shorten it. The segments are small, so that there are some to remove. */
export const changesIn = (directory: string) =>
  Changes.layer({ directory: `${directory}/log`, entryRetention: Duration.infinity, maxSegmentBytes: 16_384 })

/** The last checkpoint, and then each change after it, in order. */
export const openTable = (directory: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const changes = yield* Changes
    const file = `${directory}/checkpoint.json`

    const checkpoint = (yield* fs.exists(file))
      ? yield* Effect.flatMap(fs.readFileString(file), Schema.decode(Checkpoint))
      : NO_CHECKPOINT
    const rows = new Map(checkpoint.rows)
    let sequence = checkpoint.sequence

    const apply = (key: string, change: typeof Change.Type, at: WalEntry.Sequence): void => {
      if (change._tag === "Put") {
        rows.set(key, change.value)
      } else {
        rows.delete(key)
      }
      sequence = at
    }
    yield* changes.replay({ after: checkpoint.sequence }).pipe(
      Stream.runForEach((entry) => Effect.sync(() => apply(entry.key, entry.content, entry.sequence)))
    )
    const replayed = sequence - checkpoint.sequence

    /** First the log, then the table. There is one writer; with several, the changes are applied in the order of their sequences. */
    const write = (key: string, change: typeof Change.Type) =>
      Effect.map(changes.appendEntry(key, change), (ref) => apply(key, change, ref.sequence))

    /**
     * In this order: the log is on disk, the checkpoint is on disk under another name, it gets its name, the log is cut. A
     * crash in between leaves the old checkpoint with its log, or the new one with more log than it needs.
     */
    const makeCheckpoint = Effect.gen(function*() {
      const text = yield* Schema.encode(Checkpoint)({ sequence, rows: [...rows] })
      const next = WalEntry.Sequence.make(sequence + 1)
      yield* changes.wal.sync
      yield* fs.writeFileString(`${file}.tmp`, text)
      yield* syncPath(`${file}.tmp`)
      yield* fs.rename(`${file}.tmp`, file)
      yield* syncPath(directory)
      return yield* changes.wal.truncateBefore(next)
    })

    return {
      rows,
      checkpoint,
      replayed,
      put: (key: string, value: number) => write(key, { _tag: "Put", value }),
      delete: (key: string) => write(key, { _tag: "Delete" }),
      makeCheckpoint
    }
  })

const syncPath = (path: string) =>
  Effect.scoped(
    Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.flatMap(fs.open(path, { flag: "r" }), (file) => file.sync))
  )
