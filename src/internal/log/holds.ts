/**
 * For whom retention waits: how far those consumers have come, by their cursors.
 */
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import type { HoldSettings } from "../../WalOptions.js"
import type { Cursors } from "./cursors.js"

export interface Behind {
  /** Everything up to here was processed by all of them. */
  readonly after: number
  /** Those that have not come further. */
  readonly consumers: ReadonlyArray<string>
}

/** Where everybody counts who is named: one without a cursor, or with one that cannot be read, has processed nothing. */
export const furthestBehind = (
  cursors: Cursors,
  { consumers }: HoldSettings
): Effect.Effect<Behind, WalIoError> =>
  Effect.map(
    Effect.forEach(
      consumers,
      (consumer) => Effect.map(processedBy(cursors, consumer), (after) => ({ consumer, after }))
    ),
    (all) => {
      const after = Math.min(...all.map((each) => each.after))
      return { after, consumers: all.filter((each) => each.after === after).map(({ consumer }) => consumer) }
    }
  )

const processedBy = (cursors: Cursors, consumer: string): Effect.Effect<number, WalIoError> =>
  cursors.load(consumer).pipe(
    Effect.map((cursor) => cursor?.positions[0].sequence ?? 0),
    Effect.catchTag(
      "WalConsumerError",
      (error) =>
        Effect.annotateLogs(
          Effect.as(Effect.logWarning("a cursor cannot be read: everything is held for it", error), 0),
          {
            directory: cursors.directory,
            consumer
          }
        )
    )
  )
