/**
 * Syncs that nobody waits for, so that a rotation does not have to wait for all of a segment.
 */
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import * as Wal from "effect-wal/Wal"
import type { WalOptions } from "effect-wal/WalOptions"
import * as Effect from "effect/Effect"

const MIB = 1024 * 1024

/** The clock stands still, so that no interval passes. */
const syncsWhile20MiBAreAppended = (options: Pick<WalOptions, "syncInterval">) =>
  Effect.gen(function*() {
    const disk = yield* SimulatedDisk.make({})
    const wal = yield* Effect.provide(
      Wal.make({ directory: "/log", compaction: "manual", flushInterval: "1 hour", ...options }),
      disk.layer
    )
    const before = (yield* disk.operations).length
    yield* Effect.repeatN(wal.appendEntry("k", new Uint8Array(MIB / 2)), 39)
    const operations = (yield* disk.operations).slice(before)
    return operations.filter(({ kind, path }) => kind === "sync" && path.endsWith("1.wal")).length
  })

describe("what is written and not synced", () => {
  it.scoped("is synced every 8 MiB", () =>
    Effect.map(syncsWhile20MiBAreAppended({}), (syncs) => assertTrue(syncs >= 1 && syncs <= 3)))

  it.scoped("is left alone where nothing is to be synced", () =>
    Effect.map(syncsWhile20MiBAreAppended({ syncInterval: "never" }), (syncs) => deepStrictEqual(syncs, 0)))
})
