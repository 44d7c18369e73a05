/**
 * What the command line asks for.
 */
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import type { Effort } from "./model.js"

export interface Options {
  readonly rounds: number
  /** Workloads by the beginning of their ids, or `shapes`; all where there is none. */
  readonly only: ReadonlyArray<string>
  /** All where there is none. */
  readonly contenders: ReadonlyArray<string>
  readonly effort: Effort
  readonly isQuick: boolean
  /** In which the stores get a directory of their own. */
  readonly directory: string
  /** Results of an earlier run that are shown again, and nothing is measured. */
  readonly render: string | undefined
  /** Whether the pages of the documentation are written, and not a draft beside the benchmark. */
  readonly isForDocs: boolean
  /** As it was typed. */
  readonly command: string
}

const ROUNDS = 3
/** V8 compiles for a second and more, on a core that others need meanwhile; a log runs for longer than that. */
const FULL: Effort = { warmUpSeconds: 1.5, seconds: 1 }
const QUICK: Effort = { warmUpSeconds: 0.2, seconds: 0.25 }

export const readOptions = (args: ReadonlyArray<string>): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string" },
      only: { type: "string", default: "" },
      contenders: { type: "string", default: "" },
      quick: { type: "boolean", default: false },
      directory: { type: "string", default: fileURLToPath(new URL(".stores", import.meta.url)) },
      render: { type: "string" },
      write: { type: "boolean", default: false }
    }
  })
  const only = listed(values.only)
  const contenders = listed(values.contenders)
  const isWhole = only.length === 0 && contenders.length === 0 && !values.quick && values.render === undefined
  return {
    rounds: Number(values.rounds ?? (values.quick ? 1 : ROUNDS)),
    only,
    contenders,
    effort: values.quick ? QUICK : FULL,
    isQuick: values.quick,
    directory: values.directory,
    render: values.render,
    isForDocs: isWhole || values.write,
    command: ["npm run bench", ...(args.length === 0 ? [] : ["--", ...args])].join(" ")
  }
}

const listed = (names: string): ReadonlyArray<string> => names.split(",").filter((name) => name !== "")

/** Whether a workload is asked for: `W5` means all that begin with it, and `W3` does not mean `W3d`. */
export const isWanted = (id: string, { only }: Options): boolean =>
  only.length === 0 || only.some((wanted) => wanted === id || id.startsWith(`${wanted}-`))
