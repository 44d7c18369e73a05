/**
 * From a job to its figures: what each kind of task does with its contender.
 */
import type { Appending, Contender, Session } from "../contenders/contender.js"
import { contenderOf } from "../contenders/index.js"
import { BATCH, KEY_LENGTH, picks, STORED_CONTENT_LENGTH, STORED_ENTRIES } from "../data.js"
import type { Ending, Figures, Job, Task } from "../model.js"
import { bytesIn } from "./directory.js"
import { watch } from "./latency.js"
import { measure, rateOf } from "./measure.js"
import { memoryOf } from "./memory.js"
import { timeOpening } from "./opening.js"

/** How much a case may write, in contents and keys. */
const MOST_BYTES = 2 ** 30

type TaskOf<Kind extends Task["kind"]> = Extract<Task, { readonly kind: Kind }>

export const perform = async (job: Job): Promise<Figures> => {
  const { directory, task } = job
  if (task.kind === "grow" || task.kind === "inspect") {
    const { grow, inspect } = await import("./shapes.js")
    return task.kind === "grow" ? grow(directory, task.shape) : inspect(directory, task.shape)
  }
  const contender = await contenderOf(job.contender)
  switch (task.kind) {
    case "append":
      return append(job, contender, task)
    case "batch":
      return batch(job, contender, task)
    case "fill":
      return fill(job, contender, task.ending)
    case "open":
      return timeOpening(directory, able(contender.open))
    case "readKey":
      return read(job, await able(contender.readKey)(directory), 1)
    case "replay":
      return read(job, await able(contender.replay)(directory), 1)
    case "readAt":
      return read(job, await able(contender.readAt)(directory, picks()), task.concurrency)
    case "memory":
      return memoryOf(directory, able(contender.openIndexed))
    case "disk":
      return { bytes: bytesIn(directory) / STORED_ENTRIES }
  }
}

const append = async (job: Job, contender: Contender, task: TaskOf<"append">): Promise<Figures> => {
  const { concurrency, contentLength, durability } = task
  const session = await able(contender.append)(appending(job, { concurrency, contentLength, durability }))
  const conditions = { effort: job.effort, concurrency, mostRuns: MOST_BYTES / (KEY_LENGTH + contentLength) }
  if (!task.timesEach) {
    return rateOf(session, await measure(session, conditions))
  }
  const watched = watch()
  const rate = rateOf(session, await measure(session, conditions, watched.probe))
  return { ...rate, ...watched.figures() }
}

const batch = async (job: Job, contender: Contender, task: TaskOf<"batch">): Promise<Figures> => {
  const { contentLength, durability } = task
  const session = await able(contender.batch)(appending(job, { concurrency: 1, contentLength, durability }))
  const mostRuns = MOST_BYTES / ((KEY_LENGTH + contentLength) * session.entriesPerRun)
  return rateOf(session, await measure(session, { effort: job.effort, concurrency: 1, mostRuns }))
}

const appending = (
  { directory, mode }: Job,
  rest: Pick<Appending, "concurrency" | "contentLength" | "durability">
): Appending => ({ directory, mode, isReadLater: false, ...rest })

/** Closed afterwards, so that the next one finds the store as it was. */
const read = async ({ effort }: Job, session: Session, concurrency: number): Promise<Figures> => {
  const measured = await measure(session, { effort, concurrency, mostRuns: Infinity })
  await session.close()
  return rateOf(session, measured)
}

/** Everything is synced before the process ends, however it ends. */
const fill = async ({ directory, mode }: Job, contender: Contender, ending: Ending): Promise<Figures> => {
  const session = await able(contender.batch)({
    directory,
    mode,
    durability: "synced",
    contentLength: STORED_CONTENT_LENGTH,
    concurrency: 1,
    isReadLater: true
  })
  await runInOrder(session, STORED_ENTRIES / BATCH)
  if (ending === "killed") {
    process.kill(process.pid, "SIGKILL")
  }
  await session.close()
  return {}
}

const runInOrder = async (session: Session, runs: number): Promise<void> => {
  const { drive, UNWATCHED } = await import("./drive.js")
  await drive(session.operation, { next: 0, end: runs }, 1, UNWATCHED)
}

const able = <A>(ability: A | undefined): A => {
  if (ability === undefined) {
    throw new Error("this contender cannot do that")
  }
  return ability
}
