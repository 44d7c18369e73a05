import * as FileSystem from "@effect/platform/FileSystem"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { SEGMENT_HEADER_LENGTH } from "../src/internal/format/segmentHeader.js"
import * as SimulatedDisk from "../src/testing/SimulatedDisk.js"
import * as Wal from "../src/Wal.js"
import * as WalInspect from "../src/WalInspect.js"
import { SegmentFinding } from "../src/WalReport.js"

const DIRECTORY = "/log"

const segmentPath = (id: number): string => `${DIRECTORY}/${String(id).padStart(20, "0")}.wal`

const open = Wal.make({ directory: DIRECTORY, maxSegmentBytes: 4096, compaction: "manual" })

/** Twelve entries of 900 bytes in three segments. */
const fill = Effect.flatMap(
  open,
  (wal) =>
    Effect.forEach(Array.from({ length: 12 }), (_, index) => wal.logEntry(`key-${index}`, new Uint8Array(900)), {
      discard: true
    })
)

const closedLog = Effect.scoped(fill)

const findings = Effect.map(Stream.runCollect(WalInspect.verify(DIRECTORY)), Chunk.toReadonlyArray)

const conditions = Effect.map(findings, (all) => all.map(({ condition, segment }) => `${segment} ${condition}`))

const flip = (id: number, offset: number) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const bytes = Uint8Array.from(yield* fs.readFile(segmentPath(id)))
    bytes[offset] = (bytes[offset] ?? 0) ^ 1
    yield* fs.writeFile(segmentPath(id), bytes)
  })

describe("verify", () => {
  it.effect("says of a closed log that it is whole, segment by segment", () =>
    Effect.gen(function*() {
      yield* closedLog
      const all = yield* findings
      deepStrictEqual(all.map(({ condition, index, seal }) => [condition, seal, index]), [
        ["whole", "rotated", "whole"],
        ["whole", "rotated", "whole"],
        ["whole", "closed", "whole"]
      ])
      strictEqual(all.reduce((sum, { entries }) => sum + entries, 0), 12)
      strictEqual(all.at(-1)?.lastSequence, 12)
    }).pipe(Effect.provide(SimulatedDisk.layer())))

  it.scoped("takes the unfinished end of a log in use for what it is, and changes nothing", () =>
    Effect.gen(function*() {
      yield* fill
      const fs = yield* FileSystem.FileSystem
      const before = yield* fs.readFile(segmentPath(3))
      yield* fs.writeFile(segmentPath(3), Buffer.concat([before, Buffer.alloc(40, 7)]))
      deepStrictEqual(yield* conditions, ["1 whole", "2 whole", "3 unfinished"])
      strictEqual((yield* fs.readFile(segmentPath(3))).length, before.length + 40)
    }).pipe(Effect.provide(SimulatedDisk.layer())))

  it.effect("names what a damaged entry lost, and what had promised it", () =>
    Effect.gen(function*() {
      yield* closedLog
      yield* flip(2, SEGMENT_HEADER_LENGTH + 200)
      const damaged = (yield* findings)[1]
      strictEqual(damaged?.condition, "damaged")
      const [lost] = damaged?.lost ?? []
      strictEqual(lost?.sequences.first, damaged?.firstSequence)
      strictEqual(lost?.sequences.last, damaged?.firstSequence)
      deepStrictEqual(lost?.keys.map((key) => new TextDecoder().decode(key)), [
        `key-${(damaged?.firstSequence ?? 0) - 1}`
      ])
      assertTrue(damaged?.promisedBy.includes("seal") ?? false)
    }).pipe(Effect.provide(SimulatedDisk.layer())))

  it.effect("finds a missing segment, a header that does not verify, and a damaged index", () =>
    Effect.gen(function*() {
      yield* closedLog
      const fs = yield* FileSystem.FileSystem
      const size = Number((yield* fs.stat(segmentPath(3))).size)
      yield* flip(1, 20)
      yield* fs.remove(segmentPath(2))
      yield* flip(3, size - 150)
      deepStrictEqual(yield* conditions, ["1 unreadable", "2 missing", "3 whole"])
      strictEqual((yield* findings)[2]?.index, "damaged")
    }).pipe(Effect.provide(SimulatedDisk.layer())))

  it.effect("reports in a form that a machine reads", () =>
    Effect.gen(function*() {
      yield* closedLog
      yield* flip(2, SEGMENT_HEADER_LENGTH + 200)
      const json = Schema.parseJson(Schema.Array(SegmentFinding))
      const all = yield* findings
      deepStrictEqual(yield* Schema.decode(json)(yield* Schema.encode(json)(all)), all)
    }).pipe(Effect.provide(SimulatedDisk.layer())))

  it.effect("fails typed where there is no directory, and finds nothing where there is no log", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(findings)
      strictEqual(error.reason, "NotFound")
      const fs = yield* FileSystem.FileSystem
      yield* fs.makeDirectory(DIRECTORY)
      deepStrictEqual(yield* findings, [])
    }).pipe(Effect.provide(SimulatedDisk.layer())))
})
