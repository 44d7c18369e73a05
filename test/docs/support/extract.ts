/**
 * The code that the documentation shows, and where it is shown.
 */
import { readFileSync } from "node:fs"
import { globFiles } from "./files.js"

export interface Snippet {
  readonly file: string
  /** Of the first line of code, from 1. */
  readonly line: number
  readonly code: string
}

/** Of README.md, docs and the doc comments in src. */
export const snippetsOf = (root: string): ReadonlyArray<Snippet> => [
  ...markdownFiles(root).flatMap((file) => fences(file, linesOf(root, file))),
  ...globFiles(root, "src", ".ts").flatMap((file) => examples(file, linesOf(root, file)))
]

export const markdownFiles = (root: string): ReadonlyArray<string> => ["README.md", ...globFiles(root, "docs", ".md")]

const linesOf = (root: string, file: string): ReadonlyArray<string> =>
  readFileSync(`${root}/${file}`, "utf8").split("\n")

/** What stands between "```ts" and "```"; `firstLine` is the number of the first of the lines. */
export const fences = (file: string, lines: ReadonlyArray<string>, firstLine = 1): ReadonlyArray<Snippet> => {
  const found: Array<Snippet> = []
  let start: number | undefined
  for (const [place, line] of lines.entries()) {
    if (start === undefined && /^\s*```(ts|typescript)\b/.test(line)) {
      start = place + 1
    } else if (start !== undefined && /^\s*```\s*$/.test(line)) {
      found.push({ file, line: firstLine + start, code: lines.slice(start, place).join("\n") })
      start = undefined
    }
  }
  return start === undefined
    ? found
    : [...found, { file, line: firstLine + start, code: lines.slice(start).join("\n") }]
}

/** What follows `@example` in a doc comment, up to the next tag: its fences, or all of it where there are none. */
export const examples = (file: string, lines: ReadonlyArray<string>): ReadonlyArray<Snippet> => {
  const found: Array<Snippet> = []
  for (const [place, line] of lines.entries()) {
    if (/^\s*\* @example\b/.test(line)) {
      const rest = lines.slice(place + 1)
      const end = rest.findIndex((line) => /^\s*(\* @|\*\/)/.test(line))
      const body = rest.slice(0, end).map((line) => line.replace(/^\s*\* ?/, ""))
      const fenced = fences(file, body, place + 2)
      found.push(...(fenced.length > 0 ? fenced : [{ file, line: place + 2, code: body.join("\n") }]))
    }
  }
  return found
}
