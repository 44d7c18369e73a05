/**
 * Logs of other shapes than the usual one: how cost grows with the number of entries, and what it does not depend on.
 */
import type { Figures, Shape, ShapeResult, Task } from "./model.js"
import type { Options } from "./options.js"
import { described, type Running, withFreshDirectory } from "./rounds.js"

const growing = (entries: number) => ({
  name: entries.toLocaleString("en"),
  shape: { entries, keys: entries / 10, contentLength: 100 }
})

const MILLION = 1_000_000

/** In a quick run, every log of more entries has just as many. */
const QUICK_ENTRIES = 100_000

const KIBIBYTE = 1024

interface Named {
  readonly name: string
  readonly shape: Shape
}

export const growthOf = ({ isQuick }: Options): ReadonlyArray<Named> =>
  (isQuick ? [1_000, 10_000, QUICK_ENTRIES] : [10_000, 100_000, MILLION, 10 * MILLION]).map(growing)

export const flat: ReadonlyArray<Named> = [
  { name: "1,000,000 entries of 100 bytes, 1,000 keys", shape: { entries: MILLION, keys: 1_000, contentLength: 100 } },
  {
    name: "the same in 10,000 segments",
    shape: { entries: MILLION, keys: 1_000, contentLength: 100, maxSegmentBytes: 15 * KIBIBYTE }
  },
  { name: "the same over 1,000,000 keys", shape: { entries: MILLION, keys: MILLION, contentLength: 100 } },
  { name: "the same of one key", shape: { entries: MILLION, keys: 1, contentLength: 100 } },
  { name: "1,000,000 entries of 1 byte, 1,000 keys", shape: { entries: MILLION, keys: 1_000, contentLength: 1 } },
  { name: "1,000 entries of 1 MiB, 100 keys", shape: { entries: 1_000, keys: 100, contentLength: KIBIBYTE ** 2 } }
]

export const runShapes = async (
  shapes: ReadonlyArray<Named>,
  running: Running
): Promise<ReadonlyArray<ShapeResult>> => {
  const results: Array<ShapeResult> = []
  for (const named of shapes.map(shortened(running))) {
    results.push(...await runShape(named, running))
  }
  return results
}

const shortened = ({ options }: Running) => ({ name, shape }: Named): Named =>
  options.isQuick && shape.entries > QUICK_ENTRIES
    ? {
      name,
      shape: { ...shape, entries: QUICK_ENTRIES, keys: Math.ceil(shape.keys * QUICK_ENTRIES / shape.entries) }
    }
    : { name, shape }

const runShape = async ({ name, shape }: Named, running: Running): Promise<ReadonlyArray<ShapeResult>> => {
  try {
    const figures = await withFreshDirectory(`${running.directory}/shape`, async (directory) => ({
      ...await runTask(running, directory, { kind: "grow", shape }),
      ...await runTask(running, directory, { kind: "inspect", shape })
    }))
    running.say(`${name}: ${described(figures)}`)
    return [{ name, shape, figures }]
  } catch (cause) {
    running.fail(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`)
    return []
  }
}

const runTask = ({ options, run }: Running, directory: string, task: Task): Promise<Figures> =>
  run({ task, contender: "effect-wal-node", mode: "plain", directory, effort: options.effort })
