/**
 * Ends a log, once: nothing new is taken, everything taken is written, synced and sealed, and the lock is released.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { WalClosedError, WalFailedError, type WalIoError } from "../../WalError.js"
import { parseFileName } from "../format/fileName.js"
import { toIoError } from "../segment/ioError.js"
import { writeSeal } from "../segment/seal.js"
import { syncDirectory } from "../segment/segmentFile.js"
import type { BackgroundSeals } from "./backgroundSeals.js"
import type { Cursors } from "./cursors.js"
import type { LiveView } from "./liveView.js"
import type { Lock } from "./lock.js"
import type { Maintenance } from "./maintenance.js"
import type { ReadHandles } from "./readHandles.js"
import type { Syncer } from "./syncer.js"
import { withActive } from "./view.js"
import type { OpenSegment, WriteState } from "./writeState.js"

export type CloseError = WalIoError | WalFailedError | WalClosedError

/** What becomes of the log's files. */
export type Files = "keep" | "remove"

interface Parts {
  readonly fs: FileSystem.FileSystem
  readonly state: WriteState
  readonly view: LiveView
  readonly lock: Lock
  readonly syncer: Syncer
  readonly seals: BackgroundSeals
  readonly maintenance: Maintenance
  readonly handles: ReadHandles
  readonly cursors: Cursors
  readonly wakeWriter: () => void
  readonly writer: Fiber.RuntimeFiber<void>
  /** Fibers that only wait for their time. */
  readonly timers: ReadonlyArray<Fiber.RuntimeFiber<unknown, unknown>>
}

/** Whoever calls first closes; everybody else awaits the same end. */
export const makeClose = (parts: Parts): (files: Files) => Effect.Effect<void, CloseError> => {
  const closed = Deferred.unsafeMake<void, CloseError>(parts.writer.id())
  let chosen: Option.Option<Files> = Option.none()

  return (files) =>
    Effect.suspend(() => {
      if (Option.isNone(chosen)) {
        chosen = Option.some(files)
        return Effect.uninterruptible(
          Effect.zipRight(Deferred.complete(closed, closeNow(parts, files)), Deferred.await(closed))
        )
      }
      return files === "remove" && chosen.value === "keep"
        ? Effect.fail(new WalClosedError({ directory: parts.state.settings.directory }))
        : Deferred.await(closed)
    })
}

const closeNow = (parts: Parts, files: Files): Effect.Effect<void, CloseError> =>
  drain(parts).pipe(
    Effect.zipRight(files === "keep" ? settle(parts) : Effect.ignore(parts.syncer.syncWritten)),
    Effect.ensuring(parts.cursors.close(files === "keep" ? "save" : "leave")),
    Effect.ensuring(closeFiles(parts)),
    Effect.ensuring(Effect.sync(() => parts.state.moved.raise())),
    Effect.zipRight(files === "remove" ? removeFiles(parts) : Effect.void),
    Effect.matchEffect({
      onFailure: (error) => Effect.zipRight(Effect.ignore(parts.lock.release), Effect.fail(error)),
      onSuccess: () => (files === "remove" ? parts.lock.remove : parts.lock.release)
    })
  )

/** Everything that was taken is written or told, and no fiber works any more. */
const drain = (
  { maintenance, seals, state, syncer, timers, wakeWriter, writer }: Parts
): Effect.Effect<void> =>
  Effect.sync(() => {
    state.life = "closing"
    wakeWriter()
  }).pipe(
    Effect.zipRight(Fiber.interruptAll(timers)),
    Effect.zipRight(Fiber.await(writer)),
    Effect.zipRight(syncer.exclusively(Effect.sync(() => {
      state.life = "closed"
    }))),
    Effect.zipRight(maintenance.settled),
    Effect.zipRight(seals.settled)
  )

/** A failed log is left as it is: what is on the disk is for the next opening to find out. */
const settle = ({ state, syncer, view }: Parts): Effect.Effect<void, WalIoError | WalFailedError> =>
  Effect.suspend((): Effect.Effect<void, WalIoError | WalFailedError> => {
    const { failure, open, settings } = state
    if (failure !== undefined) {
      return Effect.fail(new WalFailedError({ directory: settings.directory, outcome: "rejected", cause: failure }))
    }
    return open === undefined
      ? Effect.void
      : Effect.zipRight(syncer.syncWritten, sealClosed(state, view, open))
  })

/** The seal spares the next opening a scan; without the space for it, that is all that is lost. */
const sealClosed = (state: WriteState, view: LiveView, open: OpenSegment): Effect.Effect<void> => {
  const segment = state.activeSegment(open)
  return writeSeal(open.file, segment, open.index, "closed", state.clocks.wall()).pipe(
    Effect.flatMap((index) => view.update((current) => withActive(current, { ...segment, index }))),
    Effect.catchAll((error) =>
      Effect.annotateLogs(Effect.logDebug("the log is closed without a seal", error), { segment: segment.path })
    )
  )
}

const closeFiles = ({ handles, state }: Parts): Effect.Effect<void> =>
  Effect.zipRight(state.open === undefined ? Effect.void : state.open.file.close, handles.close)

/** Oldest first, so that a crash in between leaves a log without its oldest segments, and not one with a gap. */
const removeFiles = ({ fs, state }: Parts): Effect.Effect<void, WalIoError> => {
  const { directory } = state.settings
  return Effect.mapError(fs.readDirectory(directory), toIoError("list", directory)).pipe(
    Effect.flatMap((names) =>
      Effect.forEach(
        names.filter(isOurs).sort(),
        (name) => {
          const path = `${directory}/${name}`
          return Effect.mapError(fs.remove(path, { force: true }), toIoError("remove", path))
        },
        { discard: true }
      )
    ),
    Effect.zipRight(syncDirectory(fs, directory))
  )
}

const isOurs = (name: string): boolean => parseFileName(name)._tag !== "Other"
