/**
 * From the figures of all rounds to one line for each case: medians, and the ratio to the raw limit of the same round.
 */
import { median } from "../median.js"
import type { Case, Figures, Result, Workload } from "../model.js"

export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

export interface Line {
  readonly label: string
  readonly side: "raw" | "ours" | "peer"
  /** Medians over the rounds. */
  readonly figures: Figures
  /** Of the figure that counts. */
  readonly absolute: Spread
  readonly ratio: Spread | undefined
}

/** The raw ones first, then the best first. */
export const summarize = (workload: Workload, results: ReadonlyArray<Result>): ReadonlyArray<Line> => {
  const own = results.filter((result) => result.workload === workload.id)
  const lines = workload.cases.flatMap((one) => lineOf(workload, one, own) ?? [])
  const raw = lines.filter(({ side }) => side === "raw")
  return [...raw, ...lines.filter(({ side }) => side !== "raw").toSorted(byFigure(workload))]
}

const byFigure = ({ figure }: Workload) => (one: Line, other: Line): number =>
  (figure === "rate" ? -1 : 1) * (one.absolute.median - other.absolute.median)

const lineOf = (
  { baseline, figure }: Workload,
  { contender, label }: Case,
  results: ReadonlyArray<Result>
): Line | undefined => {
  const own = results.filter((result) => result.label === label)
  const values = own.flatMap(({ figures }) => figures[figure] ?? [])
  const ratios = own.flatMap(({ figures, round }) => ratioTo(baseline, figure, results, round, figures))
  return values.length === 0 ? undefined : {
    label,
    side: contender === "raw" ? "raw" : contender.startsWith("effect-wal") ? "ours" : "peer",
    figures: medians(own.map(({ figures }) => figures)),
    absolute: spreadOf(values),
    ratio: ratios.length === 0 ? undefined : spreadOf(ratios)
  }
}

const ratioTo = (
  baseline: Case | undefined,
  figure: string,
  results: ReadonlyArray<Result>,
  round: number,
  figures: Figures
): ReadonlyArray<number> => {
  const limit = results.find((result) => result.round === round && result.label === baseline?.label)?.figures[figure]
  const own = figures[figure]
  return limit === undefined || own === undefined ? [] : [own / limit]
}

const medians = (all: ReadonlyArray<Figures>): Figures => {
  const names = new Set(all.flatMap((figures) => Object.keys(figures)))
  return Object.fromEntries([...names].map((name) => [name, median(all.flatMap((figures) => figures[name] ?? []))]))
}

const spreadOf = (values: ReadonlyArray<number>): Spread => ({
  median: median(values),
  least: Math.min(...values),
  most: Math.max(...values)
})
