/**
 * The demo's judge: what was acknowledged must be in the log.
 */
import type { WalEntry } from "effect-wal"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { type Flight, toContent } from "./Flight.js"

export class FlightLost extends Data.TaggedError("FlightLost")<{ readonly message: string }> {}

/**
 * The entries must be the first of the flights, one for one and in their order, and at least as many as were
 * acknowledged. More are fine: what was written without being acknowledged any more may be there or not.
 */
export const checkFlights = (
  flights: ReadonlyArray<Flight>,
  acknowledged: number,
  entries: ReadonlyArray<WalEntry.Entry>
): Effect.Effect<void, FlightLost> => {
  const wrong = entries.findIndex((entry, place) => !isFlight(entry, flights[place]))
  if (wrong >= 0) {
    return lost(`flight ${wrong + 1} should be ${describe(flights[wrong])}, but the log has ${content(entries[wrong])}`)
  }
  return entries.length < acknowledged
    ? lost(`${acknowledged} flights were acknowledged, but the log has ${entries.length}`)
    : Effect.void
}

const isFlight = (entry: WalEntry.Entry, flight: Flight | undefined): boolean =>
  flight !== undefined
  && text(entry.key) === flight.origin
  && text(entry.content) === text(toContent(flight))

const lost = (message: string): Effect.Effect<never, FlightLost> => Effect.fail(new FlightLost({ message }))

const describe = (flight: Flight | undefined): string => flight === undefined ? "none" : text(toContent(flight))

const content = (entry: WalEntry.Entry | undefined): string => entry === undefined ? "none" : text(entry.content)

const text = (bytes: Uint8Array): string => decoder.decode(bytes)

const decoder = new TextDecoder()
