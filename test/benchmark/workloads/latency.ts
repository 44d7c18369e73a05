/**
 * How long single operations take, and how long the event loop is kept from everything else meanwhile.
 */
import { monitorEventLoopDelay } from "node:perf_hooks"
import type { Figures } from "../model.js"
import type { Probe } from "./drive.js"

/** In milliseconds: the shortest that the monitor takes. A loop that nothing delays shows this much. */
const RESOLUTION = 1

export interface Watch {
  readonly probe: (runs: number) => Probe
  readonly figures: () => Figures
}

/** Watches a measurement; where it is repeated, only the last one counts. */
export const watch = (): Watch => {
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION })
  let times = new Float64Array(0)
  let ended = 0
  return {
    probe: (runs) => {
      times = new Float64Array(runs)
      ended = 0
      loop.reset()
      loop.enable()
      return {
        start: () => performance.now(),
        stop: (started) => {
          times[ended++] = performance.now() - started
        },
        givesWay: true
      }
    },
    figures: () => {
      loop.disable()
      times.sort()
      return {
        p50Us: percentile(times, 0.5) * 1000,
        p99Us: percentile(times, 0.99) * 1000,
        loopP99Ms: beyondResolution(loop.percentile(99)),
        loopMaxMs: beyondResolution(loop.max)
      }
    }
  }
}

const beyondResolution = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION)

const percentile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
