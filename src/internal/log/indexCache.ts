/**
 * The indexes of segments: loaded when first needed, made anew where they are missing or damaged, and kept within a budget.
 */
import * as Effect from "effect/Effect"
import type { WalClosedError, WalCorruptionError, WalIoError } from "../../WalError.js"
import { mayContain } from "../format/keyFilter.js"
import { hashKey } from "../format/keyHash.js"
import { openSealIndex, type SealIndex } from "../format/sealIndex.js"
import { encodeSealIndex } from "../format/sealIndexEncode.js"
import { ActiveIndex } from "../segment/activeIndex.js"
import { readBlock, scanSegment } from "../segment/scan.js"
import type { Segment } from "../segment/segment.js"
import { damagedAt } from "./chain.js"
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
  /** A frame's offset from which on every entry with at least that ordinal is found. */
  readonly offsetBefore: (segment: Segment, ordinal: number) => Effect.Effect<number, IndexError>
  readonly sortedKeys: (segment: Segment) => Effect.Effect<SortedKeys, IndexError>
  /** An index that can grow again, from wherever the segment's own is to be had. */
  readonly grow: (segment: Segment) => Effect.Effect<ActiveIndex, IndexError>
  readonly forget: (segment: Segment) => void
}

const NONE = new Uint32Array(0)

/**
 * Invariants: `loaded` is in the order of last use, the least recent first, and `bytes` is the sum of its sizes; it is
 * within `budget` but for the one index that is in use. A filter stays when its index goes.
 */
export const makeIndexCache = (handles: ReadHandles, budget: number): IndexCache => {
  const loaded = new Map<number, SealIndex>()
  const filters = new Map<number, Uint32Array>()
  let bytes = 0

  const keep = (segment: Segment, index: SealIndex): void => {
    drop(segment.id)
    loaded.set(segment.id, index)
    bytes += index.byteLength
    if (!filters.has(segment.id)) {
      filters.set(segment.id, index.filter.slice())
    }
    for (const id of loaded.keys()) {
      if (bytes <= budget || id === segment.id) {
        break
      }
      drop(id)
    }
  }

  const drop = (id: number): void => {
    const index = loaded.get(id)
    if (index !== undefined) {
      loaded.delete(id)
      bytes -= index.byteLength
    }
  }

  const indexOf = (segment: Segment): Effect.Effect<SealIndex, IndexError> =>
    Effect.suspend(() => {
      const found = loaded.get(segment.id)
      return Effect.map(found === undefined ? load(handles, segment) : Effect.succeed(found), (index) => {
        keep(segment, index)
        return index
      })
    })

  const certainlyLacks = (segment: Segment, hash: number): boolean => {
    const filter = filters.get(segment.id)
    return filter !== undefined && !mayContain(filter, hash)
  }

  return {
    offsetsOf: (segment, key, hash) => {
      if (segment.index._tag === "Growing") {
        const { index } = segment.index
        const found = index.find(key, hash)
        return Effect.succeed(found < 0 ? NONE : index.offsetsOf(found, segment.entryCount))
      }
      return certainlyLacks(segment, hash) ? Effect.succeed(NONE) : Effect.map(indexOf(segment), (index) => {
        const group = index.find(key, hash)
        return group < 0 ? NONE : index.offsetsOf(group)
      })
    },
    offsetBefore: (segment, ordinal) =>
      segment.index._tag === "Growing"
        ? Effect.succeed(segment.index.index.offsetAt(ordinal))
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
        : Effect.map(indexOf(segment), growAgain),
    forget: (segment) => {
      drop(segment.id)
      filters.delete(segment.id)
    }
  }
}

/** From the file, if it is whole there, and otherwise from the segment's entries. */
const load = (handles: ReadHandles, segment: Segment): Effect.Effect<SealIndex, IndexError> =>
  Effect.acquireUseRelease(
    handles.take(segment.path),
    (file) => {
      const { index } = segment
      if (index._tag !== "Sealed") {
        return rebuild(file, segment)
      }
      return Effect.flatMap(readBlock(file, segment.dataLength, index.length), (bytes) => {
        const opened = openSealIndex(bytes, index.tableChecksum, segment)
        return opened._tag === "ok" ? Effect.succeed(opened.index) : Effect.logWarning(
          "a segment's index is damaged and is made anew from its entries"
        ).pipe(
          Effect.annotateLogs({ segment: segment.path, found: opened.what }),
          Effect.zipRight(rebuild(file, segment))
        )
      })
    },
    (file) => handles.giveBack(file)
  )

const rebuild = (file: Parameters<typeof scanSegment>[0], segment: Segment): Effect.Effect<SealIndex, IndexError> =>
  Effect.flatMap(scanSegment(file, segment, segment.dataLength), (scan) => {
    if (scan.dataLength !== segment.dataLength || scan.lastSequence !== segment.lastSequence) {
      const lost = { first: scan.lastSequence + 1, last: segment.lastSequence }
      const what = scan.end._tag === "EndOfData" ? "the frames end too early" : scan.end.what
      return Effect.fail(damagedAt(segment, scan.validEnd, what, "its seal", lost))
    }
    const encoded = encodeSealIndex(scan.index.toSealSource())
    const opened = openSealIndex(encoded.bytes, encoded.tableChecksum, segment)
    return opened._tag === "ok" ? Effect.succeed(opened.index) : Effect.dieMessage(opened.what)
  })

/** Adds a sealed index's entries in the order in which they were appended. */
const growAgain = (sealed: SealIndex): ActiveIndex => {
  const groups = Array.from({ length: sealed.keyCount }, (_, group) => {
    const key = sealed.keyAt(group)
    return { key, hash: hashKey(key, 0, key.length), offsets: sealed.offsetsOf(group) }
  })
  const entries = groups.flatMap((group) => Array.from(group.offsets, (offset) => ({ offset, group })))
  entries.sort((left, right) => left.offset - right.offset)
  const index = new ActiveIndex()
  for (const { group, offset } of entries) {
    index.add(group.key, 0, group.key.length, group.hash, offset)
  }
  return index
}
