/**
 * One case in a process of its own: takes a job as JSON, prints its figures as one line of JSON.
 */
import type { Job } from "./model.js"
import { perform } from "./workloads/perform.js"

const job: Job = JSON.parse(process.argv[2] ?? "")

const figures = await perform(job)
process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0))
