/**
 * The indexes of segments: in memory where they fit within a budget, read by blocks where they do not, and made anew where
 * they are missing or damaged.
 *
 * An index is loaded whole when it fits beside those that are there. Otherwise it is read by blocks, and nobody has to go for it,
 * until as much was read of it as it is long: then it takes the place of those that were not used meanwhile. So those that
 * are used stay, whatever else is asked, and a lookup never costs more than about twice what the better of both ways would
 * have cost.
 */
import * as Effect from "effect/Effect"
import type { WalClosedError, WalCorruptionError, WalIoError } from "../../WalError.js"
import { BLOCKS_MEMORY, VerifiedBlocks } from "../format/indexBlocks.js"
import {
  inFilter,
  type KeyOffsets,
  keyOffsets,
  keysFrom,
  lastOffset,
  NO_OFFSETS,
  pointBefore,
  type Question
} from "../format/indexQuestions.js"
import { mayContain } from "../format/keyFilter.js"
import type { KeyWindow } from "../format/keyWindow.js"
import type { SealIndex } from "../format/sealIndex.js"
import type { SealIndexMap } from "../format/sealIndexMap.js"
import { type Checked, WORD_LENGTH } from "../format/sealIndexSections.js"
import { SEGMENT_HEADER_LENGTH } from "../format/segmentHeader.js"
import type { ActiveIndex } from "../segment/activeIndex.js"
import { askIndex } from "../segment/askIndex.js"
import { growAgain } from "../segment/growAgain.js"
import type { Segment } from "../segment/segment.js"
import type { SegmentFile } from "../segment/segmentFile.js"
import { IndexStore } from "./indexStore.js"
import { hasFilterOfItsOwn, isShort, loadFilter, loadIndex, loadMap } from "./loadIndex.js"
import type { ReadHandles } from "./readHandles.js"

export type IndexError = WalIoError | WalCorruptionError | WalClosedError

export interface IndexCache {
  /** Where the frames of a key's entries begin, in order, from its entry `from` in the segment on. */
  readonly offsetsOf: (
    segment: Segment,
    key: Uint8Array,
    hash: number,
    from: number
  ) => Effect.Effect<KeyOffsets, IndexError>
  /** Where the frame of a key's last entry begins. */
  readonly lastOffsetOf: (
    segment: Segment,
    key: Uint8Array,
    hash: number
  ) => Effect.Effect<number | undefined, IndexError>
  /** Whether the segment has no entry of a key with that hash, as far as it is known without a read. */
  readonly certainlyLacks: (segment: Segment, hash: number) => boolean
  /** A frame's offset from which on every entry with at least that ordinal is found. */
  readonly offsetBefore: (segment: Segment, ordinal: number) => Effect.Effect<number, IndexError>
  /** Keys from the one at `position` on, for one of so many windows that are in memory together. */
  readonly keysFrom: (segment: Segment, position: number, windows: number) => Effect.Effect<KeyWindow, IndexError>
  /** An index that can grow again, from wherever the segment's own is to be had. */
  readonly grow: (segment: Segment) => Effect.Effect<ActiveIndex, IndexError>
  readonly forget: (segment: Segment) => void
}

/** So many offsets of a key are read at a time: a few blocks, for entries that take far longer to read. */
const MOST_OFFSETS = 4 * 1024

/** A window is no smaller, however many there are. */
const SMALLEST_WINDOW = 4 * 1024
/** Larger ones save nothing where they are read by blocks. */
const LARGEST_WINDOW = 64 * 1024
/** Where a long index has to be loaded whole for each window, so that it is not for a few keys. */
const WINDOW_OF_WHOLE = 256 * 1024

/** As much memory for blocks is kept for later. */
const MOST_SPARE = 4

export const makeIndexCache = (handles: ReadHandles, budget: number): IndexCache => {
  const store = new IndexStore(budget)
  /** Memory for blocks that is in no use: an allocation costs about as much as a read. */
  const spare: Array<Uint8Array> = []

  const reading = <A, E>(
    segment: Segment,
    read: (file: SegmentFile, segment: Segment) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | WalIoError | WalClosedError> =>
    Effect.acquireUseRelease(handles.take(segment.path), (file) => read(file, segment), handles.giveBack)

  const loadWhole = (segment: Segment): Effect.Effect<SealIndex, IndexError> =>
    Effect.tap(reading(segment, loadIndex), (index) => store.keepIndex(segment, index))

  const mapOf = (segment: Segment): Effect.Effect<SealIndexMap | undefined, IndexError> =>
    Effect.suspend(() => {
      const found = store.map(segment)
      return found !== undefined || isShort(segment)
        ? Effect.succeed(found)
        : Effect.tap(reading(segment, loadMap), (map) => {
          if (map !== undefined) {
            store.keepMap(segment, map)
          }
        })
    })

  /** `onRead` is told how much was read. */
  const byBlocks = <A>(
    segment: Segment,
    map: SealIndexMap,
    ask: (map: SealIndexMap) => Question<A>,
    onRead: (bytes: number) => void
  ): Effect.Effect<Checked<A>, IndexError> =>
    Effect.suspend(() => {
      const memory = spare.pop() ?? new Uint8Array(BLOCKS_MEMORY)
      const blocks = new VerifiedBlocks(map.blocks, memory)
      return Effect.tap(
        reading(segment, (file) => askIndex(file, segment.dataLength, blocks, () => ask(map))),
        () => {
          if (spare.length < MOST_SPARE) {
            spare.push(memory)
          }
          onRead(blocks.bytesRead)
        }
      )
    })

  /** By blocks where that can be. What is damaged is read whole, and made anew. */
  const askMap = <A>(
    segment: Segment,
    whole: (index: SealIndex) => A,
    ask: (map: SealIndexMap) => Question<A>,
    onRead: (bytes: number) => void
  ): Effect.Effect<A, IndexError> => {
    const loading = Effect.map(loadWhole(segment), whole)
    return Effect.flatMap(mapOf(segment), (map) =>
      map === undefined ? loading : Effect.flatMap(
        byBlocks(segment, map, ask, onRead),
        (answer) => (answer._tag === "ok" ? Effect.succeed(answer.value) : loading)
      ))
  }

  /** For what is rarely asked of the same segment, or reads its index only once: nothing is loaded for what comes later. */
  const askOnce = <A>(
    segment: Segment,
    whole: (index: SealIndex) => A,
    ask: (map: SealIndexMap) => Question<A>
  ): Effect.Effect<A, IndexError> =>
    Effect.suspend(() => {
      const found = store.index(segment)
      return found === undefined ? askMap(segment, whole, ask, ignored) : Effect.succeed(whole(found))
    })

  const askOften: typeof askOnce = (segment, whole, ask) =>
    Effect.suspend(() => {
      const found = store.index(segment)
      if (found !== undefined) {
        return Effect.succeed(whole(found))
      }
      const length = segment.index._tag === "Sealed" ? segment.index.length : 0
      return store.hasRoomForIndex(length) || store.isWorthLoading(segment, length)
        ? Effect.map(loadWhole(segment), whole)
        : askMap(segment, whole, ask, (bytes) => store.countRead(segment, bytes))
    })

  const certainlyLacks = (segment: Segment, hash: number): boolean => {
    const filter = segment.index._tag === "Growing" ? undefined : store.filter(segment)
    return filter !== undefined && !mayContain(filter, hash)
  }

  const byFilter = (segment: Segment, hash: number): Effect.Effect<boolean, IndexError> =>
    Effect.map(reading(segment, loadFilter), (filter) => {
      if (filter !== undefined) {
        store.keepFilter(segment, filter)
      }
      return !certainlyLacks(segment, hash)
    })

  /**
   * Most segments have no entry of most keys: then the filter answers for less than the index. Where it has no room, one block of
   * it does.
   */
  const mayHave = (segment: Segment, hash: number): Effect.Effect<boolean, IndexError> => {
    const { index } = segment
    return !hasFilterOfItsOwn(segment) || store.filter(segment) !== undefined
      ? Effect.succeed(!certainlyLacks(segment, hash))
      : index._tag === "Sealed" && store.hasRoomForIndex(index.length)
      ? byFilter(segment, hash)
      : Effect.flatMap(
        mapOf(segment),
        (map) =>
          map === undefined || store.hasRoomForDigest(map.filter.count * WORD_LENGTH)
            ? byFilter(segment, hash)
            : Effect.map(
              byBlocks(segment, map, (map) => inFilter(map, hash), ignored),
              (answer) => answer._tag === "damaged" || answer.value
            )
      )
  }

  /** What a lookup of a key answers, of a segment whose index does not grow. */
  const lookUp = <A>(
    segment: Segment,
    hash: number,
    absent: A,
    whole: (index: SealIndex) => A,
    ask: (map: SealIndexMap) => Question<A>
  ): Effect.Effect<A, IndexError> =>
    Effect.flatMap(mayHave(segment, hash), (may) => may ? askOften(segment, whole, ask) : Effect.succeed(absent))

  return {
    certainlyLacks,
    offsetsOf: (segment, key, hash, from) =>
      Effect.suspend(() =>
        segment.index._tag === "Growing"
          ? Effect.succeed(growingOffsets(segment.index.index, segment.entryCount, key, hash, from))
          : lookUp(
            segment,
            hash,
            NO_OFFSETS,
            (index) => sealedOffsets(index, key, hash, from),
            (map) => keyOffsets(map, key, hash, from, MOST_OFFSETS)
          )
      ),
    lastOffsetOf: (segment, key, hash) =>
      Effect.suspend(() => {
        if (segment.index._tag === "Growing") {
          const { index } = segment.index
          const found = index.find(key, hash)
          return Effect.succeed(found < 0 ? undefined : index.lastOffsetOf(found, segment.entryCount))
        }
        return lookUp(
          segment,
          hash,
          undefined,
          (index) => sealedOffsets(index, key, hash, 0).offsets.at(-1),
          (map) => lastOffset(map, key, hash)
        )
      }),
    offsetBefore: (segment, ordinal) =>
      segment.index._tag === "Growing"
        ? Effect.succeed(segment.index.index.offsetAt(ordinal))
        : ordinal <= 0 && segment.lost.length === 0
        ? Effect.succeed(SEGMENT_HEADER_LENGTH)
        : askOnce(segment, (index) => index.pointBefore(ordinal).offset, (map) => pointBefore(map, ordinal)),
    keysFrom: (segment, position, windows) =>
      Effect.suspend(() => {
        if (segment.index._tag === "Growing") {
          const { keyBytes, keyStarts } = segment.index.index.sortedKeys(segment.entryCount)
          return Effect.succeed({ starts: keyStarts, bytes: keyBytes, isLast: true })
        }
        const share = Math.max(SMALLEST_WINDOW, Math.floor(budget / windows))
        const cheap = Math.min(share, LARGEST_WINDOW)
        const most = store.index(segment) !== undefined
          ? cheap
          : isShort(segment)
          ? share
          : Math.max(share, WINDOW_OF_WHOLE)
        return askOnce(
          segment,
          (index) => index.keysFrom(position, most),
          (map) => keysFrom(map, position, cheap)
        )
      }),
    grow: (segment) => {
      if (segment.index._tag === "Growing") {
        return Effect.succeed(segment.index.index)
      }
      const found = store.index(segment)
      const whole = found === undefined ? reading(segment, loadIndex) : Effect.succeed(found)
      // What is known of the index so far is not true of the segment for much longer.
      return Effect.tap(Effect.map(whole, growAgain), () => store.forget(segment.id))
    },
    forget: (segment) => store.forget(segment.id)
  }
}

const ignored = (): void => {}

const growingOffsets = (
  index: ActiveIndex,
  entryCount: number,
  key: Uint8Array,
  hash: number,
  from: number
): KeyOffsets => {
  const found = index.find(key, hash)
  return found < 0 ? NO_OFFSETS : { offsets: index.offsetsOf(found, entryCount).subarray(from), hasMore: false }
}

const sealedOffsets = (index: SealIndex, key: Uint8Array, hash: number, from: number): KeyOffsets => {
  const group = index.find(key, hash)
  return group < 0 ? NO_OFFSETS : { offsets: index.offsetsOf(group).subarray(from), hasMore: false }
}
