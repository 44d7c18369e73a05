/**
 * Opens logs on a simulated machine, each boot and process of which is an owner of its own.
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as SimulatedDisk from "../../src/testing/SimulatedDisk.js"
import * as Wal from "../../src/Wal.js"
import type { OpenError } from "../../src/WalError.js"
import type { WalOptions } from "../../src/WalOptions.js"
import { Ledger } from "./ledger.js"

export const DIRECTORY = "/data/log"

/** Small segments, so that a short workload rotates; nothing happens by itself but what the test's clock moves. */
export const SMALL: Omit<WalOptions, "directory"> = { maxSegmentBytes: 4096, compaction: "manual" }

export const openOn = (
  disk: SimulatedDisk.SimulatedDisk,
  options: Omit<WalOptions, "directory"> = SMALL
): Effect.Effect<Wal.Service, OpenError, Scope.Scope> =>
  Wal.make({ directory: DIRECTORY, ...options }).pipe(
    Effect.provide(disk.layer),
    Effect.withRandom(Random.make(disk.machine.boot))
  )

/** The files of platform-node, and those of `effect-wal/node`, which a log writes and reads at once. */
export const FILES = ["platform", "tuned"] as const

export type Files = typeof FILES[number]

/** A machine with an empty disk, and the account of what is done on it. */
export const boot = (
  files: Files
): Effect.Effect<{ readonly disk: SimulatedDisk.SimulatedDisk; readonly ledger: Ledger }> =>
  Effect.gen(function*() {
    const disk = yield* SimulatedDisk.make({ completion: "immediate", recording: "off", files })
    const clock = yield* Effect.clock
    const ledger = new Ledger(() => Effect.runSync(disk.operationCount), () => clock.unsafeCurrentTimeMillis())
    return { disk, ledger }
  })
