/**
 * Workloads as horizontal bars: medians, with a whisker from the least to the most, and this log in a colour of its own.
 */
import type { Group, Result, Workload } from "../model.js"
import { count, ratio } from "./format.js"
import { type Line, type Spread, summarize } from "./summary.js"
import { line, picture, rectangle, text } from "./svg.js"
import { ticks } from "./ticks.js"

const WIDTH = 880
const LABELS = 330
const NUMBERS = 160
const PLOT = WIDTH - LABELS - NUMBERS
const ROW = 22
const BAR = 14
const HEAD = 34
const FOOT = 34

/** Bars that are longer are cut, so that one of them does not make all the others too short to tell apart. */
const MOST_RATIO = 1.6

export const barChart = (group: Group, results: ReadonlyArray<Result>): string => {
  const panels: Array<string> = []
  let top = 8
  for (const workload of group.workloads) {
    const lines = summarize(workload, results)
    if (lines.length > 0) {
      panels.push(panel(workload, lines, titleOf(group, workload), top))
      top += HEAD + lines.length * ROW + FOOT
    }
  }
  return picture(WIDTH, top, `${group.id}: ${plain(group.title)}`, ...panels)
}

const titleOf = (group: Group, workload: Workload): string => {
  const title = [`${group.id}: ${plain(group.title)}`, workload.title].filter((part) => part !== "").join(", ")
  return `${title} (${axisOf(workload)})`
}

const axisOf = ({ baseline, figure }: Workload): string => {
  if (baseline !== undefined) {
    return "ratio to the raw limit"
  }
  return figure === "firstMs" ? "ms, less is better" : "bytes, less is better"
}

const plain = (markdown: string): string => markdown.replaceAll("`", "")

const panel = (workload: Workload, lines: ReadonlyArray<Line>, title: string, top: number): string => {
  const most = Math.max(...lines.map((one) => spreadOf(one).most))
  const marks = ticks(workload.baseline === undefined ? most : Math.min(most, MOST_RATIO))
  const last = marks.at(-1) ?? 1
  const xOf = (value: number): number => LABELS + Math.min(1, value / last) * PLOT
  const first = top + HEAD
  const bottom = first + lines.length * ROW
  return [
    text(12, top + 18, "title", title),
    ...marks.map((mark) => line(xOf(mark), first - 4, xOf(mark), bottom, "grid")),
    ...marks.map((mark) => text(xOf(mark), bottom + 15, "faint middle", String(mark))),
    ...(workload.baseline === undefined ? [] : [line(xOf(1), first - 4, xOf(1), bottom, "limit")]),
    ...lines.map((one, index) => bar(one, first + index * ROW, xOf, last))
  ].join("\n")
}

const spreadOf = ({ absolute, ratio }: Line): Spread => ratio ?? absolute

const bar = (one: Line, top: number, xOf: (value: number) => number, last: number): string => {
  const { least, median, most } = spreadOf(one)
  const middle = top + BAR / 2
  const baseline = middle + 4
  const end = xOf(median)
  const strength = one.side === "ours" ? " strong" : ""
  return [
    text(LABELS - 10, baseline, `end${strength}`, one.label),
    rectangle(LABELS, top, Math.max(1, end - LABELS), BAR, one.side),
    ...(median > last ? [line(end - 12, top + BAR + 3, end - 6, top - 3, "cut")] : []),
    line(xOf(least), middle, xOf(most), middle, "whisker"),
    text(xOf(most) + 8, baseline, `number${strength}`, numbersOf(one))
  ].join("")
}

const numbersOf = ({ absolute, ratio: relative }: Line): string =>
  relative === undefined ? count(absolute.median) : `${ratio(relative.median)} · ${count(absolute.median)}/s`
