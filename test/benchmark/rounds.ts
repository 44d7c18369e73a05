/**
 * Runs the cases: in each round every case once, so that each ratio is to the raw limit of the same minutes.
 */
import { mkdirSync, rmSync } from "node:fs"
import type { Case, Figures, Group, Job, Result, Workload } from "./model.js"
import { isWanted, type Options } from "./options.js"
import { endingOf, makeStores, type Stores } from "./stores.js"

export interface Running {
  readonly options: Options
  /** Where the stores are made, and nothing else is. */
  readonly directory: string
  readonly run: (job: Job) => Promise<Figures>
  readonly say: (line: string) => void
  readonly fail: (what: string) => void
}

export const runRounds = async (groups: ReadonlyArray<Group>, running: Running): Promise<ReadonlyArray<Result>> => {
  const { options, run } = running
  const stores = makeStores(
    running.directory,
    (contender, ending, directory) =>
      run({ task: { kind: "fill", ending }, contender, mode: "plain", directory, effort: options.effort })
  )
  const results: Array<Result> = []
  for (let round = 1; round <= options.rounds; round++) {
    for (const { chosen, workload } of casesOf(groups, options)) {
      results.push(...await runCase(running, stores, round, workload, chosen))
    }
  }
  return results
}

const casesOf = (groups: ReadonlyArray<Group>, options: Options) =>
  groups.flatMap(({ workloads }) => workloads)
    .filter(({ id }) => isWanted(id, options))
    .flatMap((workload) =>
      workload.cases.filter((chosen) => competes(chosen, options)).map((chosen) => ({ chosen, workload }))
    )

const competes = ({ contender }: Case, { contenders }: Options): boolean =>
  contenders.length === 0 || contenders.includes(contender)

const runCase = async (
  running: Running,
  stores: Stores,
  round: number,
  workload: Workload,
  chosen: Case
): Promise<ReadonlyArray<Result>> => {
  const title = `round ${round}, ${workload.id}, ${chosen.label}`
  try {
    const figures = await figuresOf(running, stores, workload, chosen)
    running.say(`${title}: ${described(figures)}`)
    return [{ workload: workload.id, label: chosen.label, round, figures }]
  } catch (cause) {
    running.fail(`${title}: ${cause instanceof Error ? cause.message : String(cause)}`)
    return []
  }
}

const figuresOf = async (
  { directory, options, run }: Running,
  stores: Stores,
  { task }: Workload,
  { contender, mode }: Case
): Promise<Figures> => {
  const ending = endingOf(task)
  const job = { task, contender, mode, effort: options.effort }
  return ending === undefined
    ? withFreshDirectory(`${directory}/case`, (fresh) => run({ ...job, directory: fresh }))
    : run({ ...job, directory: await stores(contender, ending) })
}

/** Gone afterwards, and with it what the system would still have to write of it. */
export const withFreshDirectory = async <A>(directory: string, use: (directory: string) => Promise<A>): Promise<A> => {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  try {
    return await use(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

export const described = (figures: Figures): string =>
  Object.entries(figures).map(([name, figure]) => `${name} ${Number(figure.toPrecision(4)).toLocaleString("en")}`)
    .join(", ")
