/**
 * How cost grows with the number of entries: a small chart for each figure.
 */
import type { ShapeResult } from "../model.js"
import { count } from "./format.js"
import { element, line, picture, text } from "./svg.js"
import { ticks } from "./ticks.js"

interface Panel {
  readonly title: string
  readonly figure: string
}

const PANELS: ReadonlyArray<Panel> = [
  { title: "append, entries a second", figure: "rate" },
  { title: "open, ms", figure: "openMs" },
  { title: "the 10 entries of a key, µs", figure: "lookupUs" },
  { title: "memory held after that, MiB", figure: "heldMiB" }
]

const WIDTH = 860
const PANEL = { width: WIDTH / 2, height: 220, left: 66, right: 40, top: 44, bottom: 34 }

export const growthChart = (results: ReadonlyArray<ShapeResult>): string =>
  picture(
    WIDTH,
    PANEL.height * 2,
    "How cost grows with the number of entries",
    ...PANELS.map((panel, index) =>
      element(
        "g",
        { transform: `translate(${index % 2 * PANEL.width} ${Math.floor(index / 2) * PANEL.height})` },
        curve(panel, results)
      )
    )
  )

const curve = ({ figure, title }: Panel, results: ReadonlyArray<ShapeResult>): string => {
  const points = results.map(({ figures, shape }) => ({ entries: shape.entries, value: figures[figure] ?? NaN }))
  const marks = ticks(Math.max(...points.map(({ value }) => value)))
  const xOf = logarithmic(points.map(({ entries }) => entries))
  const yOf = (value: number): number =>
    PANEL.height - PANEL.bottom - value / (marks.at(-1) ?? 1) * (PANEL.height - PANEL.top - PANEL.bottom)
  return [
    text(12, 22, "title", title),
    ...marks.map((mark) => line(PANEL.left, yOf(mark), PANEL.width - PANEL.right, yOf(mark), "grid")),
    ...marks.map((mark) => text(PANEL.left - 8, yOf(mark) + 4, "faint end", mark.toLocaleString("en"))),
    ...points.map(({ entries }) =>
      text(xOf(entries), PANEL.height - PANEL.bottom + 18, "faint middle", entries.toLocaleString("en"))
    ),
    element("polyline", {
      class: "curve",
      points: points.map((at) => `${round(xOf(at.entries))},${round(yOf(at.value))}`).join(" ")
    }),
    ...points.flatMap(({ entries, value }) => [
      element("circle", { class: "ours", cx: xOf(entries), cy: yOf(value), r: 3.5 }),
      text(xOf(entries), yOf(value) - 9, "number middle", count(value))
    ])
  ].join("\n")
}

const round = (value: number): number => Math.round(value * 10) / 10

const logarithmic = (all: ReadonlyArray<number>) => {
  const least = Math.log10(Math.min(...all))
  const most = Math.log10(Math.max(...all))
  const width = PANEL.width - PANEL.left - PANEL.right - 40
  return (value: number): number =>
    PANEL.left + 20 + (most === least ? 0.5 : (Math.log10(value) - least) / (most - least)) * width
}
