/**
 * A log for tests of retention: on a simulated disk, by a clock that the test moves.
 */
import { SimulatedDisk } from "effect-wal/testing"
import * as Wal from "effect-wal/Wal"
import type { WalOptions } from "effect-wal/WalOptions"
import type { CompactionReport } from "effect-wal/WalReport"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { bytes } from "./entries.js"

export const START = 1_700_000_000_000
export const YEAR = 365 * 86_400_000

/** Entries live for 100 seconds, in windows of 10. */
const options = {
  directory: "/wal",
  entryRetention: "100 seconds",
  segments: 10,
  compaction: "manual",
  syncInterval: "never"
} as const satisfies WalOptions

/** A disk, and a way to open the log on it for as long as the test wants. */
export const setUp = (changes?: Partial<WalOptions>) =>
  Effect.gen(function*() {
    yield* TestClock.setTime(START)
    const disk = yield* SimulatedDisk.make()
    const open = Effect.provide(Wal.make({ ...options, ...changes }), disk.layer)
    return { disk, open }
  })

export const append = (wal: Wal.Service, content = "x") => wal.appendEntry("k", bytes(content))

/** About a third of a segment of 4,096 bytes. */
export const appendThird = (wal: Wal.Service) => wal.appendEntry("k", new Uint8Array(1_000))

export const segmentIds = (wal: Wal.Service) =>
  Effect.map(wal.stats, ({ segments }) => segments.map(({ segment }) => Number(segment)))

export const removedFrom = (report: CompactionReport) =>
  report.removed.map(({ reason, segment }) => [Number(segment), reason])

export const pass = (seconds: number) => TestClock.adjust(`${seconds} seconds`)
