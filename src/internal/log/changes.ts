/**
 * History, and then every entry as it comes: a replay that waits at the end of the log instead of ending there.
 */
import * as Effect from "effect/Effect"
import type { Entry } from "../../WalEntry.js"
import type { WalFailedError, WalRetentionError } from "../../WalError.js"
import { equalBytes } from "../format/bytes.js"
import { type Cursor, type ReadContext, type ReadingError, retentionError } from "./readContext.js"
import { openRecords } from "./records.js"
import { openReplay, type ReplayRange } from "./replay.js"
import { oldestSequence } from "./view.js"

/** How far the log has come, for those who follow it. */
export interface Progress {
  /** The last sequence that is written, or synced. */
  readonly reached: (visibility: Visibility) => number
  /** What keeps the log from going on, if anything does. */
  readonly end: () => "none" | "closed" | WalFailedError
  /** Ends as soon as `isOver` holds; it is asked again whenever the log has come further, or has ended. */
  readonly waitUntil: (isOver: () => boolean) => Effect.Effect<void, ReadingError>
}

export type Visibility = "written" | "synced"

export interface ChangesRange {
  /** Without it, the oldest one there is. */
  readonly from: number | undefined
  readonly key: Uint8Array | undefined
  readonly visibility: Visibility
  readonly onLost: ReplayRange["onLost"]
  /** What to do about entries that retention has taken before they were read. */
  readonly onExpired: "fail" | ((gap: WalRetentionError) => Effect.Effect<void>)
}

export type ChangesError = ReadingError | WalFailedError

/** What is buffered comes once it is written: a follower does not hurry it on. */
export const openChanges = (
  context: ReadContext,
  progress: Progress,
  range: ChangesRange
): Effect.Effect<Cursor<Entry, ChangesError>> =>
  Effect.sync(() => new ChangesCursor({ ...context, flushed: Effect.void }, progress, range))

type Batch = ReadonlyArray<Entry>

const NOTHING: Batch = []

/**
 * Invariants: every entry before `sequence` that can be seen was emitted, lost or reported as expired. `inner` reads a part of the
 * log as it was when that was opened, up to and including `until`; only while there is none is the end of the log looked for.
 */
class ChangesCursor implements Cursor<Entry, ChangesError> {
  private inner: Cursor<Entry> | undefined = undefined
  private until = 0
  private sequence: number | undefined
  private stage: "history" | "live" = "history"

  constructor(
    private readonly context: ReadContext,
    private readonly progress: Progress,
    private readonly range: ChangesRange
  ) {
    this.sequence = range.from
  }

  get close(): Effect.Effect<void> {
    return Effect.suspend(() => this.leave())
  }

  readonly next: Effect.Effect<Batch | undefined, ChangesError> = Effect.suspend(() =>
    this.inner === undefined ? this.begin() : this.readOn(this.inner)
  ).pipe(
    Effect.catchTags({
      WalClosedError: () => Effect.zipRight(this.leave(), Effect.succeed(undefined)),
      WalRetentionError: (error) => this.expired(error)
    })
  )

  /** Opens what can be seen by now, or waits until there is something. */
  private begin(): Effect.Effect<Batch | undefined, ChangesError> {
    const { progress, range } = this
    const reached = progress.reached(range.visibility)
    if (this.sequence === undefined || this.sequence <= reached) {
      return Effect.as(this.open(reached), NOTHING)
    }
    const end = progress.end()
    if (end === "none") {
      return Effect.as(progress.waitUntil(() => this.isToGoOn()), NOTHING)
    }
    return end === "closed" ? Effect.succeed(undefined) : Effect.fail(end)
  }

  private isToGoOn(): boolean {
    return this.progress.end() !== "none" || (this.sequence ?? 0) <= this.progress.reached(this.range.visibility)
  }

  private open(reached: number): Effect.Effect<void, ReadingError> {
    return Effect.flatMap(this.context.view.get, (view) => {
      const oldest = oldestSequence(view)
      const from = this.sequence ?? oldest
      this.sequence = from
      this.until = reached
      return from < oldest ? Effect.fail(retentionError(from, oldest)) : Effect.map(this.reading(from), (cursor) => {
        this.inner = cursor
        this.stage = "live"
      })
    }).pipe(Effect.uninterruptible)
  }

  /** A key's history is found by its index; what came since is looked through as it comes. */
  private reading(from: number): Effect.Effect<Cursor<Entry>, ReadingError> {
    const { key, onLost } = this.range
    return key !== undefined && this.stage === "history"
      ? openRecords(this.context, key, onLost)
      : openReplay(this.context, { from, to: this.until, onLost })
  }

  private readOn(inner: Cursor<Entry>): Effect.Effect<Batch, ReadingError> {
    return Effect.flatMap(inner.next, (batch) => {
      if (batch === undefined) {
        this.sequence = Math.max(this.sequence ?? 0, this.until + 1)
        return Effect.as(this.leave(), NOTHING)
      }
      const visible = this.visibleOf(batch)
      this.sequence = Math.max(this.sequence ?? 0, Math.min(batch.at(-1)?.sequence ?? 0, this.until) + 1)
      return Effect.succeed(visible)
    })
  }

  /** The index knows a key's entries from the first to the last written one; the rest comes with everything else. */
  private visibleOf(batch: Batch): Batch {
    const { key } = this.range
    const from = this.sequence ?? 0
    return key === undefined
      ? batch
      : batch.filter((entry) => entry.sequence >= from && entry.sequence <= this.until && equalBytes(entry.key, key))
  }

  private expired(error: WalRetentionError): Effect.Effect<Batch, ChangesError> {
    const { onExpired } = this.range
    return onExpired === "fail" ? Effect.fail(error) : Effect.zipRight(this.leave(), onExpired(error)).pipe(
      Effect.map(() => {
        this.sequence = Math.max(error.oldest, this.sequence ?? 0)
        return NOTHING
      })
    )
  }

  private leave(): Effect.Effect<void> {
    const { inner } = this
    this.inner = undefined
    return inner === undefined ? Effect.void : inner.close
  }
}
