/**
 * The operations of an open log, as its users have them.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import type { AppendSummary, BatchOptions, Service } from "../../Wal.js"
import type { EntryInput, EntryRef } from "../../WalEntry.js"
import type { AppendError, OpenError } from "../../WalError.js"
import { resolve, type WalOptions } from "../../WalOptions.js"
import { keyBytes } from "./keyBytes.js"
import { toSequence } from "./nominal.js"
import { olderSequence } from "./olderSequence.js"
import { type Log, openLog } from "./openLog.js"
import { progressOf } from "./progress.js"
import { readerOf } from "./reader.js"

export const makeService = (
  options: WalOptions
): Effect.Effect<Service, OpenError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.flatMap(resolve(options), (settings) =>
    Effect.map(
      Effect.acquireRelease(openLog(settings), (log) =>
        log.close("keep").pipe(
          Effect.tapErrorCause((cause) =>
            Effect.annotateLogs(Effect.logError("the log could not be closed as it should", cause), {
              directory: settings.directory
            })
          ),
          Effect.orDie
        )),
      serviceOf
    ))

const serviceOf = (log: Log): Service => {
  const { appender, barriers, cursors, maintenance, reads, recovery, state } = log
  return {
    appendEntry: (key, content, options) => appender.append(key, content, options?.metadata, options?.durability),
    logEntry: (key, content, options) => appender.append(key, content, options?.metadata, "synced"),
    appendExpecting: (key, content, options) =>
      Effect.flatMap(
        keyBytes(key),
        (bytes) => appender.appendExpecting(key, content, options, olderSequence(reads, bytes))
      ),
    appendBatch: (entries, options) => appender.appendBatch(entries, options?.durability),
    appendSink: (options) => sinkOf(log, options),
    ...readerOf(reads, progressOf(state), () => ({
      directory: state.settings.directory,
      pendingBytes: state.pendingBytes,
      syncedSequence: state.synced.sequence
    })),
    sync: barriers.sync,
    compact: maintenance.compact,
    truncateBefore: maintenance.truncateBefore,
    recovery,
    cursors,
    shutdown: ({ files }) => log.close(files)
  }
}

/** Each chunk is framed as a whole, so that a large one is one write; the next waits until it is acknowledged. */
const sinkOf = (
  log: Log,
  options: BatchOptions | undefined
): Sink.Sink<AppendSummary, EntryInput, never, AppendError> =>
  Sink.foldLeftChunksEffect(
    NOTHING_APPENDED,
    (summary, chunk) =>
      Effect.map(
        log.appender.appendEach(Chunk.toReadonlyArray(chunk), options?.durability),
        (refs) => add(summary, refs)
      )
  )

const NOTHING_APPENDED: AppendSummary = { entries: 0, firstSequence: toSequence(0), lastSequence: toSequence(0) }

const add = (summary: AppendSummary, refs: ReadonlyArray<EntryRef>): AppendSummary => ({
  entries: summary.entries + refs.length,
  firstSequence: summary.entries === 0 ? refs[0]?.sequence ?? summary.firstSequence : summary.firstSequence,
  lastSequence: refs.at(-1)?.sequence ?? summary.lastSequence
})
