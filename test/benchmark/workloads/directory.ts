/**
 * Sizes and copies of a store's directory.
 */
import * as fs from "node:fs"
import { join } from "node:path"

export const bytesIn = (directory: string): number =>
  filesIn(directory).reduce((sum, file) => sum + fs.statSync(file).size, 0)

/** A copy that is on the disk, so that syncing it later has nothing left of the copying to do. */
export const copySynced = (from: string, to: string): void => {
  fs.cpSync(from, to, { recursive: true })
  for (const path of filesIn(to)) {
    const file = fs.openSync(path, "r+")
    fs.fsyncSync(file)
    fs.closeSync(file)
  }
}

const filesIn = (directory: string): ReadonlyArray<string> =>
  fs.readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
