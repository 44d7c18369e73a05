/**
 * Each key once, in the order of its bytes, merged from the segments without holding them all.
 */
import * as Effect from "effect/Effect"
import { compareBytes } from "../format/bytes.js"
import type { Segment } from "../segment/segment.js"
import type { SortedKeys } from "./indexCache.js"
import { currentView, type Cursor, explainMissing, type ReadContext, type ReadingError } from "./readContext.js"
import { segmentsOf } from "./view.js"

/** So many keys are merged at a time: memory is bounded by it, and each segment's index is asked once for each such run. */
const RUN_LENGTH = 16 * 1024

export const openKeys = (context: ReadContext): Effect.Effect<Cursor<Uint8Array>, ReadingError> =>
  Effect.map(currentView(context), (view) => new KeysCursor(context, segmentsOf(view)))

/**
 * Invariant: every key up to and including `last` was emitted, and none beyond it.
 */
class KeysCursor implements Cursor<Uint8Array> {
  readonly close = Effect.void
  private last: Uint8Array | undefined = undefined
  private isOver = false
  /** Sorting the growing index is work, and its snapshot does not change. */
  private growing: SortedKeys | undefined = undefined

  constructor(private readonly context: ReadContext, private readonly segments: ReadonlyArray<Segment>) {}

  readonly next: Effect.Effect<ReadonlyArray<Uint8Array> | undefined, ReadingError> = Effect.suspend(() =>
    this.isOver
      ? Effect.succeed(undefined)
      : Effect.map(Effect.reduce(this.segments, NO_KEYS, this.mergeNext), (run) => {
        this.last = run.at(-1)
        this.isOver = run.length < RUN_LENGTH
        return run
      })
  )

  private readonly mergeNext = (run: ReadonlyArray<Uint8Array>, segment: Segment) =>
    Effect.map(this.keysOf(segment), (keys) => mergeRuns(run, keys, firstAfter(keys, this.last)))

  private keysOf(segment: Segment): Effect.Effect<SortedKeys, ReadingError> {
    const load = explainMissing(this.context, segment, segment.baseSequence)(this.context.indexes.sortedKeys(segment))
    if (segment !== this.segments.at(-1)) {
      return load
    }
    return this.growing === undefined
      ? Effect.tap(load, (keys) => {
        this.growing = keys
      })
      : Effect.succeed(this.growing)
  }
}

const NO_KEYS: ReadonlyArray<Uint8Array> = []

/** The position of the first key beyond `last`. */
const firstAfter = (keys: SortedKeys, last: Uint8Array | undefined): number => {
  if (last === undefined) {
    return 0
  }
  let low = 0
  let high = keys.count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytes(keys.at(middle), last) <= 0) {
      low = middle + 1
    } else {
      high = middle
    }
  }
  return low
}

/** The smallest keys of both, each once, at most a run's length. Keys are copied, so that no index is held by them. */
const mergeRuns = (run: ReadonlyArray<Uint8Array>, keys: SortedKeys, start: number): ReadonlyArray<Uint8Array> => {
  const merged: Array<Uint8Array> = []
  let left = 0
  let right = start
  while (merged.length < RUN_LENGTH && (left < run.length || right < keys.count)) {
    const ours = run[left]
    const theirs = right < keys.count ? keys.at(right) : undefined
    const order = ours === undefined ? 1 : theirs === undefined ? -1 : compareBytes(ours, theirs)
    if (order <= 0 && ours !== undefined) {
      merged.push(ours)
      left++
      right += order === 0 ? 1 : 0
    } else if (theirs !== undefined) {
      merged.push(theirs.slice())
      right++
    }
  }
  return merged
}
