/**
 * Seals written behind: a segment that has a successor gets its index and trailer while the log goes on.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { ActiveIndex } from "../segment/activeIndex.js"
import { writeSeal } from "../segment/seal.js"
import type { Segment } from "../segment/segment.js"
import type { SegmentFile } from "../segment/segmentFile.js"
import type { LiveView } from "./liveView.js"
import { withIndex } from "./view.js"

export interface BackgroundSeals {
  /** Seals a segment, and closes its file. Best effort: without a seal it is scanned at the next opening. */
  readonly seal: (segment: Segment, index: ActiveIndex, file: SegmentFile) => Effect.Effect<void>
  /** Ends when no seal is being written any more. */
  readonly settled: Effect.Effect<void>
}

export const makeBackgroundSeals = (view: LiveView): BackgroundSeals => {
  const running = new Set<Fiber.RuntimeFiber<void>>()

  const sealNow = (segment: Segment, index: ActiveIndex, file: SegmentFile): Effect.Effect<void> =>
    writeSeal(file, segment, index, "rotated", segment.sealedAt).pipe(
      Effect.catchAll((error) =>
        Effect.logDebug("a segment stays unsealed", error).pipe(
          Effect.annotateLogs({ segment: segment.path }),
          Effect.as({ _tag: "Missing" } as const)
        )
      ),
      Effect.flatMap((source) => view.update((current) => withIndex(current, segment.id, source))),
      Effect.ensuring(file.close)
    )

  return {
    seal: (segment, index, file) =>
      Effect.flatMap(Effect.forkDaemon(sealNow(segment, index, file)), (fiber) =>
        Effect.sync(() => {
          running.add(fiber)
          fiber.addObserver(() => running.delete(fiber))
        })),
    settled: Effect.suspend(() => Effect.asVoid(Fiber.awaitAll([...running])))
  }
}
