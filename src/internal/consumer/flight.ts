/**
 * The entries between being read and being processed, in the log's order, and the place up to which all of them are.
 */
import type * as Effect from "effect/Effect"
import type { Entry } from "../../WalEntry.js"
import { Broadcast } from "../log/broadcast.js"
import type { Position } from "../log/cursorFile.js"
import { Fifo } from "./fifo.js"

/** An entry on its way. */
export interface Passenger {
  readonly entry: Entry
  stage: "waiting" | "processed"
}

/**
 * Invariant: every entry up to `processed` was processed or is none of this consumer's; of `waiting`, in order, the first was not.
 */
export class Flight {
  private readonly waiting = new Fifo<Passenger>()
  private readonly moved = new Broadcast()
  private bytes = 0
  processed: Position

  constructor(start: Position) {
    this.processed = start
  }

  board(entry: Entry): Passenger {
    const passenger: Passenger = { entry, stage: "waiting" }
    this.waiting.push(passenger)
    this.bytes += entry.ref.length
    return passenger
  }

  /** The entry is none of this consumer's. */
  pass(entry: Entry): void {
    this.board(entry).stage = "processed"
  }

  /** They were processed; what is behind them may have been before. */
  land(passengers: ReadonlyArray<Passenger>): void {
    for (const passenger of passengers) {
      passenger.stage = "processed"
    }
    this.advance()
  }

  advance(): void {
    while (this.waiting.first?.stage === "processed") {
      for (const { entry: { ref } } of this.waiting.take(1)) {
        this.bytes -= ref.length
        this.processed = { sequence: ref.sequence, entry: ref }
      }
    }
    this.moved.raise()
  }

  /** Ends once fewer bytes than that are on their way. */
  until(bytes: number): Effect.Effect<void> {
    return this.moved.until(() => this.bytes < bytes)
  }

  /** Ends once nothing is on its way. */
  get empty(): Effect.Effect<void> {
    return this.moved.until(() => this.waiting.length === 0)
  }

  /** Ends once that many sequences were processed beyond the given one. */
  untilBeyond(sequence: number, count: number): Effect.Effect<void> {
    return this.moved.until(() => this.processed.sequence - sequence >= count)
  }
}
