/**
 * The durable record of a loss that was accepted: `{id}.salvaged`, one for each damaged segment.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { WalCorruptionError, type WalIoError } from "../../WalError.js"
import { LostRange } from "../../WalReport.js"
import { salvagedFileName, segmentFileName } from "../format/fileName.js"
import { toIoError } from "../segment/ioError.js"
import { syncDirectory, withSegmentFile } from "../segment/segmentFile.js"
import { damagedAt } from "./chain.js"

/** A damaged segment, and what of it cannot be read; possibly nothing. */
export interface DamagedSegment {
  readonly id: number
  readonly lost: ReadonlyArray<LostRange>
  /** Of a guess, only that it was accepted counts: it changes with what else is there. */
  readonly extent: "exact" | "guessed"
}

const SalvageRecord = Schema.Struct({
  version: Schema.Literal(1),
  segment: Schema.Number,
  lost: Schema.Array(LostRange)
})

const RecordJson = Schema.parseJson(SalvageRecord)

/** Makes later openings accept exactly these losses. */
export const recordLosses = (
  fs: FileSystem.FileSystem,
  directory: string,
  damaged: ReadonlyArray<DamagedSegment>
): Effect.Effect<void, WalIoError> =>
  Effect.zipRight(
    Effect.forEach(damaged, (segment) => writeRecord(fs, directory, segment), { discard: true }),
    syncDirectory(fs, directory)
  )

/** Passes if every loss was accepted before, and fails if one was not. */
export const acceptLosses = (
  fs: FileSystem.FileSystem,
  directory: string,
  damaged: ReadonlyArray<DamagedSegment>,
  error: WalCorruptionError
): Effect.Effect<void, WalCorruptionError | WalIoError> =>
  damaged.length === 0
    ? Effect.fail(error)
    : Effect.forEach(startingWith(error.segment, damaged), (segment) => acceptLoss(fs, directory, segment, error), {
      discard: true
    })

/** So that what is refused is what the opening came upon, unless that was accepted. */
const startingWith = (id: number, damaged: ReadonlyArray<DamagedSegment>): ReadonlyArray<DamagedSegment> => [
  ...damaged.filter((segment) => segment.id === id),
  ...damaged.filter((segment) => segment.id !== id)
]

const acceptLoss = (
  fs: FileSystem.FileSystem,
  directory: string,
  { extent, id, lost }: DamagedSegment,
  error: WalCorruptionError
): Effect.Effect<void, WalCorruptionError | WalIoError> =>
  Effect.flatMap(readRecord(fs, directory, id), (record) => {
    if (record === undefined) {
      return Effect.fail(id === error.segment ? withExactLoss(error, lost) : newLoss(directory, id, lost[0]))
    }
    const added = extent === "exact"
      ? lost.find((range) => !record.lost.some((known) => covers(known, range)))
      : undefined
    return added === undefined ? Effect.void : Effect.fail(newLoss(directory, id, added))
  })

/** Only having read the whole segment tells where the first loss ends. */
const withExactLoss = (error: WalCorruptionError, lost: ReadonlyArray<LostRange>): WalCorruptionError => {
  const { description, offset, path, promisedBy, segment } = error
  const found = lost.find(({ sequences }) => sequences.first === error.lost?.first)
  return new WalCorruptionError({ path, segment, offset, promisedBy, description, lost: found?.sequences })
}

const covers = (known: LostRange, { sequences }: LostRange): boolean =>
  known.sequences.first <= sequences.first && sequences.last <= known.sequences.last

const newLoss = (directory: string, id: number, lost: LostRange | undefined): WalCorruptionError =>
  damagedAt(
    { id, path: `${directory}/${segmentFileName(id)}` },
    lost?.startOffset ?? 0,
    "it is damaged, and that was not accepted by a salvage before",
    lost?.promisedBy ?? "the segments around it",
    lost?.sequences
  )

const writeRecord = (
  fs: FileSystem.FileSystem,
  directory: string,
  { id, lost }: DamagedSegment
): Effect.Effect<void, WalIoError> => {
  const path = `${directory}/${salvagedFileName(id)}`
  const temporary = `${path}.tmp`
  return Schema.encode(RecordJson)({ version: 1, segment: id, lost }).pipe(
    Effect.orDie,
    Effect.flatMap((text) =>
      withSegmentFile(
        fs,
        temporary,
        "w",
        (file) => Effect.zipRight(file.writeAt(new TextEncoder().encode(text), 0), file.sync)
      )
    ),
    Effect.zipRight(Effect.mapError(fs.rename(temporary, path), toIoError("rename", temporary))),
    Effect.uninterruptible
  )
}

/** One that cannot be read as such accepts nothing. */
const readRecord = (
  fs: FileSystem.FileSystem,
  directory: string,
  id: number
): Effect.Effect<typeof SalvageRecord.Type | undefined, WalIoError> => {
  const path = `${directory}/${salvagedFileName(id)}`
  return fs.readFileString(path).pipe(
    Effect.mapError(toIoError("read", path)),
    Effect.flatMap((text) => Effect.option(Schema.decode(RecordJson)(text))),
    Effect.map(Option.getOrUndefined),
    Effect.catchIf((error) => error.reason === "NotFound", () => Effect.succeed(undefined))
  )
}
