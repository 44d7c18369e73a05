/**
 * The measured part of the page, and where it goes in the text around it.
 */
import type { Group, Report } from "../model.js"
import { section } from "./section.js"
import { flatSection, growthSection } from "./shapeSections.js"

const BEGIN = "<!-- measured: begin -->"
const END = "<!-- measured: end -->"

export const measuredPart = (groups: ReadonlyArray<Group>, report: Report): string =>
  [
    headline(report),
    ...groups.map((group) => section(group, report.results)),
    growthSection(report.growth),
    flatSection(report.flat),
    failures(report.failures)
  ].filter((part) => part !== "").join("\n\n")

const headline = ({ command, machine, rounds }: Report): string =>
  `Measured on ${machine.date} by \`${command}\`, medians of ${rounds} ${
    rounds === 1 ? "round" : "rounds"
  }:\n${machine.hardware},\n${machine.system},\n${machine.versions}.`

const failures = (all: ReadonlyArray<string>): string =>
  all.length === 0 ? "" : ["### What failed", ...all.map((failure) => `- ${failure}`)].join("\n\n")

/** The page with its measured part in the place of the old one. */
export const replaceMeasured = (page: string, measured: string): string => {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) {
    throw new Error(`the page has no ${BEGIN} … ${END}`)
  }
  return `${page.slice(0, begin + BEGIN.length)}\n\n${measured}\n\n${page.slice(end)}`
}

/** A page of nothing else. */
export const draft = (measured: string): string => replaceMeasured(`# Draft\n\n${BEGIN}\n\n${END}\n`, measured)
