/**
 * Step 4: the log is read by key.
 */
import { Wal } from "effect-wal"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { checkFlights } from "./checkFlights.js"
import { type Flight, fromContent } from "./Flight.js"
import { bar, count, time } from "./format.js"
import { Screen } from "./Screen.js"

export const browse = (flights: ReadonlyArray<Flight>) =>
  Effect.gen(function*() {
    const screen = yield* Screen
    yield* screen.step("4  The keys, and one airport's flights")
    const wal = yield* Wal.Wal
    const [keysTime, airports] = yield* Effect.timed(Stream.runCollect(wal.enumerateKeysAs(Schema.String)))
    const [replayTime, busiest] = yield* Effect.timed(busiestAirports)
    const most = busiest[0]?.flights ?? 0
    yield* screen.say(
      `${count(airports.length)} airports are keys of the log, found in ${time(keysTime)}. The busiest of them,`,
      `counted by a replay of the whole log in ${time(replayTime)}:`,
      ...busiest.map(({ flights, name }) => `  ${name}  ${bar(flights, most, 30)} ${count(flights).padStart(6)}`)
    )
    yield* readAirport(flights, busiest[0]?.name ?? "")
  })

const busiestAirports = Effect.gen(function*() {
  const wal = yield* Wal.Wal
  const counts = yield* Stream.runFold(wal.replay(), new Map<string, number>(), (counts, entry) => {
    const { origin } = fromContent(entry.content)
    return counts.set(origin, (counts.get(origin) ?? 0) + 1)
  })
  return Array.from(counts, ([name, flights]) => ({ name, flights })).toSorted((a, b) => b.flights - a.flights).slice(
    0,
    5
  )
})

const readAirport = (flights: ReadonlyArray<Flight>, name: string) =>
  Effect.gen(function*() {
    const screen = yield* Screen
    const wal = yield* Wal.Wal
    const [duration, records] = yield* Effect.timed(Stream.runCollect(wal.enumerateRecords(name)))
    const entries = Chunk.toReadonlyArray(records)
    const expected = flights.filter(({ origin }) => origin === name)
    yield* checkFlights(expected, expected.length, entries)
    const departures = entries.map((entry) => fromContent(entry.content))
    yield* screen.good(`${count(entries.length)} flights from ${name} were read in ${time(duration)}, in their order.`)
    yield* screen.say(
      ...[departures[0], departures.at(-1)].flatMap((flight) => flight === undefined ? [] : describe(flight))
    )
  })

const describe = ({ date, delay, destination, distance }: Flight): ReadonlyArray<string> => [
  `  ${date}  to ${destination}, ${count(distance)} miles, ${Math.abs(delay)} minutes ${delay < 0 ? "early" : "late"}`
]
