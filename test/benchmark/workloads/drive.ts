/**
 * Runs an operation again and again, with as many at a time as are wanted: one plain loop for each kind of operation.
 */
import type { Operation } from "../contenders/contender.js"

/** Watches single runs; where nothing is to be watched, it costs next to nothing. */
export interface Probe {
  readonly start: () => number
  readonly stop: (started: number) => void
  /** Whether what runs at once gives way to the event loop after each run, as a server would. */
  readonly givesWay: boolean
}

export const UNWATCHED: Probe = { start: () => 0, stop: () => undefined, givesWay: false }

/** The next index to run, and the first that does not run any more. */
export interface Range {
  next: number
  readonly end: number
}

export const drive = async (operation: Operation, range: Range, concurrency: number, probe: Probe): Promise<void> => {
  switch (operation._tag) {
    case "Sync":
      return driveSync(operation.run, range, probe)
    case "Async":
      await Promise.all(Array.from({ length: concurrency }, () => driveAsync(operation.run, range, probe)))
      return undefined
    case "Effect": {
      const { driveEffect } = await import("./driveEffect.js")
      return driveEffect(operation.run, range, concurrency, probe)
    }
  }
}

const driveSync = async (run: (index: number) => void, range: Range, probe: Probe): Promise<void> => {
  while (range.next < range.end) {
    const started = probe.start()
    run(range.next++)
    probe.stop(started)
    if (probe.givesWay) {
      await nextTurn()
    }
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const driveAsync = async (run: (index: number) => Promise<unknown>, range: Range, probe: Probe): Promise<void> => {
  while (range.next < range.end) {
    const started = probe.start()
    await run(range.next++)
    probe.stop(started)
  }
}
