/**
 * Saves the cursor of a consumer that is being run: never beyond what is on disk, and never beyond what was processed.
 */
import * as Effect from "effect/Effect"
import type * as Wal from "../../Wal.js"
import type { WalClosedError, WalFailedError, WalIoError } from "../../WalError.js"
import type { Cursor } from "../log/cursorFile.js"
import type { Flight } from "./flight.js"
import { withNewest } from "./positions.js"

export type SaveError = WalIoError | WalFailedError | WalClosedError

/**
 * Invariant: `cursor` is the one that was saved last.
 */
export class Saver {
  private readonly gate = Effect.unsafeMakeSemaphore(1)

  constructor(private readonly wal: Wal.Service, private readonly flight: Flight, private cursor: Cursor) {}

  get savedSequence(): number {
    return this.cursor.positions[0].sequence
  }

  readonly save: Effect.Effect<void, SaveError> = Effect.uninterruptible(
    this.gate.withPermits(1)(Effect.suspend(() => {
      const position = this.flight.processed
      return position.sequence === this.savedSequence ? Effect.void : Effect.zipRight(
        this.syncedUpTo(position.sequence),
        this.write({ ...this.cursor, positions: withNewest(this.cursor.positions, position) })
      )
    }))
  )

  /** A handler may have seen what a power loss can still take back: a cursor may not be ahead of that. */
  private syncedUpTo(sequence: number): Effect.Effect<void, SaveError> {
    return Effect.suspend(() => (this.wal.cursors.synced >= sequence ? Effect.void : this.wal.sync))
  }

  private write(cursor: Cursor): Effect.Effect<void, SaveError> {
    return Effect.tap(this.wal.cursors.save(cursor), () =>
      Effect.sync(() => {
        this.cursor = cursor
      }))
  }
}
