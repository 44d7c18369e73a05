import { existsSync, readdirSync } from "node:fs"

/** The files of a folder and the folders in it, relative to `root`, in the order of their names. */
export const globFiles = (root: string, folder: string, extension: string): ReadonlyArray<string> =>
  existsSync(`${root}/${folder}`)
    ? readdirSync(`${root}/${folder}`, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(extension))
      .map((name) => `${folder}/${name}`)
      .sort()
    : []
