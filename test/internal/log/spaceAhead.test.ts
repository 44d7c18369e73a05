import { describe, expect, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import * as Wal from "effect-wal/Wal"
import * as WalInspect from "effect-wal/WalInspect"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { toSegmentId } from "../../../src/internal/log/nominal.js"
import { SpaceAhead } from "../../../src/internal/log/spaceAhead.js"

const KIB = 1024

/** A group that ends at `end`; somebody waits until it is synced, or nobody. */
const group = (end: number, length: number, waiters: number) => ({
  end,
  length,
  synced: Array.from({ length: waiters }, () => ({ succeed: () => undefined, fail: () => undefined }))
})

describe("SpaceAhead", () => {
  it("is wanted by those who wait for a sync, and by nobody else", () => {
    const space = new SpaceAhead(1024 * KIB)
    expect(space.isWantedFor(group(500, 300, 1))).toBe(true)
    expect(space.isWantedFor(group(500, 300, 0))).toBe(false)
    expect(space.isWantedFor(group(500 * KIB, 65 * KIB, 1))).toBe(false)
  })

  it("is wanted again only when it is used up", () => {
    const space = new SpaceAhead(1024 * KIB)
    space.reachedTo(1000)
    expect(space.isWantedFor(group(1000, 100, 1))).toBe(false)
    expect(space.isWantedFor(group(1008, 100, 1))).toBe(true)
  })

  it("grows with the segment, from 64 KiB to 1 MiB, and never beyond it", () => {
    const space = new SpaceAhead(8192 * KIB)
    expect(space.rangeFor(group(1000, 8, 1))).toEqual({ start: 1000, end: 1000 + 64 * KIB })
    expect(space.rangeFor(group(300 * KIB, 8, 1))).toEqual({ start: 300 * KIB, end: 600 * KIB })
    expect(space.rangeFor(group(4096 * KIB, 8, 1))).toEqual({ start: 4096 * KIB, end: 5120 * KIB })
    expect(space.rangeFor(group(8190 * KIB, 8, 1))).toEqual({ start: 8190 * KIB, end: 8192 * KIB })
    expect(space.isWantedFor(group(8192 * KIB, 8, 1))).toBe(false)
  })

  it("is not tried again in a file in which there was no room for it", () => {
    const space = new SpaceAhead(1024 * KIB)
    space.reachedTo(2000)
    expect(space.giveUp(1500)).toBe(2000)
    expect(space.giveUp(2500)).toBe(2500)
    expect(space.isWantedFor(group(3000, 8, 1))).toBe(false)
    space.begin()
    expect(space.isWantedFor(group(3000, 8, 1))).toBe(true)
  })
})

const PATH = "/log/00000000000000000001.wal"

const openOn = (disk: SimulatedDisk.SimulatedDisk) =>
  Effect.provide(Wal.make({ directory: "/log", compaction: "manual", syncInterval: "never" }), disk.layer)

const sizeOn = (disk: SimulatedDisk.SimulatedDisk) =>
  Effect.map(disk.fileSystem.stat(PATH), (info) => Number(info.size))

const appendSynced = (wal: Wal.Service, count: number) =>
  Effect.forEach(
    Array.from({ length: count }, (_, index) => index),
    (index) => wal.logEntry("key", new TextEncoder().encode(`content ${index}`)),
    { discard: true }
  )

/** The disk of a log with three synced entries that is still open. */
const inUse = Effect.gen(function*() {
  const disk = yield* SimulatedDisk.make({ files: "tuned", completion: "immediate" })
  const wal = yield* openOn(disk)
  yield* appendSynced(wal, 3)
  return { disk, wal }
})

describe("the zeros behind the last entry", () => {
  it.scoped("are written once, and not before each sync", () =>
    Effect.gen(function*() {
      const { disk, wal } = yield* inUse
      const size = yield* sizeOn(disk)
      assertTrue(size > 64 * KIB)
      yield* appendSynced(wal, 50)
      strictEqual(yield* sizeOn(disk), size)
      const writes = (yield* disk.operations).filter(({ kind, path }) => kind === "write" && path === PATH)
      strictEqual(writes.filter(({ length = 0 }) => length >= 64 * KIB).length, 1)
    }))

  it.scoped("are the end of the log after a crash, and no torn tail", () =>
    Effect.gen(function*() {
      const { disk } = yield* inUse
      for (const crashed of [yield* disk.killed, yield* disk.crashed("lose-all"), yield* disk.crashed("keep-all")]) {
        const next = yield* openOn(crashed)
        deepStrictEqual(next.recovery.tornTails, [])
        strictEqual(yield* next.entryCount, 3)
        assertTrue((yield* sizeOn(crashed)) < KIB)
      }
    }))

  it.scoped("do not hide that synced entries are gone", () =>
    Effect.gen(function*() {
      const { disk, wal } = yield* inUse
      const { dataLength } = (yield* wal.stats).segments.map(({ bytes }) => ({ dataLength: bytes }))[0] ??
        { dataLength: 0 }
      const crashed = yield* disk.killed
      const bytes = yield* crashed.fileSystem.readFile(PATH)
      // The second and third entries become zeros, and the mark behind the first one with them, but for the last mark.
      bytes.fill(0, dataLength - 300, dataLength - 100)
      yield* crashed.fileSystem.writeFile(PATH, bytes)
      const error = yield* Effect.flip(openOn(crashed))
      strictEqual(error._tag, "WalCorruptionError")
    }))

  it.scoped("are whole in the eyes of verify", () =>
    Effect.gen(function*() {
      const { disk } = yield* inUse
      const findings = yield* Stream.runCollect(WalInspect.verify("/log")).pipe(
        Effect.provide(disk.layer),
        Effect.map(Chunk.toReadonlyArray)
      )
      deepStrictEqual(findings.map(({ condition, entries }) => [condition, entries]), [["whole", 3]])
    }))

  it.effect("are given back when the segment is sealed", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make({ files: "tuned", completion: "immediate" })
      yield* Effect.scoped(Effect.flatMap(openOn(disk), (wal) => appendSynced(wal, 3)))
      assertTrue((yield* sizeOn(disk)) < 2 * KIB)
      yield* Effect.scoped(
        Effect.flatMap(openOn(disk), (wal) =>
          Effect.map(wal.stats, ({ segments }) => deepStrictEqual(segments[0]?.segment, toSegmentId(1))))
      )
    }))

  it.scoped("are left out where the disk has no room for them", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make({ files: "tuned", completion: "immediate" })
      const wal = yield* openOn(disk)
      yield* disk.setCapacity((yield* disk.used) + 20_000)
      yield* appendSynced(wal, 100)
      strictEqual(yield* wal.entryCount, 100)
      assertTrue((yield* sizeOn(disk)) < 20_000)
    }))
})
