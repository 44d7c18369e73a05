/**
 * What an open store with all its indexes holds in memory, for each entry.
 */
import type { Opened } from "../contenders/contender.js"
import { STORED_ENTRIES } from "../data.js"
import type { Figures } from "../model.js"

interface Memory {
  readonly resident: number
  /** The heap and the buffers beside it, exactly; what native code allocates by itself is not in it. */
  readonly held: number
}

/** Opened and closed once before, so that compiled code and warm caches of the runtime do not count. */
export const memoryOf = async (
  directory: string,
  open: (directory: string) => Promise<Opened>
): Promise<Figures> => {
  await (await open(directory)).close()
  const before = settled()
  const opened = await open(directory)
  const after = settled()
  await opened.close()
  return {
    bytes: (after.held - before.held) / STORED_ENTRIES,
    residentBytes: (after.resident - before.resident) / STORED_ENTRIES
  }
}

/** After everything that is not needed any more was collected. */
export const settled = (): Memory => {
  if (globalThis.gc === undefined) {
    throw new Error("memory is measured with --expose-gc")
  }
  globalThis.gc()
  globalThis.gc()
  const { external, heapUsed, rss } = process.memoryUsage()
  return { resident: rss, held: heapUsed + external }
}
