/**
 * Whether relative links of the documentation lead somewhere.
 */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

/** The links that lead nowhere, each as `file:line: target`. */
export const brokenLinks = (root: string, file: string): ReadonlyArray<string> =>
  withoutFences(readFileSync(join(root, file), "utf8"))
    .split("\n")
    .flatMap((line, place) =>
      [...line.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) =>
        leadsSomewhere(root, file, target) ? [] : [`${file}:${place + 1}: ${target}`]
      )
    )

const leadsSomewhere = (root: string, file: string, target: string): boolean => {
  if (/^[a-z]+:/.test(target)) {
    return true
  }
  const [path = "", anchor] = target.split("#")
  const to = path === "" ? join(root, file) : join(root, dirname(file), path)
  return existsSync(to) && (anchor === undefined || anchorsOf(to).includes(anchor))
}

/** As GitHub makes them from headings. */
const anchorsOf = (path: string): ReadonlyArray<string> =>
  [...withoutFences(readFileSync(path, "utf8")).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  )

/** Empties the lines of code, and keeps their number. */
const withoutFences = (text: string): string =>
  text.replaceAll(/^```[^]*?^```$/gm, (fence) => fence.replaceAll(/[^\n]/g, ""))
