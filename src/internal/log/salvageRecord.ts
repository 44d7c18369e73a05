/**
 * The durable record of a loss that was accepted: `{id}.salvaged`, one for each damaged segment.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { WalCorruptionError, WalIoError } from "../../WalError.js"
import { LostRange } from "../../WalReport.js"
import { salvagedFileName } from "../format/fileName.js"
import { toIoError } from "../segment/ioError.js"
import { syncDirectory, withSegmentFile } from "../segment/segmentFile.js"

/** A damaged segment, and what of it cannot be read; possibly nothing. */
export interface DamagedSegment {
  readonly id: number
  readonly lost: ReadonlyArray<LostRange>
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

/** Passes if every loss was accepted before, and fails with `error` if one was not. */
export const acceptLosses = (
  fs: FileSystem.FileSystem,
  directory: string,
  damaged: ReadonlyArray<DamagedSegment>,
  error: WalCorruptionError
): Effect.Effect<void, WalCorruptionError> =>
  Effect.forEach(damaged, (segment) =>
    readRecord(fs, directory, segment.id, error).pipe(
      Effect.filterOrFail((record) => isSameLoss(record.lost, segment.lost), () => error)
    ), { discard: true })

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

const readRecord = (
  fs: FileSystem.FileSystem,
  directory: string,
  id: number,
  error: WalCorruptionError
): Effect.Effect<typeof SalvageRecord.Type, WalCorruptionError> =>
  fs.readFileString(`${directory}/${salvagedFileName(id)}`).pipe(
    Effect.flatMap(Schema.decode(RecordJson)),
    Effect.mapError(() => error)
  )

const isSameLoss = (left: ReadonlyArray<LostRange>, right: ReadonlyArray<LostRange>): boolean =>
  left.length === right.length
  && left.every(({ sequences }, index) => {
    const other = right[index]?.sequences
    return sequences.first === other?.first && sequences.last === other.last
  })
