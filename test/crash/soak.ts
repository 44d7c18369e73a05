/**
 * The model against random programs for as long as one likes: `npm run soak -- --minutes 10 --seed 1`.
 */
import * as FastCheck from "effect/FastCheck"
import { parseArgs } from "node:util"
import { commands, run } from "./model.js"

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "1" }, seed: { type: "string", default: String(Date.now() % 1e9) } }
})

const ROUND = 100
const end = Date.now() + Number(values.minutes) * 60_000
let seed = Number(values.seed)
let programs = 0

while (Date.now() < end) {
  const result = await FastCheck.check(
    FastCheck.asyncProperty(commands, async (program) => {
      const wrong = await run(program)
      return wrong === undefined || Promise.reject(new Error(wrong))
    }),
    { seed, numRuns: ROUND }
  )
  if (result.failed) {
    console.log(FastCheck.defaultReportMessage(result))
    console.log(`replay with: npm run soak -- --minutes 0.01 --seed ${seed}`)
    process.exit(1)
  }
  programs += ROUND
  seed++
  console.log(`${programs} programs, the next seed is ${seed}`)
}
