/**
 * Runs one job in a fresh process.
 */
import { spawn } from "node:child_process"
import { text } from "node:stream/consumers"
import type { Figures, Job } from "./model.js"

const LONGEST = 10 * 60_000

/** The figures that the job came to; none where it was meant to be killed, and was. */
export const runChild = async (program: string, job: Job): Promise<Figures> => {
  const child = spawn(process.execPath, ["--expose-gc", program, JSON.stringify(job)], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LONGEST
  })
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) => {
    child.on("close", (code, signal) => resolve(signal ?? code))
  })
  const [output, complaint, end] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  if (job.task.kind === "fill" && job.task.ending === "killed" && end === "SIGKILL") {
    return {}
  }
  if (end !== 0) {
    throw new Error(`ended with ${end}: ${complaint.trim()}`)
  }
  return JSON.parse(lastLine(output))
}

/** Behind whatever a contender may have logged. */
const lastLine = (output: string): string => output.trimEnd().split("\n").at(-1) ?? ""
