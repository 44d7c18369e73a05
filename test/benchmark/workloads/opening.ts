/**
 * How long a store takes to open: the first time in a process, whose code is loaded but cold, and the second time.
 */
import { rmSync } from "node:fs"
import type { Opened } from "../contenders/contender.js"
import type { Figures } from "../model.js"
import { copySynced } from "./directory.js"

type Open = (directory: string) => Promise<Opened>

/** Opens copies: the first opening mends what was killed, and some stores tidy up what was closed. */
export const timeOpening = async (directory: string, open: Open): Promise<Figures> => {
  const [first, second] = [`${directory}-first`, `${directory}-second`] as const
  try {
    copySynced(directory, first)
    copySynced(directory, second)
    const firstMs = await timeOne(first, open)
    const secondMs = await timeOne(second, open)
    return { firstMs, secondMs }
  } finally {
    rmSync(first, { recursive: true, force: true })
    rmSync(second, { recursive: true, force: true })
  }
}

const timeOne = async (directory: string, open: Open): Promise<number> => {
  const started = performance.now()
  const opened = await open(directory)
  const millis = performance.now() - started
  await opened.close()
  return millis
}
