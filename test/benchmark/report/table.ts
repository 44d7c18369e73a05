/**
 * Tables in Markdown, in columns that one can read as they are; the first column is text, the others are numbers.
 */

export type Row = ReadonlyArray<string>

export const table = (header: Row, rows: ReadonlyArray<Row>): string => {
  const widths = header.map((_, column) => Math.max(3, ...[header, ...rows].map((row) => cellOf(row, column).length)))
  const ruler = widths.map((width, column) => column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)
  return [header, ruler, ...rows].map((row) => lineOf(row, widths)).join("\n")
}

const lineOf = (row: Row, widths: ReadonlyArray<number>): string =>
  `| ${widths.map((width, column) => padded(cellOf(row, column), width, column)).join(" | ")} |`

const cellOf = (row: Row, column: number): string => row[column] ?? ""

const padded = (cell: string, width: number, column: number): string =>
  column === 0 ? cell.padEnd(width) : cell.padStart(width)
