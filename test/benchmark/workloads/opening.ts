/**
 * How long a store takes to open: the first time in a process, whose code is loaded but cold, and the second time.
 */
import { rmSync } from "node:fs"
import type { Opened } from "../contenders/contender.js"
import type { Ending, Figures } from "../model.js"
import { copySynced } from "./directory.js"

type Open = (directory: string) => Promise<Opened>

/** Opening and closing leaves a closed store as it was, but mends a killed one; so copies of that are opened. */
export const timeOpening = (directory: string, open: Open, ending: Ending): Promise<Figures> =>
  ending === "closed" ? timeBoth(directory, directory, open) : timeCopies(directory, open)

const timeCopies = async (directory: string, open: Open): Promise<Figures> => {
  const copies = [`${directory}-first`, `${directory}-second`] as const
  try {
    for (const copy of copies) {
      copySynced(directory, copy)
    }
    return await timeBoth(...copies, open)
  } finally {
    for (const copy of copies) {
      rmSync(copy, { recursive: true, force: true })
    }
  }
}

const timeBoth = async (first: string, second: string, open: Open): Promise<Figures> => {
  const firstMs = await timeOne(first, open)
  const secondMs = await timeOne(second, open)
  return { firstMs, secondMs }
}

const timeOne = async (directory: string, open: Open): Promise<number> => {
  const started = performance.now()
  const opened = await open(directory)
  const millis = performance.now() - started
  await opened.close()
  return millis
}
