import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, expect, it } from "@effect/vitest"
import { assertFalse, assertInclude, assertMatch, assertTrue, strictEqual } from "@effect/vitest/utils"
import { Wal, WalEntry } from "effect-wal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"
import { toInput } from "../../docs/demo/appendRest.js"
import { checkFlights } from "../../docs/demo/checkFlights.js"
import { type Flight, toContent } from "../../docs/demo/Flight.js"
import { recover } from "../../docs/demo/recover.js"
import { Screen } from "../../docs/demo/Screen.js"
import { segmentChart } from "../../docs/demo/segmentChart.js"

const root = fileURLToPath(new URL("../..", import.meta.url))

describe("npm run demo", () => {
  it.scoped("kills a writer, finds every acknowledged flight again, and expires what is old", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const { code, stderr, stdout } = yield* runDemo(directory)

      strictEqual(stderr, "")
      strictEqual(code, 0)
      assertMatch(stdout, /12,000 of 20,000 flights, [\d,]+ a second\n/)
      assertMatch(stdout, /SIGKILL, .* It had acknowledged 12,\d{3} flights;\n/)
      assertMatch(stdout, /Recovery took .*: 12,\d{3} flights in \d+ segments/)
      assertMatch(stdout, /✓ All 12,\d{3} acknowledged flights are there, in their order, with equal content\.\n/)
      assertMatch(stdout, / 219 airports are keys of the log/)
      assertMatch(stdout, /✓ 1,074 flights from DFW were read in .*, in their order\.\n/)
      assertMatch(stdout, /Compaction removed \d+ segments? with [\d,]+ flights/)
      assertMatch(stdout, /WalRetentionError: The entry with sequence 1 is gone; the oldest one is \d+\n/)
      assertMatch(stdout, /✓ The [\d,]+ flights that have not expired are there, in their order\.\n/)
      assertMatch(stdout, /✓ Nothing that was acknowledged is missing\. The demo took .*\n$/)
      assertFalse(stdout.includes("\u001b"), "colours or cursor movements in a pipe")
      assertFalse(stdout.includes("\r"), "a redrawn line in a pipe")

      const log = (yield* fs.readDirectory(directory)).find((name) => name.startsWith("effect-wal-demo-"))
      assertInclude(stdout, `Its files stay in ${directory}/${log}`)
      const files = yield* fs.readDirectory(`${directory}/${log}`)
      assertTrue(files.some((name) => name.endsWith(".wal")))
    }).pipe(Effect.provide(NodeContext.layer)))
})

const runDemo = (temporary: string) =>
  Effect.gen(function*() {
    const demo = yield* Command.make(process.execPath, "--import", "tsx", "docs/demo/main.ts").pipe(
      Command.workingDirectory(root),
      Command.env({ TMPDIR: temporary, NO_COLOR: undefined, FORCE_COLOR: undefined }),
      Command.start
    )
    const [stdout, stderr] = yield* Effect.all([textOf(demo.stdout), textOf(demo.stderr)], { concurrency: 2 })
    return { stdout, stderr, code: Number(yield* demo.exitCode) }
  })

const textOf = <E>(bytes: Stream.Stream<Uint8Array, E>) => Stream.mkString(Stream.decodeText(bytes))

describe("the demo's check", () => {
  const flights = ["DTW", "HNL", "LAS", "LAS", "MHT"].map(flightFrom)
  const written = flights.map((flight, place) => entryOf(flight, place + 1))

  it.effect("accepts what was acknowledged, and what was written beyond it", () =>
    Effect.gen(function*() {
      yield* checkFlights(flights, 5, written)
      yield* checkFlights(flights, 3, written)
      yield* checkFlights(flights, 0, [])
    }))

  it.effect.each<[string, ReadonlyArray<WalEntry.Entry>, string]>([
    ["no flight at all", [], "5 flights were acknowledged, but the log has 0"],
    ["the last flight missing", written.slice(0, 4), "5 flights were acknowledged, but the log has 4"],
    ["the first flight missing", written.slice(1), "flight 1 should be"],
    ["a flight missing in between", written.toSpliced(2, 1), "flight 3 should be"],
    [
      "two flights in the wrong order",
      written.toSpliced(2, 2, ...written.slice(2, 4).toReversed()),
      "flight 3 should be"
    ],
    ["a flight twice", written.toSpliced(1, 0, ...written.slice(0, 1)), "flight 2 should be"],
    ["one flight more than there are", [...written, ...written.slice(4)], "flight 6 should be none"],
    ["another content", changed({ content: new TextEncoder().encode("{}") }), "but the log has {}"],
    ["another key", changed({ key: new TextEncoder().encode("LAX") }), "flight 5 should be"]
  ])("rejects %s", ([, entries, message]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(checkFlights(flights, 5, entries))
      strictEqual(error._tag, "FlightLost")
      assertInclude(error.message, message)
    }))

  it.effect("fails the demo when the log has less than was acknowledged", () =>
    Effect.gen(function*() {
      const wal = yield* Wal.Wal
      yield* wal.appendBatch(flights.slice(0, 4).map(toInput))
      strictEqual(yield* recover(flights, 4), 4)
      const error = yield* Effect.flip(recover(flights, 5))
      strictEqual(error._tag, "FlightLost")
    }).pipe(Effect.provide([Wal.layerMemory(), silentScreen])))

  function changed(part: Partial<WalEntry.Entry>): ReadonlyArray<WalEntry.Entry> {
    return [...written.slice(0, 4), { ...entryOf(flightFrom("MHT", 4), 5), ...part }]
  }
})

describe("the demo's chart", () => {
  it("draws a row for each segment", () => {
    const now = 1_000_000
    const rows = segmentChart([
      { ...segment, state: "sealed", bytes: 256 * 1024, entries: 1800, highestTimestamp: now - 4200 },
      { ...segment, segment: WalEntry.SegmentId.make(2), state: "active", bytes: 128, entries: 0, highestTimestamp: 0 }
    ], now)
    expect(rows).toEqual([
      "segment  size                                entries  youngest entry",
      `      1  ${"█".repeat(24)} 256.0 KiB     1,800   4.2 s ago`,
      `      2  █${"░".repeat(23)}   0.1 KiB         0       empty  active`
    ])
  })
})

const segment = {
  segment: WalEntry.SegmentId.make(1),
  path: "1.wal",
  firstSequence: WalEntry.Sequence.make(1),
  lastSequence: WalEntry.Sequence.make(1),
  createdAt: 0,
  lowestTimestamp: 0
}

function flightFrom(origin: string, place: number): Flight {
  return { date: "2001/01/01 00:47", delay: place, distance: 1750, origin, destination: "LAS" }
}

function entryOf(flight: Flight, sequence: number): WalEntry.Entry {
  return {
    sequence: WalEntry.Sequence.make(sequence),
    timestamp: 0,
    key: new TextEncoder().encode(flight.origin),
    content: toContent(flight),
    metadata: new Uint8Array(),
    ref: {
      segment: WalEntry.SegmentId.make(1),
      offset: 128,
      length: 64,
      sequence: WalEntry.Sequence.make(sequence),
      checksum: 0
    }
  }
}

const silentScreen = Layer.succeed(Screen, {
  title: () => Effect.void,
  step: () => Effect.void,
  say: () => Effect.void,
  good: () => Effect.void,
  progress: () => Effect.succeed({ at: () => Effect.void, end: Effect.void })
})
