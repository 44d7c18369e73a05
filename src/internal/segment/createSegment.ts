/**
 * Makes a segment's file: its name appears only when its header is on disk.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import { segmentFileName, temporaryFileName } from "../format/fileName.js"
import { encodeSegmentHeader, type SegmentHeader } from "../format/segmentHeader.js"
import { toIoError } from "./ioError.js"
import { openSegmentFile, type SegmentFile, syncDirectory, withSegmentFile } from "./segmentFile.js"

/**
 * How far the making of a segment got when it failed. `Absent`: there is no trace of it, and the log can go on without.
 * `Unknown`: its name may or may not be on disk.
 */
export type CreateFailure =
  | { readonly _tag: "Absent"; readonly cause: WalIoError }
  | { readonly _tag: "Unknown"; readonly cause: WalIoError }

/** The new segment's file, open for writing, its name and header durable. */
export const createSegment = (
  fs: FileSystem.FileSystem,
  directory: string,
  header: SegmentHeader
): Effect.Effect<SegmentFile, CreateFailure> => {
  const path = `${directory}/${segmentFileName(header.id)}`
  const temporary = `${directory}/${temporaryFileName(header.id)}`
  return writeTemporary(fs, temporary, header).pipe(
    Effect.zipRight(Effect.mapError(fs.rename(temporary, path), toIoError("rename", temporary))),
    Effect.catchAll((cause) => withdraw(fs, temporary, path, cause)),
    Effect.zipRight(
      Effect.zipRight(syncDirectory(fs, directory), openSegmentFile(fs, path, "r+")).pipe(
        Effect.mapError((cause): CreateFailure => ({ _tag: "Unknown", cause }))
      )
    ),
    Effect.uninterruptible
  )
}

const writeTemporary = (
  fs: FileSystem.FileSystem,
  temporary: string,
  header: SegmentHeader
): Effect.Effect<void, WalIoError> =>
  withSegmentFile(
    fs,
    temporary,
    "w",
    (file) => Effect.zipRight(file.writeAt(encodeSegmentHeader(header), 0), file.sync)
  )

/** A rename that failed may have happened all the same, so absence is looked up and not concluded. */
const withdraw = (
  fs: FileSystem.FileSystem,
  temporary: string,
  path: string,
  cause: WalIoError
): Effect.Effect<never, CreateFailure> =>
  fs.remove(temporary, { force: true }).pipe(
    Effect.ignore,
    Effect.zipRight(fs.exists(path)),
    Effect.catchAll(() => Effect.succeed(true)),
    Effect.flatMap((exists) => Effect.fail<CreateFailure>({ _tag: exists ? "Unknown" : "Absent", cause }))
  )
