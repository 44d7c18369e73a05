/**
 * The durable cursor of a consumer, `{name}.cursor`: a checksum, and how far it came.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { EntryRef, Sequence } from "../../WalEntry.js"
import { WalConsumerError, type WalIoError } from "../../WalError.js"
import { utf8 } from "../format/bytes.js"
import { crc32 } from "../format/crc32.js"
import { cursorFileName } from "../format/fileName.js"
import { toIoError } from "../segment/ioError.js"
import { syncDirectory, withSegmentFile } from "../segment/segmentFile.js"

/** Everything up to `sequence` was processed. `entry` is that one, and proves it; where a consumer began, there may be none. */
const Position = Schema.Struct({ sequence: Sequence, entry: Schema.optionalWith(EntryRef, { exact: true }) })

export interface Position extends Schema.Schema.Type<typeof Position> {}

const Cursor = Schema.Struct({
  version: Schema.Literal(1),
  consumer: Schema.String,
  /** Of the one key whose entries it is about, in base64; null where it is about all of them. */
  key: Schema.NullOr(Schema.String),
  /** The newest first. The older ones are where to go back to when the newest is not in the log any more. */
  positions: Schema.NonEmptyArray(Position)
})

export interface Cursor extends Schema.Schema.Type<typeof Cursor> {}

const CursorJson = Schema.parseJson(Cursor)

/** The checksum of the JSON in 8 hexadecimal digits, a space, the JSON, and the end of the line. */
const LINE = /^([0-9a-f]{8}) (.*)\n$/

const checksumOf = (json: string): string => {
  const bytes = utf8(json)
  return crc32(bytes, 0, bytes.length, 0).toString(16).padStart(8, "0")
}

/** The old cursor or the new one is there, whatever crashes, and the new one from when this has succeeded. */
export const writeCursor = (
  fs: FileSystem.FileSystem,
  directory: string,
  cursor: Cursor
): Effect.Effect<void, WalIoError> => {
  const path = cursorPath(directory, cursor.consumer)
  const temporary = `${path}.tmp`
  return Effect.orDie(Schema.encode(CursorJson)(cursor)).pipe(
    Effect.flatMap((json) =>
      withSegmentFile(
        fs,
        temporary,
        "w",
        (file) => Effect.zipRight(file.writeAt(utf8(`${checksumOf(json)} ${json}\n`), 0), file.sync)
      )
    ),
    Effect.zipRight(Effect.mapError(fs.rename(temporary, path), toIoError("rename", temporary))),
    Effect.zipRight(syncDirectory(fs, directory)),
    Effect.uninterruptible
  )
}

/** The cursor, or undefined where there is none. */
export const readCursor = (
  fs: FileSystem.FileSystem,
  directory: string,
  consumer: string
): Effect.Effect<Cursor | undefined, WalConsumerError | WalIoError> => {
  const path = cursorPath(directory, consumer)
  return fs.readFileString(path).pipe(
    Effect.mapError(toIoError("read", path)),
    Effect.flatMap((line) => decodeCursor(line, consumer, path)),
    Effect.catchIf(
      (error) => error._tag === "WalIoError" && error.reason === "NotFound",
      () => Effect.succeed(undefined)
    )
  )
}

const decodeCursor = (line: string, consumer: string, path: string): Effect.Effect<Cursor, WalConsumerError> => {
  const damaged = (description: string) =>
    new WalConsumerError({ consumer, reason: "DamagedCursor", path, description })
  const [, checksum, json] = LINE.exec(line) ?? []
  if (json === undefined || checksum !== checksumOf(json)) {
    return Effect.fail(damaged("its cursor does not match its checksum"))
  }
  return Schema.decode(CursorJson)(json).pipe(
    Effect.mapError(() => damaged("its cursor has a format that this version does not know")),
    Effect.filterOrFail(
      (cursor) => cursor.consumer === consumer,
      (cursor) => damaged(`its cursor is that of ${JSON.stringify(cursor.consumer)}`)
    )
  )
}

const cursorPath = (directory: string, consumer: string): string => `${directory}/${cursorFileName(consumer)}`
