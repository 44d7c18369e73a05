/**
 * Directories on the real disk, logs in them, and what they were told and tell.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as TestServices from "effect/TestServices"
import { existsSync } from "node:fs"
import * as Wal from "../../../../src/Wal.js"
import { type Entry, SegmentId, Sequence } from "../../../../src/WalEntry.js"
import { WalCodecError, WalCorruptionError } from "../../../../src/WalError.js"
import type { WalOptions } from "../../../../src/WalOptions.js"
import type { TornTail } from "../../../../src/WalReport.js"
import { capture, type CrashImage, isSealed, restore } from "./crashImage.js"

export const real = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | Scope.Scope>) =>
  Effect.provide(effect, NodeFileSystem.layer)

export type Options = Omit<Partial<WalOptions>, "directory">

/** A directory of a test's own. */
export interface Place {
  readonly directory: string
  readonly image: Effect.Effect<CrashImage>
  readonly put: (image: CrashImage) => Effect.Effect<void>
  /** Nothing happens by itself in these logs. */
  readonly open: (options?: Options) => ReturnType<typeof Wal.make>
}

const makePlace = (directory: string): Place => ({
  directory,
  image: Effect.sync(() => capture(directory)),
  put: (image) => Effect.sync(() => restore(directory, image)),
  open: (options) => Wal.make({ directory, syncInterval: "never", compaction: "manual", ...options })
})

/** A file system in memory, where there is one: thousands of fsyncs are quick there, and the calls are the same. */
const IN_MEMORY = existsSync("/dev/shm") ? { directory: "/dev/shm" } : {}

export const place: Effect.Effect<Place, never, FileSystem.FileSystem | Scope.Scope> = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  return makePlace(yield* Effect.orDie(fs.makeTempDirectoryScoped({ prefix: "effect-wal-", ...IN_MEMORY })))
})

/** A directory that holds a crash's image. */
export const placeOf = (image: CrashImage) => Effect.tap(place, ({ put }) => put(image))

export const seq = (sequence: number): Sequence => Sequence.make(sequence)

export const range = (first: number, last: number) => ({ first: seq(first), last: seq(last) })

/** What is reported of the first segment's end. */
export const tail = (offset: number, bytes: number, more: Pick<TornTail, "dropped" | "keptAs"> = {}): TornTail => ({
  segment: SegmentId.make(1),
  offset,
  bytes,
  ...more
})

// --- writing

const encoder = new TextEncoder()

/** Contents of many lengths, so that frames end in every way. */
export const contentOf = (sequence: number): string => `content ${sequence} ${"x".repeat((sequence * 5) % 11)}`

export const keyOf = (sequence: number): string => (sequence % 2 === 0 ? "even" : "odd")

export const inputOf = (sequence: number) => ({ key: keyOf(sequence), content: encoder.encode(contentOf(sequence)) })

/** Appends the entries with these sequences, each with a content that tells its sequence. */
export const appendRange = (
  wal: Wal.Service,
  first: number,
  last: number,
  durability: "written" | "synced" = "written"
) =>
  Effect.forEach(
    Array.from({ length: last - first + 1 }, (_, index) => inputOf(first + index)),
    ({ content, key }) => wal.appendEntry(key, content, { durability })
  )

/** The same as one batch. */
export const appendBatch = (wal: Wal.Service, first: number, last: number) =>
  wal.appendBatch(Array.from({ length: last - first + 1 }, (_, index) => inputOf(first + index)))

/** With these, a segment's window is a second, and the next append after `nextWindow` goes to a new segment. */
export const SHORT_WINDOWS = { entryRetention: "1000 seconds", segments: 1000 } as const

export const nextWindow = TestClock.adjust("2 seconds")

/** Waits until the seals that are written behind are there. */
const sealsWritten = (at: Place): Effect.Effect<void> =>
  at.image.pipe(
    Effect.map((image) => [...image].filter(([name]) => name.endsWith(".wal")).slice(0, -1)),
    Effect.zipLeft(pause),
    Effect.repeat({ until: (segments) => segments.every(([, bytes]) => isSealed(bytes)) }),
    Effect.asVoid
  )

/** On the real clock: real files take real time. */
const pause = TestServices.provideLive(Effect.sleep("1 millis"))

/** What is left when the process dies after it wrote all that `write` told it to. */
export const killedAfter = <E>(write: (wal: Wal.Service) => Effect.Effect<unknown, E>) =>
  madeBy((at, wal) => Effect.zipRight(write(wal), Effect.zipRight(sealsWritten(at), at.image)))

/** What is left when the log is closed after that. */
export const closedAfter = <E>(write: (wal: Wal.Service) => Effect.Effect<unknown, E>) =>
  madeBy((at, wal) => Effect.zipRight(write(wal), Effect.zipRight(wal.shutdown({ files: "keep" }), at.image)))

const madeBy = <E>(use: (at: Place, wal: Wal.Service) => Effect.Effect<CrashImage, E>) =>
  Effect.suspend(() =>
    Effect.gen(function*() {
      const at = yield* place
      return yield* use(at, yield* at.open(SHORT_WINDOWS))
    }).pipe(Effect.scoped, Effect.withRandom(Random.make("salts")), Effect.orDie)
  )

// --- reading

/** An entry as the tests tell it. */
export interface Told {
  readonly sequence: number
  readonly key: string
  readonly content: string
}

export const told = (entry: Entry): Told => ({
  sequence: entry.sequence,
  key: Buffer.from(entry.key).toString(),
  content: Buffer.from(entry.content).toString()
})

/** What `appendRange` appended. */
export const entriesOf = (first: number, last: number): ReadonlyArray<Told> =>
  Array.from({ length: last - first + 1 }, (_, index) => ({
    sequence: first + index,
    key: keyOf(first + index),
    content: contentOf(first + index)
  }))

export const entriesWithout = (last: number, lost: ReadonlyArray<number>): ReadonlyArray<Told> =>
  entriesOf(1, last).filter(({ sequence }) => !lost.includes(sequence))

export const readAll = (wal: Wal.Service, options?: Wal.ReplayOptions) =>
  Effect.map(Stream.runCollect(wal.replay(options)), (entries) => Chunk.toReadonlyArray(entries).map(told))

export const readKey = (wal: Wal.Service, key: string, options?: Wal.ReadOptions) =>
  Effect.map(
    Stream.runCollect(wal.enumerateRecords(key, options)),
    (entries) => Chunk.toReadonlyArray(entries).map(told)
  )

// --- refusals

/** The corruption that refuses the effect; any other end of it is a defect. */
export const corruptionOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<WalCorruptionError, never, R> =>
  refusalOf(effect, (error) => error instanceof WalCorruptionError ? error : undefined)

export const codecErrorOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<WalCodecError, never, R> =>
  refusalOf(effect, (error) => error instanceof WalCodecError ? error : undefined)

const refusalOf = <A, E, R, B>(effect: Effect.Effect<A, E, R>, expected: (error: E) => B | undefined) =>
  Effect.matchEffect(effect, {
    onSuccess: () => Effect.dieMessage("it did not fail"),
    onFailure: (error) => {
      const found = expected(error)
      return found === undefined ? Effect.die(error) : Effect.succeed(found)
    }
  })
