import { describe, expect, it } from "@effect/vitest"
import { groupCommit } from "./contenders/groupCommit.js"

describe("group commit", () => {
  it("commits together what is appended in one turn", async () => {
    const groups: Array<ReadonlyArray<number>> = []
    const append = groupCommit((indices) => {
      groups.push(indices)
      return undefined
    }, queueMicrotask)
    await Promise.all([1, 2, 3].map(append))
    await append(4)
    expect(groups).toEqual([[1, 2, 3], [4]])
  })

  it("commits together what is appended while a commit is under way", async () => {
    const groups: Array<ReadonlyArray<number>> = []
    const append = groupCommit((indices) => {
      groups.push(indices)
      return new Promise((resolve) => setTimeout(resolve, 5))
    }, queueMicrotask)
    const first = append(1)
    await new Promise((resolve) => setTimeout(resolve, 1))
    await Promise.all([first, append(2), append(3)])
    expect(groups).toEqual([[1], [2, 3]])
  })

  it("tells each writer of a group that its commit has failed, and goes on", async () => {
    let isBroken = true
    const append = groupCommit(() => isBroken ? Promise.reject(new Error("broken")) : Promise.resolve(), queueMicrotask)
    const outcomes = await Promise.allSettled([1, 2].map(append))
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"])
    isBroken = false
    await append(3)
  })
})
