/**
 * Step 5: segments end with their second, and go when their entries have expired.
 */
import { Wal, type WalEntry } from "effect-wal"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { toInput } from "./appendRest.js"
import { checkFlights } from "./checkFlights.js"
import type { Flight } from "./Flight.js"
import { count, plural, size } from "./format.js"
import { Screen } from "./Screen.js"
import { segmentChart } from "./segmentChart.js"

const AT_ONCE = 10

export const expire = (flights: ReadonlyArray<Flight>, present: number) =>
  Effect.gen(function*() {
    const screen = yield* Screen
    yield* screen.step("5  Retention")
    yield* screen.say(
      `The log is opened once more, now to keep entries for four seconds only: a segment`,
      `is active for one second, and may go when its youngest entry is four seconds old.`,
      `The last flights come slowly.`
    )
    const first = yield* oldestEntry
    yield* appendSlowly(flights, present)
    yield* drawSegments
    yield* compact
    yield* drawSegments
    yield* readAgain(first)
    yield* checkWhatIsLeft(flights)
  })

const oldestEntry = Effect.flatMap(Wal.Wal, (wal) => Effect.flatten(Stream.runHead(wal.replay())))

const appendSlowly = (flights: ReadonlyArray<Flight>, present: number) =>
  Effect.gen(function*() {
    const screen = yield* Screen
    const wal = yield* Wal.Wal
    const progress = yield* screen.progress({ from: present, total: flights.length, everyLine: 200 })
    for (let first = present; first < flights.length; first += AT_ONCE) {
      const batch = flights.slice(first, first + AT_ONCE)
      yield* Effect.delay(wal.appendBatch(batch.map(toInput)), "50 millis")
      yield* progress.at(first + batch.length)
    }
    yield* progress.end
  })

const drawSegments = Effect.gen(function*() {
  const screen = yield* Screen
  const wal = yield* Wal.Wal
  const { segments } = yield* wal.stats
  yield* screen.say("", ...segmentChart(segments, yield* Clock.currentTimeMillis), "")
})

const compact = Effect.gen(function*() {
  const screen = yield* Screen
  const wal = yield* Wal.Wal
  const { oldestSequence, removed } = yield* wal.compact
  const entries = removed.reduce((sum, segment) => sum + segment.entries, 0)
  const bytes = removed.reduce((sum, segment) => sum + segment.bytes, 0)
  yield* screen.say(
    `Compaction removed ${plural(removed.length, "segment")} with ${count(entries)} flights, ${size(bytes)};`,
    `the oldest flight is now number ${count(oldestSequence)}.`
  )
})

/** Who still holds the place of an entry that is gone is told so. */
const readAgain = (entry: WalEntry.Entry) =>
  Effect.gen(function*() {
    const screen = yield* Screen
    const wal = yield* Wal.Wal
    const result = yield* wal.readEntryAt(entry.ref).pipe(
      Effect.as("it is still there"),
      Effect.catchTag("WalRetentionError", (error) => Effect.succeed(`${error._tag}: ${error.message}`))
    )
    yield* screen.say(`Flight number ${entry.sequence}, asked for by its ref:`, `  ${result}`)
  })

/** Sequences count from 1, and go on whatever has expired: number n is always the n-th flight. */
const checkWhatIsLeft = (flights: ReadonlyArray<Flight>) =>
  Effect.gen(function*() {
    const screen = yield* Screen
    const wal = yield* Wal.Wal
    const entries = Chunk.toReadonlyArray(yield* Stream.runCollect(wal.replay()))
    const expected = flights.slice((entries[0]?.sequence ?? flights.length + 1) - 1)
    yield* checkFlights(expected, expected.length, entries)
    yield* screen.good(`The ${count(entries.length)} flights that have not expired are there, in their order.`)
  })
