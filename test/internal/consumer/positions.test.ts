import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { withNewest } from "../../../src/internal/consumer/positions.js"
import type { Position } from "../../../src/internal/log/cursorFile.js"
import { toSequence } from "../../../src/internal/log/nominal.js"

const position = (sequence: number): Position => ({ sequence: toSequence(sequence) })

const sequencesOf = (positions: ReadonlyArray<Position>) => positions.map(({ sequence }) => Number(sequence))

/** The positions after saves at each of these sequences. */
const savedAt = (sequences: ReadonlyArray<number>) =>
  sequences.reduce<ReadonlyArray<Position>>((positions, sequence) => withNewest(positions, position(sequence)), [])

describe("the positions of a cursor", () => {
  it("have the newest first", () => {
    expect(sequencesOf(savedAt([5, 6, 9]))).toEqual([9, 6, 5])
  })

  it("are without those that are not older than the newest", () => {
    expect(sequencesOf(withNewest([position(9), position(7), position(4)], position(7)))).toEqual([7, 4])
  })

  it("are few, and one of them is always near before where one has to go back to", () => {
    FastCheck.assert(FastCheck.property(
      FastCheck.array(FastCheck.integer({ min: 1, max: 3000 }), { minLength: 2, maxLength: 500 }),
      FastCheck.nat(),
      (steps, choice) => {
        const saved: Array<number> = []
        for (const step of steps) {
          saved.push((saved.at(-1) ?? 0) + step)
        }
        const kept = sequencesOf(savedAt(saved))
        const newest = saved.at(-1) ?? 0
        // The log is the same up to one of the saved places: how far behind that is the place to go back to?
        const same = saved[choice % saved.length] ?? 0
        const back = kept.find((sequence) => sequence <= same)
        expect(kept.length).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(newest)))
        expect(back).toBeDefined()
        const distance = newest - same
        expect(newest - (back ?? 0)).toBeLessThanOrEqual(Math.max(4 * distance, 0))
      }
    ))
  })
})
