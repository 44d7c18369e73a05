/**
 * Who may write next: writes of one key take turns, and one that concerns all keys is alone.
 */
import * as Effect from "effect/Effect"

type Start = () => void

type Arrival =
  | { readonly _tag: "One"; readonly key: string; readonly start: Start }
  | { readonly _tag: "All"; readonly start: Start }

/**
 * Invariants:
 * - `taken` has the keys whose turn somebody has, each with those that wait for it. While `all` is taken it is empty.
 * - `arrivals` is empty, or begins with one that wants all keys and waits for those that are taken; whoever comes later
 *   waits behind it.
 */
export class Turns {
  private readonly taken = new Map<string, Array<Start>>()
  private readonly arrivals: Array<Arrival> = []
  private all: "free" | "taken" = "free"

  /** Runs when it is the key's turn. It is not interrupted, not even while it waits: what is begun is finished. */
  readonly one = <A, E, R>(key: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.uninterruptible(
      Effect.ensuring(
        Effect.zipRight(turn((start) => this.arrive({ _tag: "One", key, start })), effect),
        Effect.sync(() => this.leave(key))
      )
    )

  /** Runs when nobody has a turn; everybody who comes meanwhile waits. */
  readonly everything = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.uninterruptible(
      Effect.ensuring(
        Effect.zipRight(turn((start) => this.arrive({ _tag: "All", start })), effect),
        Effect.sync(() => this.leaveAll())
      )
    )

  private arrive(arrival: Arrival): void {
    if (this.all === "taken" || this.arrivals.length > 0) {
      this.arrivals.push(arrival)
    } else if (arrival._tag === "One") {
      this.takeOne(arrival.key, arrival.start)
    } else {
      this.arrivals.push(arrival)
      this.admit()
    }
  }

  private takeOne(key: string, start: Start): void {
    const waiting = this.taken.get(key)
    if (waiting === undefined) {
      this.taken.set(key, [])
      start()
    } else {
      waiting.push(start)
    }
  }

  private leave(key: string): void {
    const next = this.taken.get(key)?.shift()
    if (next === undefined) {
      this.taken.delete(key)
      this.admit()
    } else {
      next()
    }
  }

  private leaveAll(): void {
    this.all = "free"
    this.admit()
  }

  private admit(): void {
    for (let next = this.arrivals[0]; next !== undefined && this.all === "free"; next = this.arrivals[0]) {
      if (next._tag === "All" && this.taken.size > 0) {
        return
      }
      this.arrivals.shift()
      if (next._tag === "One") {
        this.takeOne(next.key, next.start)
      } else {
        this.all = "taken"
        next.start()
      }
    }
  }
}

const turn = (arrive: (start: Start) => void): Effect.Effect<void> =>
  Effect.async((resume) => arrive(() => resume(Effect.void)))
