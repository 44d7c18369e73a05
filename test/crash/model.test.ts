import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { commands, run } from "./model.js"

/** A failure names its seed: `npm run soak -- --seed <seed>` plays the same again. */
describe("a log under random use, crashes and faults", () => {
  it("does what the model does", async () => {
    const seed = Number(process.env["MODEL_SEED"] ?? 20_261_124)
    const result = await FastCheck.check(
      FastCheck.asyncProperty(commands, async (program) => {
        const wrong = await run(program)
        return wrong === undefined || Promise.reject(new Error(wrong))
      }),
      { seed, numRuns: 600 }
    )
    expect(result.failed ? FastCheck.defaultReportMessage(result) : "as the model").toBe("as the model")
  }, 180_000)
})
