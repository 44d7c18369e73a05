/**
 * Warms an operation up, finds out how fast it is, and measures it for as long as is wanted.
 */
import type { Session } from "../contenders/contender.js"
import type { Effort, Figures } from "../model.js"
import { drive, type Probe, UNWATCHED } from "./drive.js"

export interface Conditions {
  readonly effort: Effort
  readonly concurrency: number
  /** So that no case fills the disk, or the memory that is kept for what is not on the disk yet. */
  readonly mostRuns: number
}

/** How much of the wanted time is long enough. */
const LEAST_SHARE = 0.6

/** What was measured while `seconds` passed and `runs` operations ended. */
export interface Measured {
  readonly runs: number
  readonly seconds: number
}

/** Measures again where it was over too soon: code that has become faster since it warmed up is not warm yet. */
export const measure = async (
  session: Session,
  conditions: Conditions,
  probeOf: (runs: number) => Probe = () => UNWATCHED
): Promise<Measured> => {
  const { effort, mostRuns } = conditions
  let { next, perSecond } = await warmUp(session, conditions)
  for (;;) {
    const runs = runsFor(perSecond, conditions)
    const seconds = await time(session, conditions, next, runs, probeOf(runs))
    if (seconds >= effort.seconds * LEAST_SHARE || runs >= Math.floor(mostRuns)) {
      return { runs, seconds }
    }
    next += runs
    perSecond = runs / seconds
  }
}

const runsFor = (perSecond: number, { concurrency, effort, mostRuns }: Conditions): number =>
  Math.max(concurrency, Math.min(Math.ceil(perSecond * effort.seconds), Math.floor(mostRuns)))

export const rateOf = (session: Session, { runs, seconds }: Measured): Figures => ({
  rate: runs * session.entriesPerRun / seconds
})

/** Twice as many runs each time, until one time was long enough to know the speed. */
const warmUp = async (session: Session, conditions: Conditions) => {
  let next = 0
  for (let runs = conditions.concurrency;; runs *= 2) {
    const seconds = await time(session, conditions, next, runs, UNWATCHED)
    next += runs
    if (seconds >= conditions.effort.warmUpSeconds / 2 || runs * 2 > conditions.mostRuns) {
      return { next, perSecond: runs / seconds }
    }
  }
}

const time = async (
  { operation, settle }: Session,
  { concurrency }: Conditions,
  next: number,
  runs: number,
  probe: Probe
): Promise<number> => {
  const started = performance.now()
  await drive(operation, { next, end: next + runs }, concurrency, probe)
  await settle?.()
  return (performance.now() - started) / 1000
}
