/**
 * Removes what retention has condemned: the view first, then file after file, the oldest first.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import type { CompactionReport, RemovedSegment } from "../../WalReport.js"
import { toIoError } from "../segment/ioError.js"
import { syncDirectory } from "../segment/segmentFile.js"
import type { IndexCache } from "./indexCache.js"
import type { LiveView } from "./liveView.js"
import { observe, type WalMetrics } from "./metrics.js"
import { toSequence } from "./nominal.js"
import type { ReadHandles } from "./readHandles.js"
import { bytesOf, type Condemned } from "./retention.js"
import { type LogView, oldestSequence, withoutSegments } from "./view.js"

export interface Compaction {
  /** Takes the segments that `judge` condemns out of the view, and then off the disk. Its users run it one at a time. */
  readonly remove: (
    outcome: CompactionReport["outcome"],
    judge: (view: LogView) => ReadonlyArray<Condemned>
  ) => Effect.Effect<Removal, WalIoError>
}

export type Removal = Omit<CompactionReport, "held">

interface Parts {
  readonly fs: FileSystem.FileSystem
  readonly directory: string
  readonly view: LiveView
  readonly handles: ReadHandles
  readonly indexes: IndexCache
  readonly metrics: WalMetrics
}

/**
 * Invariant: `doomed` are the segments that no view shows any more and whose files may still be there, oldest first; a
 * removal that failed is tried again before anything newer goes, so that no gap is left on the disk.
 */
export const makeCompaction = ({ directory, fs, handles, indexes, metrics, view }: Parts): Compaction => {
  let doomed: ReadonlyArray<Condemned> = []

  const removeFile = ({ reason, segment }: Condemned): Effect.Effect<RemovedSegment, WalIoError> =>
    Effect.suspend(() => {
      indexes.forget(segment)
      return handles.forget(segment.path)
    }).pipe(
      Effect.zipRight(Effect.mapError(fs.remove(segment.path, { force: true }), toIoError("remove", segment.path))),
      Effect.zipRight(syncDirectory(fs, directory)),
      Effect.map(() => {
        doomed = doomed.slice(1)
        metrics.segmentsRemoved(1)
        return { segment: segment.id, bytes: bytesOf(segment), entries: segment.entryCount, reason }
      }),
      Effect.uninterruptible
    )

  const condemnNow = (judge: (view: LogView) => ReadonlyArray<Condemned>): Effect.Effect<void> =>
    view.update((current) => {
      const condemned = judge(current)
      doomed = [...doomed, ...condemned]
      return withoutSegments(current, new Set(condemned.map(({ segment }) => segment.id)))
    })

  return {
    remove: (outcome, judge) =>
      Effect.gen(function*() {
        yield* condemnNow(judge)
        const removed: Array<RemovedSegment> = []
        let next = doomed[0]
        while (next !== undefined) {
          removed.push(yield* removeFile(next))
          next = doomed[0]
        }
        const current = yield* view.get
        observe(metrics, current)
        return { outcome, removed, oldestSequence: toSequence(oldestSequence(current)) }
      })
  }
}
