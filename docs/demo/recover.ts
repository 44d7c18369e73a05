/**
 * Step 2: the log is open again; is everything there?
 */
import { Wal, type WalReport } from "effect-wal"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { checkFlights } from "./checkFlights.js"
import type { Flight } from "./Flight.js"
import { count, plural, time } from "./format.js"
import { Screen } from "./Screen.js"

/** How many flights are in the log. */
export const recover = (flights: ReadonlyArray<Flight>, acknowledged: number) =>
  Effect.gen(function*() {
    const screen = yield* Screen
    const wal = yield* Wal.Wal
    yield* screen.step("2  The log is opened again")
    yield* screen.say(...describe(wal.recovery))
    const entries = Chunk.toReadonlyArray(yield* Stream.runCollect(wal.replay()))
    yield* checkFlights(flights, acknowledged, entries)
    yield* screen.good(
      `All ${count(acknowledged)} acknowledged flights are there, in their order, with equal content.`
    )
    yield* screen.say(unacknowledged(entries.length - acknowledged))
    return entries.length
  })

const describe = (recovery: WalReport.RecoveryReport): ReadonlyArray<string> => [
  `Recovery took ${time(recovery.duration)}: ${plural(recovery.entries, "flight")} in ${
    plural(recovery.segments, "segment")
  }, ${recovery.sealed} trusted by`,
  `their seals, ${recovery.scanned} read through to find where its whole entries end.`,
  ...(recovery.tornTails.length === 0
    ? ["No write was left unfinished, so nothing was dropped."]
    : recovery.tornTails.map(unfinished))
]

const unfinished = ({ bytes, offset, segment }: WalReport.TornTail): string =>
  `Segment ${segment} ended in an unfinished write; its ${plural(bytes, "byte")} from offset ${offset} on were dropped.`

const unacknowledged = (more: number): string =>
  more === 0
    ? "Nothing else is there."
    : `${count(more)} more ${more === 1 ? "was" : "were"} written, but not acknowledged any more.`
