/**
 * Measures this log beside bare files and other stores, and writes down what came of it: docs/performance.md says how to run it.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { build } from "./build.js"
import type { Report, ShapeResult } from "./model.js"
import { isWanted, type Options, readOptions } from "./options.js"
import { groups } from "./plan.js"
import { describeMachine } from "./report/machine.js"
import { measuredPart } from "./report/page.js"
import { writeReport } from "./report/write.js"
import { type Running, runRounds } from "./rounds.js"
import { runChild } from "./runChild.js"
import { flatOf, growthOf, runShapes } from "./shapePlan.js"

const docs = fileURLToPath(new URL("../../docs", import.meta.url))
const drafts = fileURLToPath(new URL(".results", import.meta.url))

const measureAll = async (options: Options): Promise<Report> => {
  const failures: Array<string> = []
  const program = build()
  mkdirSync(options.directory, { recursive: true })
  const directory = mkdtempSync(`${options.directory}/stores-`)
  const running: Running = {
    options,
    directory,
    run: (job) => runChild(program, job),
    say: console.error,
    fail: (what) => {
      failures.push(what)
      console.error(`FAILED: ${what}`)
    }
  }
  const machine = describeMachine(directory)
  try {
    const results = await runRounds(groups, running)
    const [growthResults, flatResults] = await measureShapes(running)
    const { command, rounds } = options
    return { machine, rounds, command, results, growth: growthResults, flat: flatResults, failures }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const measureShapes = async (
  running: Running
): Promise<readonly [ReadonlyArray<ShapeResult>, ReadonlyArray<ShapeResult>]> => {
  const { options } = running
  return isWanted("shapes", options)
    ? [await runShapes(growthOf(options), running), await runShapes(flatOf(options), running)]
    : [[], []]
}

const show = (options: Options, report: Report): void => {
  console.log(measuredPart(groups, report))
  console.error(`\nwritten to ${writeReport(options.isForDocs ? docs : drafts, groups, report)}`)
  process.exitCode = report.failures.length === 0 ? 0 : 1
}

const options = readOptions(process.argv.slice(2))
mkdirSync(drafts, { recursive: true })
if (options.render === undefined) {
  const report = await measureAll(options)
  writeFileSync(`${drafts}/results.json`, JSON.stringify(report, null, 1))
  show(options, report)
} else {
  const report: Report = JSON.parse(readFileSync(options.render, "utf8"))
  show(options, report)
}
