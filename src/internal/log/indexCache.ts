/**
 * The indexes of segments: loaded when first needed, made anew where they are missing or damaged, and kept within a budget.
 */
import * as Effect from "effect/Effect"
import type { WalClosedError, WalCorruptionError, WalIoError } from "../../WalError.js"
import { mayContain } from "../format/keyFilter.js"
import type { SealIndex } from "../format/sealIndex.js"
import { SEGMENT_HEADER_LENGTH } from "../format/segmentHeader.js"
import type { ActiveIndex } from "../segment/activeIndex.js"
import { growAgain } from "../segment/growAgain.js"
import type { Segment } from "../segment/segment.js"
import type { SegmentFile } from "../segment/segmentFile.js"
import { IndexStore } from "./indexStore.js"
import { hasFilterOfItsOwn, loadFilter, loadIndex } from "./loadIndex.js"
import type { ReadHandles } from "./readHandles.js"

export type IndexError = WalIoError | WalCorruptionError | WalClosedError

/** A segment's keys in the order of their bytes. */
export interface SortedKeys {
  readonly count: number
  readonly at: (position: number) => Uint8Array
}

export interface IndexCache {
  /** Where the frames of a key's entries begin, in order. */
  readonly offsetsOf: (segment: Segment, key: Uint8Array, hash: number) => Effect.Effect<Uint32Array, IndexError>
  /** Whether the segment has no entry of a key with that hash, as far as it is known without a read. */
  readonly certainlyLacks: (segment: Segment, hash: number) => boolean
  /** A frame's offset from which on every entry with at least that ordinal is found. */
  readonly offsetBefore: (segment: Segment, ordinal: number) => Effect.Effect<number, IndexError>
  readonly sortedKeys: (segment: Segment) => Effect.Effect<SortedKeys, IndexError>
  /** An index that can grow again, from wherever the segment's own is to be had. */
  readonly grow: (segment: Segment) => Effect.Effect<ActiveIndex, IndexError>
  readonly forget: (segment: Segment) => void
}

const NONE = new Uint32Array(0)

export const makeIndexCache = (handles: ReadHandles, budget: number): IndexCache => {
  const store = new IndexStore(budget)

  const reading = <A, E>(
    segment: Segment,
    read: (file: SegmentFile, segment: Segment) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | WalIoError | WalClosedError> =>
    Effect.acquireUseRelease(handles.take(segment.path), (file) => read(file, segment), handles.giveBack)

  const indexOf = (segment: Segment): Effect.Effect<SealIndex, IndexError> =>
    Effect.suspend(() => {
      const found = store.index(segment.id)
      return found === undefined
        ? Effect.tap(reading(segment, loadIndex), (index) => store.keepIndex(segment.id, index))
        : Effect.succeed(found)
    })

  const certainlyLacks = (segment: Segment, hash: number): boolean => {
    const filter = segment.index._tag === "Growing" ? undefined : store.filter(segment.id)
    return filter !== undefined && !mayContain(filter, hash)
  }

  /** Most segments have no entry of most keys: then the filter answers for less than the index. */
  const mayHave = (segment: Segment, hash: number): Effect.Effect<boolean, IndexError> =>
    !hasFilterOfItsOwn(segment) || store.filter(segment.id) !== undefined
      ? Effect.succeed(!certainlyLacks(segment, hash))
      : Effect.map(reading(segment, loadFilter), (filter) => {
        if (filter !== undefined) {
          store.keepFilter(segment.id, filter)
        }
        return !certainlyLacks(segment, hash)
      })

  return {
    certainlyLacks,
    offsetsOf: (segment, key, hash) =>
      Effect.suspend(() => {
        if (segment.index._tag === "Growing") {
          const { index } = segment.index
          const found = index.find(key, hash)
          return Effect.succeed(found < 0 ? NONE : index.offsetsOf(found, segment.entryCount))
        }
        return Effect.flatMap(mayHave(segment, hash), (may) =>
          may ? Effect.map(indexOf(segment), (index) => sealedOffsets(index, key, hash)) : Effect.succeed(NONE))
      }),
    offsetBefore: (segment, ordinal) =>
      segment.index._tag === "Growing"
        ? Effect.succeed(segment.index.index.offsetAt(ordinal))
        : ordinal <= 0 && segment.lost.length === 0
        ? Effect.succeed(SEGMENT_HEADER_LENGTH)
        : Effect.map(indexOf(segment), (index) => index.pointBefore(ordinal).offset),
    sortedKeys: (segment) => {
      if (segment.index._tag === "Growing") {
        const keys = segment.index.index.sortedKeys(segment.entryCount)
        return Effect.succeed({ count: keys.length, at: (position) => keys[position] ?? new Uint8Array(0) })
      }
      return Effect.map(indexOf(segment), (index) => ({
        count: index.keyCount,
        at: (position) => index.keyAt(position)
      }))
    },
    grow: (segment) =>
      segment.index._tag === "Growing"
        ? Effect.succeed(segment.index.index)
        // What is in memory of the sealed index is not true of the segment any more once that grows.
        : Effect.tap(Effect.map(indexOf(segment), growAgain), () => store.forget(segment.id)),
    forget: (segment) => store.forget(segment.id)
  }
}

const sealedOffsets = (index: SealIndex, key: Uint8Array, hash: number): Uint32Array => {
  const group = index.find(key, hash)
  return group < 0 ? NONE : index.offsetsOf(group)
}
