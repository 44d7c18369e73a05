/**
 * Looks for a key's last entry in the segments before the active one, the newest first.
 */
import * as Effect from "effect/Effect"
import { viewOf } from "../format/bytes.js"
import { FRAME_HEADER_LENGTH, headerVerifies, sequenceAt } from "../format/frame.js"
import { hashKey } from "../format/keyHash.js"
import { readBlock } from "../segment/scan.js"
import type { Segment } from "../segment/segment.js"
import type { OlderSequence } from "./appender.js"
import { damagedAt } from "./chain.js"
import type { IndexError } from "./indexCache.js"
import type { ReadContext } from "./readContext.js"
import { type LogView, oldestSequence } from "./view.js"

export const olderSequence = (context: ReadContext, key: Uint8Array): Effect.Effect<OlderSequence, IndexError> => {
  const hash = hashKey(key, 0, key.length)

  const lastIn = (segment: Segment): Effect.Effect<number, IndexError> =>
    Effect.flatMap(
      context.indexes.lastOffsetOf(segment, key, hash),
      (last) => (last === undefined ? Effect.succeed(0) : sequenceOf(context, segment, last))
    )

  const lastBefore = (segments: LogView["sealed"], end: number): Effect.Effect<number, IndexError> => {
    const segment = segments[end - 1]
    return segment === undefined
      ? Effect.succeed(0)
      : Effect.flatMap(lastIn(segment), (last) => (last > 0 ? Effect.succeed(last) : lastBefore(segments, end - 1)))
  }

  // What retention takes meanwhile does not count: the key has no entry there any more.
  const look: Effect.Effect<OlderSequence, IndexError> = Effect.flatMap(
    context.view.get,
    ({ active, sealed }) =>
      Effect.map(lastBefore(sealed, sealed.length), (lastSequence) => ({ active: active.id, lastSequence })).pipe(
        Effect.catchIf(
          (error) => error._tag === "WalIoError" && error.reason === "NotFound",
          (error) =>
            Effect.flatMap(
              context.view.get,
              (view) => oldestSequence(view) > (sealed[0] ?? active).baseSequence ? look : Effect.fail(error)
            )
        )
      )
  )
  return look
}

const sequenceOf = (context: ReadContext, segment: Segment, offset: number): Effect.Effect<number, IndexError> =>
  Effect.acquireUseRelease(
    context.handles.take(segment.path),
    (file) => readBlock(file, offset, FRAME_HEADER_LENGTH),
    (file) => context.handles.giveBack(file)
  ).pipe(
    Effect.flatMap((header) =>
      header.length === FRAME_HEADER_LENGTH && headerVerifies(viewOf(header), 0, segment.salt)
        ? Effect.succeed(sequenceAt(header, 0))
        : Effect.fail(
          damagedAt(segment, offset, "a frame does not match its checksum", "the segment's index", undefined)
        )
    )
  )
