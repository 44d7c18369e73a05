/**
 * Puts a report where it is read: the page, and a chart for each group of workloads.
 */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Group, Report } from "../model.js"
import { barChart } from "./barChart.js"
import { growthChart } from "./growthChart.js"
import { draft, measuredPart, replaceMeasured } from "./page.js"
import { chartName, section } from "./section.js"

const root = fileURLToPath(new URL("../../..", import.meta.url))

/** Into the folder of the page, in which the charts have one of their own. */
export const writeReport = (folder: string, groups: ReadonlyArray<Group>, report: Report): string => {
  mkdirSync(`${folder}/charts`, { recursive: true })
  for (const [name, chart] of chartsOf(groups, report)) {
    writeFileSync(`${folder}/charts/${name}`, chart)
  }
  const page = `${folder}/performance.md`
  const measured = measuredPart(groups, report)
  writeFileSync(page, existsSync(page) ? replaceMeasured(readFileSync(page, "utf8"), measured) : draft(measured))
  format(page)
  return page
}

const chartsOf = (groups: ReadonlyArray<Group>, report: Report): ReadonlyArray<readonly [string, string]> => [
  ...groups.filter((group) => section(group, report.results) !== "")
    .map((group) => [chartName(group), barChart(group, report.results)] as const),
  ...(report.growth.length === 0 ? [] : [["growth.svg", growthChart(report.growth)] as const])
]

/** As every page is, so that a check finds nothing to say; drafts are none of its business. */
const format = (page: string): void => {
  spawnSync(process.execPath, [`${root}node_modules/dprint/bin.cjs`, "fmt", "--allow-no-files", page], {
    cwd: root,
    stdio: "inherit"
  })
}
