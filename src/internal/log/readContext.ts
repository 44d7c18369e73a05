/**
 * What every read works with: the current view, handles, indexes, and the wait for what was acknowledged before it.
 */
import * as Effect from "effect/Effect"
import { type ReadError, WalRetentionError } from "../../WalError.js"
import type { Segment } from "../segment/segment.js"
import type { SegmentFile } from "../segment/segmentFile.js"
import type { SmallReads } from "../segment/smallReads.js"
import { damagedAt } from "./chain.js"
import type { IndexCache } from "./indexCache.js"
import type { LiveView } from "./liveView.js"
import { toSequence } from "./nominal.js"
import type { ReadHandles } from "./readHandles.js"
import { type LogView, oldestSequence } from "./view.js"

export interface ReadContext {
  readonly view: LiveView
  readonly handles: ReadHandles
  readonly indexes: IndexCache
  /** Memory for reads that are over before anything else runs. */
  readonly smallReads: SmallReads
  /** Ends once everything that was acknowledged as buffered is written. */
  readonly flushed: Effect.Effect<void, ReadError>
  /** The view that shows every append that was acknowledged before; undefined where that has to be waited for. */
  readonly viewNow: () => LogView | undefined
}

/** What reading on in a log can meet. */
export type ReadingError = ReadError | WalRetentionError

/** The view that shows every append that was acknowledged before. */
export const currentView = (context: ReadContext): Effect.Effect<LogView, ReadError> =>
  Effect.zipRight(context.flushed, context.view.get)

/** The same, for reads that are not worth an effect more than they need. */
export const withView = <A, E>(
  context: ReadContext,
  use: (view: LogView) => Effect.Effect<A, E>
): Effect.Effect<A, E | ReadError> =>
  Effect.suspend(() => {
    const view = context.viewNow()
    return view === undefined ? Effect.flatMap(currentView(context), use) : use(view)
  })

/** What a file that is gone means: its segment was removed since the view was taken, or else it is an IO error. */
export const explainMissing =
  (context: ReadContext, segment: Segment, requested: number) =>
  <A>(effect: Effect.Effect<A, ReadingError>): Effect.Effect<A, ReadingError> =>
    Effect.catchTag(effect, "WalIoError", (error) =>
      Effect.flatMap(context.view.get, (view) => {
        const oldest = oldestSequence(view)
        const isGone = error.reason === "NotFound" && segment.lastSequence < oldest
        return Effect.fail(isGone ? retentionError(requested, oldest) : error)
      }))

export const retentionError = (requested: number, oldest: number): WalRetentionError =>
  new WalRetentionError({ requested: toSequence(requested), oldest: toSequence(oldest) })

/** What a read does about entries that are known to be lost, or turn out to be. */
export type OnLost = "fail" | "skip"

/** The error for a read that comes to sequences that were lost. */
export const lostSequences = (segment: Segment, offset: number, first: number, last: number): ReadError =>
  damagedAt(segment, offset, "entries are lost", "the log itself, which had acknowledged them", { first, last })

/** `sequence` is that of the frame, where it is known. */
export const damagedFrame = (segment: Segment, offset: number, sequence: number | undefined): ReadError =>
  damagedAt(
    segment,
    offset,
    "a frame does not match its checksum",
    "the log itself, in which it is committed",
    sequence === undefined ? undefined : { first: sequence, last: sequence }
  )

/** A batch at a time, until there are no more. */
export interface Cursor<A, E = ReadingError> {
  /** An empty batch is not the end; `undefined` is. */
  readonly next: Effect.Effect<ReadonlyArray<A> | undefined, E>
  readonly close: Effect.Effect<void>
}

/**
 * The one handle that a cursor holds, for the segment it is in.
 *
 * Invariant: `held` is a handle of this cursor's own, or none; whoever closes the cursor gives it back.
 */
export class HeldHandle {
  private held: SegmentFile | undefined = undefined

  constructor(private readonly context: ReadContext) {}

  /** The handle for a segment; that of another one is given back. */
  of(segment: Segment): Effect.Effect<SegmentFile, ReadError> {
    return Effect.suspend(() => {
      const { held } = this
      if (held?.path === segment.path) {
        return Effect.succeed(held)
      }
      return Effect.zipRight(this.release, this.context.handles.take(segment.path)).pipe(
        Effect.tap((file) => {
          this.held = file
        }),
        Effect.uninterruptible
      )
    })
  }

  readonly release: Effect.Effect<void> = Effect.suspend(() => {
    const { held } = this
    this.held = undefined
    return held === undefined ? Effect.void : this.context.handles.giveBack(held)
  })
}
