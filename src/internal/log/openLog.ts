/**
 * Puts a log together: takes the lock, recovers, starts the fibers that write, sync and expire, and ends them again.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import { LockOwner } from "../../LockOwner.js"
import type { OpenError, WalIoError } from "../../WalError.js"
import type { Settings } from "../../WalOptions.js"
import type { RecoveryReport } from "../../WalReport.js"
import { SEGMENT_HEADER_LENGTH, type SegmentHeader } from "../format/segmentHeader.js"
import { ActiveIndex } from "../segment/activeIndex.js"
import { createSegment } from "../segment/createSegment.js"
import { enterDirectory } from "../segment/directNames.js"
import { openSegmentFile } from "../segment/segmentFile.js"
import { SmallReads } from "../segment/smallReads.js"
import { emptySegment, makeActiveSegments } from "./activeSegments.js"
import type { Clocks } from "./activeTime.js"
import { type Appender, makeAppender } from "./appender.js"
import { type BackgroundSeals, makeBackgroundSeals } from "./backgroundSeals.js"
import { type Barriers, makeBarriers } from "./barriers.js"
import { type CloseError, type Files, makeClose } from "./closing.js"
import { Committer } from "./committer.js"
import { makeCompaction } from "./compaction.js"
import { Cursors } from "./cursors.js"
import { makeDirectories } from "./directories.js"
import { makeIndexCache } from "./indexCache.js"
import { LiveView } from "./liveView.js"
import * as Lock from "./lock.js"
import { type Maintenance, makeMaintenance } from "./maintenance.js"
import { makeMetrics, observe } from "./metrics.js"
import { toSequence } from "./nominal.js"
import type { ReadContext } from "./readContext.js"
import { makeReadHandles } from "./readHandles.js"
import { recover } from "./recover.js"
import type { LastSegment, Recovered } from "./recovered.js"
import { Signal } from "./signal.js"
import { makeSyncer } from "./syncer.js"
import { runFlushTimer, runSyncTimer } from "./timers.js"
import type { LogView } from "./view.js"
import { runWriter } from "./writer.js"
import { WriteState } from "./writeState.js"

/** An open log: what its operations are made of. */
export interface Log {
  readonly state: WriteState
  readonly view: LiveView
  readonly appender: Appender
  readonly barriers: Barriers
  readonly reads: ReadContext
  readonly maintenance: Maintenance
  readonly cursors: Cursors
  readonly recovery: RecoveryReport
  readonly close: (files: Files) => Effect.Effect<void, CloseError>
}

/** Opens the log; whoever opens it closes it. Uninterruptible, so that no lock and no handle is left behind. */
export const openLog = (settings: Settings): Effect.Effect<Log, OpenError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* enterOrMake(yield* FileSystem.FileSystem, settings.directory)
    const owner = yield* LockOwner
    const lock = yield* Lock.acquire(fs, owner, settings.directory)
    return yield* Effect.onError(openLocked(fs, settings, lock), () => Effect.ignore(lock.release))
  }).pipe(
    Effect.uninterruptible,
    Effect.withSpan("effect-wal.open", { attributes: { directory: settings.directory } })
  )

/** The file system to use in the log's directory, which is there from then on. */
const enterOrMake = (
  fs: FileSystem.FileSystem,
  directory: string
): Effect.Effect<FileSystem.FileSystem, WalIoError> => {
  const entered = enterDirectory(fs, directory)
  return Effect.flatMap(entered, (found) =>
    found !== undefined ? Effect.succeed(found) : Effect.zipRight(
      makeDirectories(fs, directory),
      Effect.map(entered, (found) => found ?? fs)
    ))
}

const openLocked = (
  fs: FileSystem.FileSystem,
  settings: Settings,
  lock: Lock.Lock
): Effect.Effect<Log, OpenError> =>
  Effect.gen(function*() {
    const clock = yield* Effect.clock
    const clocks: Clocks = {
      wall: () => clock.unsafeCurrentTimeMillis(),
      monotonic: () => Number(clock.unsafeCurrentTimeNanos()) / 1e6
    }
    const nextSalt = (yield* Effect.random).nextIntBetween(0, SALTS)
    const started = clocks.monotonic()
    const recovered = yield* withSegment(fs, settings, yield* recover(fs, settings, clocks.wall()), nextSalt, clocks)
    const recovery = reportOf(recovered, clocks.monotonic() - started)
    return yield* start({ fs, settings, lock, clocks, nextSalt, recovered, recovery })
  })

const SALTS = 2 ** 32

/** Where nothing can be appended to what is there, a new segment follows it. */
const withSegment = (
  fs: FileSystem.FileSystem,
  settings: Settings,
  recovered: Recovered,
  nextSalt: Effect.Effect<number>,
  clocks: Clocks
): Effect.Effect<Recovered, OpenError> => {
  const { highestTimestamp, last: place } = recovered
  return place._tag !== "Needed" ? Effect.succeed(recovered) : Effect.flatMap(nextSalt, (salt) => {
    const header: SegmentHeader = {
      id: place.id,
      baseSequence: place.baseSequence,
      createdAt: clocks.wall(),
      salt,
      previousDataLength: place.previousDataLength,
      previousHighestTimestamp: highestTimestamp
    }
    return createSegment(fs, settings.directory, header).pipe(
      Effect.mapError(({ cause }) => cause),
      Effect.map((file): Recovered => {
        const index = new ActiveIndex()
        const entryEnd = SEGMENT_HEADER_LENGTH
        const last: LastSegment = { _tag: "Open", file, index, entryEnd, claimed: entryEnd }
        return { ...recovered, segments: [...recovered.segments, emptySegment(header, file.path, index)], last }
      })
    )
  })
}

const reportOf = (recovered: Recovered, duration: number): RecoveryReport => ({
  segments: recovered.segments.length,
  sealed: recovered.segments.filter((segment) => segment.index._tag === "Sealed").length,
  scanned: recovered.segments.filter((segment) => segment.index._tag !== "Sealed").length,
  entries: recovered.segments.reduce((sum, segment) => sum + segment.entryCount, 0),
  newestSequence: toSequence(recovered.segments.at(-1)?.lastSequence ?? 0),
  tornTails: recovered.tornTails,
  lost: recovered.lost,
  duration
})

const droppedEntries = (recovery: RecoveryReport): number =>
  recovery.tornTails.reduce(
    (sum, { dropped }) => sum + (dropped === undefined ? 0 : dropped.last - dropped.first + 1),
    0
  )

interface Opened {
  readonly fs: FileSystem.FileSystem
  readonly settings: Settings
  readonly lock: Lock.Lock
  readonly clocks: Clocks
  readonly nextSalt: Effect.Effect<number>
  readonly recovered: Recovered
  readonly recovery: RecoveryReport
}

/** Builds the parts on each other, and starts the fibers that work by themselves. */
const start = (opened: Opened): Effect.Effect<Log, WalIoError> =>
  Effect.gen(function*() {
    const { clocks, fs, lock, nextSalt, recovered, recovery, settings } = opened
    const { directory } = settings
    const state = new WriteState(settings, clocks)
    const view = new LiveView(enter(state, recovered), () => state.takeLanded())
    const metrics = makeMetrics(directory)
    observe(metrics, yield* view.get)
    metrics.entriesRecovered(recovery.entries)
    metrics.entriesDropped(droppedEntries(recovery))
    const handles = makeReadHandles(fs, directory)
    const indexes = makeIndexCache(handles, settings.indexCacheBytes)
    const seals = makeBackgroundSeals(view)

    const signals = { writer: new Signal(), flush: new Signal(), sync: new Signal(), rotated: new Signal() }
    const wakeWriter = (): void => signals.writer.raise()
    const syncer = makeSyncer(state, metrics, yield* detached(Effect.runtime()), () => {
      if (state.owesMark) {
        signals.flush.raise()
      }
    })
    const activeSegments = makeActiveSegments({
      fs,
      directory,
      state,
      view,
      syncer,
      nextSalt,
      growIndex: indexes.grow,
      onRotated: (segment, index, file) =>
        Effect.zipRight(
          seals.seal(segment, index, file),
          Effect.map(view.get, (current) => {
            observe(metrics, current)
            signals.rotated.raise()
          })
        )
    })
    const onUnsynced = (): void => {
      if (state.hasUnsyncedEntries && settings.syncInterval !== Infinity) {
        signals.sync.raise()
      }
    }
    const compaction = makeCompaction({ fs, directory, view, handles, indexes, metrics })
    const cursors = new Cursors({ fs, state, view })
    const maintenance = makeMaintenance(state, view, compaction, cursors, signals.rotated, wakeWriter)

    const committer = new Committer({ state, metrics, wakeWriter, wakeSyncer: syncer.wake, onUnsynced })
    const writer = yield* background(() =>
      runWriter({ state, syncer, activeSegments, committer, signal: signals.writer, metrics })
    )
    const timers = [
      yield* background(() => runFlushTimer(state, signals.flush, wakeWriter)),
      yield* background(() => runSyncTimer(state, signals.sync, syncer)),
      yield* background(() => maintenance.run)
    ]
    yield* sealUnsealed(fs, recovered, seals)

    const close = makeClose({
      fs,
      state,
      view,
      lock,
      syncer,
      seals,
      maintenance,
      handles,
      cursors,
      wakeWriter,
      writer,
      timers
    })
    const barriers = makeBarriers(state, syncer, wakeWriter)
    return {
      state,
      view,
      appender: makeAppender(state, { committer, writer: wakeWriter, flushTimer: () => signals.flush.raise() }),
      barriers,
      reads: {
        view,
        handles,
        indexes,
        smallReads: new SmallReads(),
        flushed: barriers.flushed,
        viewNow: () => (hasToWait(state) ? undefined : view.now)
      },
      maintenance,
      cursors,
      recovery,
      close
    }
  })

/** The first view, and a state that goes on where it ends. */
const enter = (state: WriteState, recovered: Recovered): LogView => {
  const { highestTimestamp, last, segments } = recovered
  const active = segments.at(-1)
  if (active === undefined) {
    throw new Error("a log has a segment")
  }
  state.continueAfter(active, highestTimestamp)
  if (last._tag === "Open") {
    state.turnTo(
      { segment: active, file: last.file, index: last.index },
      active.dataLength,
      last.entryEnd,
      last.claimed
    )
  }
  return { sealed: segments.slice(0, -1), active }
}

/** Whether what was acknowledged is not yet all in the view, or nothing may be read any more. */
const hasToWait = ({ filling, flying, life }: WriteState): boolean =>
  filling.buffered > 0 || flying.buffered > 0 || life === "closed"

/** What was rotated and not sealed before the process ended. */
const sealUnsealed = (fs: FileSystem.FileSystem, recovered: Recovered, seals: BackgroundSeals): Effect.Effect<void> =>
  Effect.forEach(recovered.unsealed, ({ index, segment }) =>
    openSegmentFile(fs, segment.path, "r+").pipe(
      Effect.flatMap((file) => seals.seal(segment, index, file)),
      Effect.ignore
    ), { discard: true })

/** Interruptible although its opener is not. */
const background = <A, E>(make: () => Effect.Effect<A, E>): Effect.Effect<Fiber.RuntimeFiber<A, E>> =>
  Effect.forkDaemon(detached(Effect.interruptible(Effect.flatMap(openerFirst, make))))

/** There is nothing to do yet but for whoever has opened the log; the second yield is for one who awaits that as a promise. */
const openerFirst: Effect.Effect<void> = Effect.zipRight(Effect.yieldNow(), Effect.yieldNow())

/** With a trace of its own: it outlives the span it was started in. */
const detached = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.mapInputContext(effect, (context: Context.Context<never>) => Context.omit(Tracer.ParentSpan)(context))
