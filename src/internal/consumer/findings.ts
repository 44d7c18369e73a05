/**
 * Looks up what became of a cursor's entries.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as Wal from "../../Wal.js"
import type { ReadError } from "../../WalError.js"
import type { Position } from "../log/cursorFile.js"
import { toSequence } from "../log/nominal.js"
import type { Checked, Finding } from "./reconcile.js"

export const check = (wal: Wal.Service, position: Position): Effect.Effect<Checked, ReadError> =>
  Effect.map(findingOf(wal, position), (finding) => ({ position, finding }))

const findingOf = (wal: Wal.Service, { entry }: Position): Effect.Effect<Finding, ReadError> =>
  entry === undefined ? Effect.succeed("unproved") : wal.readEntryAt(entry).pipe(
    Effect.as<Finding>("same"),
    Effect.catchTags({
      WalRetentionError: () => Effect.succeed<Finding>("expired"),
      WalCorruptionError: () => Effect.succeed<Finding>("lost"),
      WalCodecError: (error) => error.reason === "InvalidRef" ? Effect.succeed<Finding>("other") : Effect.fail(error)
    })
  )

/** The position behind the entry with that sequence, with the entry for a proof if it can be read. */
export const positionAfter = (wal: Wal.Service, sequence: number): Effect.Effect<Position, ReadError> => {
  const place = toSequence(sequence)
  const nothing: Position = { sequence: place }
  return sequence === 0 ?
    Effect.succeed(nothing) :
    Stream.runHead(wal.replay({ from: place, to: place, onLost: "skip" })).pipe(
      Effect.map(Option.match({
        onNone: () => nothing,
        onSome: ({ ref }): Position => ({ sequence: place, entry: ref })
      })),
      Effect.catchTag("WalRetentionError", () => Effect.succeed(nothing))
    )
}
