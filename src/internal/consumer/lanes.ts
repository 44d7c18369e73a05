/**
 * Entries in lanes: those of one lane are handled one batch after the other, lanes side by side.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { Fifo } from "./fifo.js"
import type { Passenger } from "./flight.js"

export interface Turn {
  readonly lane: string
  readonly passengers: ReadonlyArray<Passenger>
}

/**
 * Invariant: a lane is in `lanes` while it has somebody waiting or at work; it is in `ready` once if it has, and nobody of it is at work.
 */
export class Lanes {
  private readonly lanes = new Map<string, Fifo<Passenger>>()

  private constructor(private readonly ready: Queue.Queue<string>) {}

  static readonly make: Effect.Effect<Lanes> = Effect.map(Queue.unbounded<string>(), (ready) => new Lanes(ready))

  join(lane: string, passenger: Passenger): void {
    const known = this.lanes.get(lane)
    if (known === undefined) {
      const waiting = new Fifo<Passenger>()
      waiting.push(passenger)
      this.lanes.set(lane, waiting)
      this.ready.unsafeOffer(lane)
    } else {
      known.push(passenger)
    }
  }

  /** The next batch of the lane that has waited longest. */
  next(most: number): Effect.Effect<Turn> {
    return Effect.map(Queue.take(this.ready), (lane) => ({ lane, passengers: this.lanes.get(lane)?.take(most) ?? [] }))
  }

  /** A turn is over: the lane's next one may begin. */
  leave(lane: string): void {
    if ((this.lanes.get(lane)?.length ?? 0) > 0) {
      this.ready.unsafeOffer(lane)
    } else {
      this.lanes.delete(lane)
    }
  }
}
