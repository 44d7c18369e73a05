/**
 * What the page says of the workloads that are shown together: a chart and a table for each.
 */
import type { Group, Result, Workload } from "../model.js"
import { count, ratio, span } from "./format.js"
import { type Line, summarize } from "./summary.js"
import { type Row, table } from "./table.js"

interface Column {
  readonly title: string
  readonly cell: (line: Line) => string
}

export const section = (group: Group, results: ReadonlyArray<Result>): string => {
  const tables = group.workloads.flatMap((workload) => workloadTable(workload, summarize(workload, results)))
  return tables.length === 0 ? "" : [
    `### ${group.id}: ${group.title}`,
    group.explanation,
    `![The medians of ${group.id} as bars](charts/${chartName(group)})`,
    ...tables
  ].join("\n\n")
}

export const chartName = ({ id }: Group): string => `${id.toLowerCase()}.svg`

const workloadTable = (workload: Workload, lines: ReadonlyArray<Line>): ReadonlyArray<string> => {
  if (lines.length === 0) {
    return []
  }
  const columns = columnsOf(workload).filter(({ cell }) => lines.some((line) => cell(line) !== ""))
  const header = [workload.title, ...columns.map(({ title }) => title)]
  return [table(header, lines.map((line) => rowOf(line, columns)))]
}

const rowOf = (line: Line, columns: ReadonlyArray<Column>): Row => [
  line.side === "ours" ? `**${line.label}**` : line.label,
  ...columns.map(({ cell }) => cell(line))
]

const columnsOf = ({ figure }: Workload): ReadonlyArray<Column> => {
  switch (figure) {
    case "rate":
      return [
        { title: "entries a second", cell: ({ absolute }) => count(absolute.median) },
        { title: "of the raw limit", cell: (line) => line.ratio === undefined ? "" : ratio(line.ratio.median) },
        {
          title: "least–most",
          cell: (line) => line.ratio === undefined ? "" : span(ratio, line.ratio.least, line.ratio.most)
        },
        figureColumn("p50, µs", "p50Us"),
        figureColumn("p99, µs", "p99Us"),
        figureColumn("loop delay p99, ms", "loopP99Ms"),
        figureColumn("most, ms", "loopMaxMs")
      ]
    case "firstMs":
      return [
        { title: "ms", cell: ({ absolute }) => count(absolute.median) },
        { title: "least–most", cell: ({ absolute }) => span(count, absolute.least, absolute.most) },
        figureColumn("again, ms", "secondMs")
      ]
    case "bytes":
      return [
        { title: "bytes an entry", cell: ({ absolute }) => count(absolute.median) },
        figureColumn("resident", "residentBytes")
      ]
  }
}

const figureColumn = (title: string, name: string): Column => ({
  title,
  cell: ({ figures }) => {
    const figure = figures[name]
    return figure === undefined ? "" : count(figure)
  }
})
