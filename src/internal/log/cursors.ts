/**
 * The cursors of a log's consumers, and which of them are being run: as long as the log is open, this is what counts.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { WalClosedError, type WalConsumerError, type WalIoError } from "../../WalError.js"
import { type Cursor, readCursor, writeCursor } from "./cursorFile.js"
import type { LiveView } from "./liveView.js"
import { oldestSequence } from "./view.js"
import type { WriteState } from "./writeState.js"

/** A consumer that is being run. */
export interface Running {
  /** Everything up to here was processed, saved or not. */
  readonly position: () => number
  /** Saves the cursor as it stands, if that can be done. */
  readonly save: Effect.Effect<void>
}

export interface LogEnds {
  /** The next one to come where the log is empty, as `newest + 1`. */
  readonly oldest: number
  readonly newest: number
}

interface Parts {
  readonly fs: FileSystem.FileSystem
  readonly state: WriteState
  readonly view: LiveView
}

/**
 * Invariants: `saved` has what is on the disk, of every cursor that was read or saved; nothing is written once the log is closed,
 * when the directory may be another process's.
 */
export class Cursors {
  private readonly saved = new Map<string, Cursor>()
  private readonly running = new Map<string, Running>()
  private readonly gate = Effect.unsafeMakeSemaphore(1)
  private readonly makingGate = Effect.unsafeMakeSemaphore(1)
  private life: "open" | "closed" = "open"

  constructor(private readonly parts: Parts) {}

  get directory(): string {
    return this.parts.state.settings.directory
  }

  /** The last sequence that is written. */
  get written(): number {
    return this.parts.state.writtenSequence
  }

  /** The last sequence that a power loss cannot take back. */
  get synced(): number {
    return this.parts.state.synced.sequence
  }

  readonly ends: Effect.Effect<LogEnds> = Effect.suspend(() =>
    Effect.map(this.parts.view.get, (view) => ({
      oldest: oldestSequence(view),
      newest: view.active.lastSequence
    }))
  )

  /** How far a consumer has come; 0 where that is not known. */
  positionOf(consumer: string): number {
    return this.running.get(consumer)?.position() ?? this.saved.get(consumer)?.positions[0].sequence ?? 0
  }

  /** The cursor as it was saved last, of a consumer that was made. */
  known(consumer: string): Cursor | undefined {
    return this.saved.get(consumer)
  }

  /** Consumers are made one after the other, so that two of one name find the same place. */
  making<A, E>(make: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.uninterruptible(this.makingGate.withPermits(1)(make))
  }

  /** The cursor as it was saved last, or undefined where there is none. */
  load(consumer: string): Effect.Effect<Cursor | undefined, WalConsumerError | WalIoError> {
    return Effect.suspend(() => {
      const known = this.saved.get(consumer)
      return known === undefined
        ? Effect.tap(readCursor(this.parts.fs, this.directory, consumer), (cursor) => this.remember(cursor))
        : Effect.succeed(known)
    })
  }

  save(cursor: Cursor): Effect.Effect<void, WalIoError | WalClosedError> {
    return this.alone(Effect.suspend((): Effect.Effect<void, WalIoError | WalClosedError> =>
      this.life === "closed"
        ? Effect.fail(new WalClosedError({ directory: this.directory }))
        : Effect.tap(writeCursor(this.parts.fs, this.directory, cursor), () => this.remember(cursor))
    ))
  }

  /** Answers whether the consumer was not being run already, and is now. */
  begin(consumer: string, running: Running): boolean {
    if (this.running.has(consumer)) {
      return false
    }
    this.running.set(consumer, running)
    return true
  }

  end(consumer: string): void {
    this.running.delete(consumer)
  }

  /** Saves what is being run as far as it came; nothing is written from then on. */
  close(last: "save" | "leave"): Effect.Effect<void> {
    const saves = last === "leave"
      ? Effect.void
      : Effect.suspend(() => Effect.forEach([...this.running.values()], ({ save }) => save, { discard: true }))
    return Effect.zipRight(
      saves,
      this.alone(Effect.sync(() => {
        this.life = "closed"
      }))
    )
  }

  private remember(cursor: Cursor | undefined): Effect.Effect<void> {
    return Effect.sync(() => {
      if (cursor !== undefined) {
        this.saved.set(cursor.consumer, cursor)
      }
    })
  }

  private alone<A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.uninterruptible(this.gate.withPermits(1)(effect))
  }
}
