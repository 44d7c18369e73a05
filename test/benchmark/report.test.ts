import { describe, expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { median } from "./median.js"
import type { Case, Group, Report, Result, Workload } from "./model.js"
import { isWanted, readOptions } from "./options.js"
import { groups } from "./plan.js"
import { barChart } from "./report/barChart.js"
import { count, ratio } from "./report/format.js"
import { growthChart } from "./report/growthChart.js"
import { measuredPart, replaceMeasured } from "./report/page.js"
import { summarize } from "./report/summary.js"
import { table } from "./report/table.js"
import { ticks } from "./report/ticks.js"

const raw: Case = { contender: "raw", mode: "plain", label: "raw" }
const ours: Case = { contender: "effect-wal-node", mode: "plain", label: "ours & co" }
const peer: Case = { contender: "lmdb", mode: "plain", label: "peer" }

const workload: Workload = {
  id: "W0-a",
  title: "a",
  task: { kind: "replay" },
  cases: [raw, peer, ours],
  figure: "rate",
  baseline: raw
}

const group: Group = { id: "W0", title: "Some `work`", explanation: "Explained.", workloads: [workload] }

const result = (label: string, round: number, rate: number): Result => ({
  workload: workload.id,
  label,
  round,
  figures: { rate }
})

/** The machine was twice as fast in the second round. */
const results = [
  result("raw", 1, 100),
  result("ours & co", 1, 50),
  result("peer", 1, 10),
  result("raw", 2, 200),
  result("ours & co", 2, 120),
  result("peer", 2, 1000)
]

const report: Report = {
  machine: { date: "2026-01-01", hardware: "1 × machine", system: "a system", versions: "versions" },
  rounds: 2,
  command: "npm run bench",
  results,
  growth: [1_000, 10_000].map((entries) => ({
    shape: { entries, keys: 1, contentLength: 1 },
    figures: { rate: entries, openMs: 1, lookupUs: 2, heldMiB: 3 }
  })),
  flat: [],
  failures: ["something"]
}

describe("a summary", () => {
  it("has the median of some numbers", () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, NaN])
  })

  it("relates each figure to the raw limit of the same round", () => {
    const line = summarize(workload, results).find(({ label }) => label === "ours & co")
    expect(line?.ratio).toEqual({ least: 0.5, median: 0.55, most: 0.6 })
    expect(line?.absolute).toEqual({ least: 50, median: 85, most: 120 })
  })

  it("begins with the raw limit, and goes on with the best", () => {
    expect(summarize(workload, results).map(({ label }) => label)).toEqual(["raw", "peer", "ours & co"])
  })

  it("leaves out what did not run", () => {
    expect(summarize(workload, results.slice(0, 2)).map(({ label }) => label)).toEqual(["raw", "ours & co"])
  })
})

describe("the page", () => {
  it("keeps what is written by hand", () => {
    const page = "before\n<!-- measured: begin -->\nold\n<!-- measured: end -->\nafter\n"
    expect(replaceMeasured(page, "new")).toBe(
      "before\n<!-- measured: begin -->\n\nnew\n\n<!-- measured: end -->\nafter\n"
    )
  })

  it("must say where the measured part goes", () => {
    expect(() => replaceMeasured("no place", "new")).toThrow("measured: begin")
    const page = readFileSync(new URL("../../docs/performance.md", import.meta.url), "utf8")
    expect(replaceMeasured(page, "new")).toContain("\n\nnew\n\n")
  })

  it("has a chart and a table for each group that ran, the machine, and what failed", () => {
    const part = measuredPart([group, { ...group, id: "W00", workloads: [] }], report)
    expect(part).toContain("### W0: Some `work`\n\nExplained.\n\n![The medians of W0 as bars](charts/w0.svg)")
    expect(part).toMatch(/\| \*\*ours & co\*\* +\| +85 \| +0\.55 \| +0\.50–0\.60 \|/)
    expect(part).toContain("1 × machine")
    expect(part).toContain("- something")
    expect(part).not.toContain("W00")
  })

  it("has figures with the digits that count", () => {
    expect([count(645_321), count(1.066), count(0.5), ratio(1.066), ratio(0.0123), ratio(0.0004321)])
      .toEqual(["645,000", "1.07", "0.5", "1.07", "0.01", "0.0004"])
  })

  it("has tables in columns", () => {
    expect(table(["a", "rate"], [["long name", "1"]])).toBe(
      "| a         | rate |\n| --------- | ---: |\n| long name |    1 |"
    )
  })
})

describe("charts", () => {
  const charts = [barChart(group, results), growthChart(report.growth)]

  it("stand alone, and have colours for dark pages", () => {
    for (const chart of charts) {
      expect(chart).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" .*<\/svg>\n$/s)
      expect(chart).toContain("prefers-color-scheme: dark")
      expect(chart).not.toMatch(/NaN|Infinity|undefined|href/)
    }
  })

  it("have a bar for each case", () => {
    expect(charts[0]).toContain(">ours &amp; co<")
    expect(charts[0]?.match(/<rect [^>]*class="(raw|ours|peer)"/g)?.length).toBe(3)
  })

  it("have round numbers along their axes", () => {
    expect([ticks(1), ticks(0.13), ticks(2_600_000), ticks(0)]).toEqual([
      [0, 0.5, 1],
      [0, 0.05, 0.1, 0.15],
      [0, 1_000_000, 2_000_000, 3_000_000],
      [0, 1]
    ])
  })
})

describe("the plan", () => {
  it("names each workload once, and each case once in it", () => {
    const workloads = groups.flatMap(({ workloads }) => workloads)
    expect(new Set(workloads.map(({ id }) => id)).size).toBe(workloads.length)
    for (const { cases } of workloads) {
      expect(new Set(cases.map(({ label }) => label)).size).toBe(cases.length)
    }
  })

  it("is run in part where that is asked for", () => {
    const wanted = (only: string) => ["W3-100", "W3d", "W3"].filter((id) => isWanted(id, readOptions(["--only", only])))
    expect([wanted("W3"), wanted("W3d"), wanted("W3-100,W3d")]).toEqual([["W3-100", "W3"], ["W3d"], ["W3-100", "W3d"]])
  })

  it("writes into the documentation only when it is run whole", () => {
    expect([[], ["--quick"], ["--only", "W1"], ["--quick", "--write"]].map((args) => readOptions(args).isForDocs))
      .toEqual([true, false, false, true])
  })
})
