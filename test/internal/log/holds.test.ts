import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { toSequence } from "../../../src/internal/log/nominal.js"
import type * as Wal from "../../../src/Wal.js"
import * as WalConsumer from "../../../src/WalConsumer.js"
import { appendThird, pass, removedFrom, segmentIds, setUp } from "../../support/retaining.js"

const HELD = { consumers: ["billing", "audit"], atMostBytes: 100_000 } as const

/** Three entries for each segment, and everything expired. */
const fillAndExpire = (wal: Wal.Service, segments: number) =>
  Effect.zipRight(
    Effect.forEach(Array.from({ length: segments * 3 }), () => appendThird(wal), { discard: true }),
    Effect.zipRight(wal.sync, pass(200))
  )

const process = (wal: Wal.Service, name: string, upTo: number) =>
  Effect.gen(function*() {
    const consumer = yield* WalConsumer.make({ name, wal, from: "earliest" })
    const fiber = yield* Effect.fork(consumer.run(
      ([entry]) => (entry.sequence > upTo ? Effect.never : Effect.void),
      { batch: 1, concurrency: 1 }
    ))
    yield* Effect.yieldNow().pipe(Effect.repeatN(2_000))
    yield* Fiber.interrupt(fiber)
    strictEqual(yield* consumer.position, upTo)
  })

describe("retention that waits for consumers", () => {
  it.scoped("keeps what the slowest of them has not processed", () =>
    Effect.gen(function*() {
      const { open } = yield* setUp({ maxSegmentBytes: 4096, holdFor: HELD })
      const wal = yield* open
      yield* fillAndExpire(wal, 5)
      yield* process(wal, "billing", 12)
      yield* process(wal, "audit", 7)
      const report = yield* wal.compact
      deepStrictEqual(removedFrom(report), [[1, "expired"], [2, "expired"]])
      deepStrictEqual(report.held?.segments.map(Number), [3, 4, 5])
      deepStrictEqual(report.held?.consumers, ["audit"])
      yield* process(wal, "audit", 15)
      deepStrictEqual(removedFrom(yield* wal.compact), [[3, "expired"], [4, "expired"]])
    }))

  it.scoped("keeps everything for one that was never made, and for one whose cursor cannot be read", () =>
    Effect.gen(function*() {
      const { disk, open } = yield* setUp({ maxSegmentBytes: 4096, holdFor: HELD })
      const wal = yield* open
      yield* fillAndExpire(wal, 3)
      yield* process(wal, "billing", 9)
      deepStrictEqual(removedFrom(yield* wal.compact), [])
      yield* disk.fileSystem.writeFileString("/wal/audit.cursor", "nonsense")
      const report = yield* wal.compact
      deepStrictEqual(removedFrom(report), [])
      deepStrictEqual(report.held?.consumers, ["audit"])
    }))

  it.scoped("and not against `truncateBefore`, which somebody has asked for", () =>
    Effect.gen(function*() {
      const { open } = yield* setUp({ maxSegmentBytes: 4096, holdFor: HELD })
      const wal = yield* open
      yield* fillAndExpire(wal, 3)
      strictEqual((yield* wal.truncateBefore(yield* wal.sync)).removed.length > 0, true)
    }))

  it.scoped("up to its limit: then the oldest go, it is reported, and the consumer is told", () =>
    Effect.gen(function*() {
      const { open } = yield* setUp({ maxSegmentBytes: 4096, holdFor: { consumers: ["billing"], atMostBytes: 8_000 } })
      const wal = yield* open
      yield* process(wal, "billing", 0)
      yield* fillAndExpire(wal, 5)
      const report = yield* wal.compact
      const removed = removedFrom(report)
      assertTrue(removed.length > 0 && removed.every(([, reason]) => reason === "holdBroken"))
      assertTrue((report.held?.bytes ?? 0) <= 8_000)
      assertTrue((yield* segmentIds(wal)).length > 1)
      const { recovery } = yield* WalConsumer.make({ name: "billing", wal, from: "earliest" })
      deepStrictEqual(recovery, {
        _tag: "Expired",
        cursor: toSequence(0),
        after: toSequence(report.oldestSequence - 1),
        missed: { first: toSequence(1), last: toSequence(report.oldestSequence - 1) }
      })
    }))

  it.scoped("by the cursors on the disk, when the log is opened again and no consumer was made yet", () =>
    Effect.gen(function*() {
      const { open } = yield* setUp({ maxSegmentBytes: 4096, holdFor: { ...HELD, consumers: ["billing"] } })
      yield* Effect.scoped(Effect.gen(function*() {
        const wal = yield* open
        yield* fillAndExpire(wal, 4)
        yield* process(wal, "billing", 6)
      }))
      const wal = yield* open
      yield* pass(200)
      const removed = removedFrom(yield* wal.compact)
      deepStrictEqual(removed, [[1, "expired"], [2, "expired"]])
    }))

  it.scoped("by options that keep to their rules", () =>
    Effect.gen(function*() {
      const refused = (holdFor: NonNullable<Parameters<typeof Wal.make>[0]["holdFor"]>) =>
        Effect.gen(function*() {
          const { open } = yield* setUp({ holdFor })
          const error = yield* Effect.flip(Effect.scoped(open))
          return error._tag === "WalConfigError" ? error.option : error._tag
        })
      strictEqual(yield* refused({ consumers: [], atMostBytes: 10_000 }), "holdFor.consumers")
      strictEqual(yield* refused({ consumers: ["a/b"], atMostBytes: 10_000 }), "holdFor.consumers")
      strictEqual(yield* refused({ consumers: ["a"], atMostBytes: 10 }), "holdFor.atMostBytes")
    }))
})
