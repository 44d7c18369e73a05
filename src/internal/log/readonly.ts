/**
 * Opens a log for reading only: without the lock, and without a write.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Reader } from "../../Wal.js"
import { type OpenError, WalClosedError } from "../../WalError.js"
import { type ReaderOptions, type ReaderSettings, resolveReader } from "../../WalOptions.js"
import { enterDirectory } from "../segment/directNames.js"
import { SmallReads } from "../segment/smallReads.js"
import type { Progress } from "./changes.js"
import { FollowedLog, type FollowError, type Look } from "./followed.js"
import { makeIndexCache } from "./indexCache.js"
import { LiveView } from "./liveView.js"
import type { ReadContext } from "./readContext.js"
import { readerOf } from "./reader.js"
import { makeReadHandles } from "./readHandles.js"
import type { LogView } from "./view.js"

export const makeReader = (
  options: ReaderOptions
): Effect.Effect<Reader, OpenError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.flatMap(resolveReader(options), (settings) =>
    Effect.map(
      Effect.acquireRelease(openFollowed(settings), ({ close }) => close),
      ({ progress, reads, settings: { directory }, syncedSequence }) =>
        readerOf(reads, progress, () => ({ directory, pendingBytes: 0, syncedSequence: syncedSequence() }))
    ))

interface Followed {
  readonly settings: ReaderSettings
  readonly reads: ReadContext
  readonly progress: Progress
  readonly syncedSequence: () => number
  readonly close: Effect.Effect<void>
}

const openFollowed = (settings: ReaderSettings): Effect.Effect<Followed, FollowError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const { directory, indexCacheBytes, pollInterval } = settings
    const provided = yield* FileSystem.FileSystem
    const fs = (yield* enterDirectory(provided, directory)) ?? provided
    const clock = yield* Effect.clock
    const log = new FollowedLog(fs, directory, () => clock.unsafeCurrentTimeMillis())
    let last: Look = yield* log.look
    let life: "open" | "closed" = "open"
    const view = new LiveView(last.view, () => undefined)
    const handles = makeReadHandles(fs, directory)
    const indexes = makeIndexCache(handles, indexCacheBytes)
    const gate = Effect.unsafeMakeSemaphore(1)

    const turnTo = (look: Look): Effect.Effect<void> => {
      const gone = removedSegments(last.view, look.view)
      last = look
      return Effect.zipRight(
        view.update(() => look.view),
        Effect.forEach(gone, (segment) => {
          indexes.forget(segment)
          return handles.forget(segment.path)
        }, { discard: true })
      )
    }

    const refresh: Effect.Effect<void, FollowError | WalClosedError> = gate.withPermits(1)(
      Effect.suspend((): Effect.Effect<void, FollowError | WalClosedError> =>
        life === "closed" ? Effect.fail(new WalClosedError({ directory })) : Effect.flatMap(log.look, turnTo)
      )
    ).pipe(Effect.uninterruptible)

    const progress: Progress = {
      reached: (visibility) => (visibility === "written" ? last.view.active.lastSequence : last.syncedSequence),
      end: () => "none",
      waitUntil: (isOver) =>
        Effect.asVoid(Effect.repeat(Effect.zipRight(Effect.sleep(pollInterval), refresh), { until: isOver }))
    }
    return {
      settings,
      reads: { view, handles, indexes, smallReads: new SmallReads(), flushed: refresh, viewNow: () => undefined },
      progress,
      syncedSequence: () => last.syncedSequence,
      close: Effect.suspend(() => {
        life = "closed"
        return handles.close
      })
    }
  })

/** Those whose files are gone, or are another log's by now. */
const removedSegments = (before: LogView, after: LogView) => {
  const salts = new Map([...after.sealed, after.active].map((segment) => [segment.id, segment.salt]))
  return [...before.sealed, before.active].filter((segment) => salts.get(segment.id) !== segment.salt)
}
