/**
 * Which of a directory's files are the log's.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import { parseFileName } from "../format/fileName.js"
import { toIoError } from "../segment/ioError.js"

export interface Listing {
  /** Of the segments, ascending. */
  readonly ids: ReadonlyArray<number>
  /** The names of files that were never given their own. */
  readonly temporaries: ReadonlyArray<string>
  /** Of the segments whose ends were being written anew. */
  readonly tails: ReadonlyArray<number>
}

export const listFiles = (fs: FileSystem.FileSystem, directory: string): Effect.Effect<Listing, WalIoError> =>
  Effect.map(Effect.mapError(fs.readDirectory(directory), toIoError("list", directory)), (names) => {
    const ids: Array<number> = []
    const temporaries: Array<string> = []
    const tails: Array<number> = []
    for (const name of names) {
      const file = parseFileName(name)
      if (file._tag === "Segment") {
        ids.push(file.id)
      } else if (file._tag === "Temporary") {
        temporaries.push(name)
      } else if (file._tag === "Tail") {
        tails.push(file.id)
      }
    }
    return { ids: ids.sort((left, right) => left - right), temporaries, tails }
  })
