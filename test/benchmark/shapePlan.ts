/**
 * Logs of other shapes than the usual one: how cost grows with the number of entries, and what it does not depend on.
 */
import type { Figures, Shape, ShapeResult, Task } from "./model.js"
import type { Options } from "./options.js"
import { described, type Running, withFreshDirectory } from "./rounds.js"

const MILLION = 1_000_000
const KIBIBYTE = 1024

/** In a quick run, every log of more entries has just as many. */
const QUICK_ENTRIES = 100_000

export const growthOf = ({ isQuick }: Options): ReadonlyArray<Shape> =>
  (isQuick ? [1_000, 10_000, QUICK_ENTRIES] : [10_000, 100_000, MILLION, 10 * MILLION])
    .map((entries) => ({ entries, keys: entries / 10, contentLength: 100 }))

/** The usual one first, and then each time something else that is extreme. */
export const flatOf = ({ isQuick }: Options): ReadonlyArray<Shape> => isQuick ? FLAT.map(shortened) : FLAT

const FLAT: ReadonlyArray<Shape> = [
  { entries: MILLION, keys: 1_000, contentLength: 100 },
  { entries: MILLION, keys: 1_000, contentLength: 100, maxSegmentBytes: 15 * KIBIBYTE },
  { entries: MILLION, keys: MILLION, contentLength: 100 },
  { entries: MILLION, keys: 1, contentLength: 100 },
  { entries: MILLION, keys: 1_000, contentLength: 1 },
  { entries: 1_000, keys: 100, contentLength: KIBIBYTE ** 2 }
]

const shortened = (shape: Shape): Shape => {
  const entries = Math.min(shape.entries, QUICK_ENTRIES)
  return { ...shape, entries, keys: Math.min(shape.keys, entries) }
}

export const runShapes = async (
  shapes: ReadonlyArray<Shape>,
  running: Running
): Promise<ReadonlyArray<ShapeResult>> => {
  const results: Array<ShapeResult> = []
  for (const shape of shapes) {
    results.push(...await runShape(shape, running))
  }
  return results
}

const runShape = async (shape: Shape, running: Running): Promise<ReadonlyArray<ShapeResult>> => {
  const { entries, ...rest } = shape
  const title = `${entries.toLocaleString("en")} entries, ${described(rest)}`
  try {
    const figures = await withFreshDirectory(`${running.directory}/shape`, async (directory) => ({
      ...await runTask(running, directory, { kind: "grow", shape }),
      ...await runTask(running, directory, { kind: "inspect", shape })
    }))
    running.say(`${title}: ${described(figures)}`)
    return [{ shape, figures }]
  } catch (cause) {
    running.fail(`${title}: ${cause instanceof Error ? cause.message : String(cause)}`)
    return []
  }
}

const runTask = ({ options, run }: Running, directory: string, task: Task): Promise<Figures> =>
  run({ task, contender: "effect-wal-node", mode: "plain", directory, effort: options.effort })
