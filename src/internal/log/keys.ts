/**
 * Each key once, in the order of its bytes, merged from the segments without holding them all.
 */
import * as Effect from "effect/Effect"
import type { Segment } from "../segment/segment.js"
import { type Awaited, KeyMerge } from "./keyMerge.js"
import { currentView, type Cursor, explainMissing, type ReadContext, type ReadingError } from "./readContext.js"
import { segmentsOf } from "./view.js"

/** So many keys of segments are merged at a time, which is some milliseconds' work. */
const RUN_LENGTH = 16 * 1024

export const openKeys = (context: ReadContext): Effect.Effect<Cursor<Uint8Array>, ReadingError> =>
  Effect.map(currentView(context), (view) => new KeysCursor(context, segmentsOf(view)))

type Run = Array<Uint8Array>

/**
 * Invariant: every key that `merge` has taken was emitted. In memory is one window for each segment, 64 KiB or less where it is
 * read by blocks, and all of them together are no larger than the budget for indexes, but for windows of the smallest size
 * and of a single key. Of a segment whose index grows, all keys are.
 */
class KeysCursor implements Cursor<Uint8Array> {
  readonly close = Effect.void
  private readonly merge: KeyMerge

  constructor(private readonly context: ReadContext, private readonly segments: ReadonlyArray<Segment>) {
    this.merge = new KeyMerge(segments.length)
  }

  readonly next: Effect.Effect<Run | undefined, ReadingError> = Effect.suspend(() =>
    this.merge.isOver ? Effect.succeed(undefined) : this.goOn([], RUN_LENGTH)
  )

  private goOn(run: Run, most: number): Effect.Effect<Run, ReadingError> {
    const left = this.merge.take(run, most)
    const { awaited } = this.merge
    return left === 0 || awaited === undefined
      ? Effect.succeed(run)
      : Effect.flatMap(this.give(awaited), () => this.goOn(run, left))
  }

  private give({ place, position }: Awaited): Effect.Effect<void, ReadingError> {
    const { context, merge, segments } = this
    const segment = segments[place]
    return segment === undefined ? Effect.void : Effect.map(
      explainMissing(context, segment, segment.baseSequence)(
        context.indexes.keysFrom(segment, position, segments.length)
      ),
      (window) => merge.give(window)
    )
  }
}
