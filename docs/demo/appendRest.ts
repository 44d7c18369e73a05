/**
 * Step 3: the log goes on where it was, this time in batches.
 */
import { Wal } from "effect-wal"
import * as Effect from "effect/Effect"
import { type Flight, toContent } from "./Flight.js"
import { count, time } from "./format.js"
import { Screen } from "./Screen.js"

const BATCH = 100

export const appendRest = (flights: ReadonlyArray<Flight>, present: number, until: number) =>
  Effect.gen(function*() {
    const screen = yield* Screen
    yield* screen.step("3  The rest is appended")
    yield* screen.say(
      `In batches of ${BATCH}, each of them all or nothing. A batch is acknowledged once it is`,
      `on the disk (durability "synced": it survives power loss).`
    )
    const progress = yield* screen.progress({ from: present, total: flights.length, everyLine: 3000 })
    const [duration] = yield* Effect.timed(appendBatches(flights, present, until, progress.at))
    yield* progress.end
    yield* screen.say(`${count(until - present)} flights in ${time(duration)}.`)
  })

const appendBatches = (
  flights: ReadonlyArray<Flight>,
  present: number,
  until: number,
  progress: (done: number) => Effect.Effect<void>
) =>
  Effect.gen(function*() {
    const wal = yield* Wal.Wal
    for (let first = present; first < until; first += BATCH) {
      const batch = flights.slice(first, Math.min(first + BATCH, until))
      yield* wal.appendBatch(batch.map(toInput), { durability: "synced" })
      yield* progress(first + batch.length)
    }
  })

export const toInput = (flight: Flight) => ({ key: flight.origin, content: toContent(flight) })
