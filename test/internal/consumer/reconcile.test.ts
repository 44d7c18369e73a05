import { describe, expect, it } from "@effect/vitest"
import { type Checked, type Finding, holds, reconcile } from "../../../src/internal/consumer/reconcile.js"
import { toSequence } from "../../../src/internal/log/nominal.js"

const at = (sequence: number, finding: Finding): Checked => ({
  position: { sequence: toSequence(sequence) },
  finding
})

/** The log has the entries 11 to 50. */
const ends = { oldest: 11, newest: 50 }

describe("a cursor that holds", () => {
  it("has its very entry in the log", () => {
    expect(reconcile(ends, at(30, "same"), [])).toEqual({ _tag: "Resumed", after: 30 })
    expect(reconcile(ends, at(50, "same"), [])).toEqual({ _tag: "Resumed", after: 50 })
  })

  it("is right before the oldest entry: its own has expired, and nothing behind it was lost", () => {
    expect(reconcile(ends, at(10, "expired"), [])).toEqual({ _tag: "Resumed", after: 10 })
    expect(reconcile(ends, at(10, "unproved"), [])).toEqual({ _tag: "Resumed", after: 10 })
  })

  it("is that of an empty log, at its end", () => {
    expect(reconcile({ oldest: 1, newest: 0 }, at(0, "unproved"), [])).toEqual({ _tag: "Resumed", after: 0 })
    expect(reconcile({ oldest: 51, newest: 50 }, at(50, "expired"), [])).toEqual({ _tag: "Resumed", after: 50 })
  })

  it("is where a consumer began that found no entry there, if the log still goes so far", () => {
    expect(reconcile(ends, at(20, "unproved"), [])).toEqual({ _tag: "Resumed", after: 20 })
    expect(holds(at(51, "unproved"), 11, 50)).toBe(false)
  })
})

describe("a cursor behind retention", () => {
  it("goes on with the oldest entry, and says which ones were missed", () => {
    expect(reconcile(ends, at(9, "expired"), [])).toEqual({
      _tag: "Expired",
      cursor: 9,
      after: 10,
      missed: { first: 10, last: 10 }
    })
    expect(reconcile(ends, at(0, "unproved"), [])).toMatchObject({ after: 10, missed: { first: 1, last: 10 } })
  })

  it("goes on at the next entry to come where none is left", () => {
    expect(reconcile({ oldest: 51, newest: 50 }, at(20, "expired"), [])).toMatchObject({ _tag: "Expired", after: 50 })
  })
})

describe("a cursor that does not fit", () => {
  const older = [at(40, "other"), at(30, "same"), at(20, "same")]

  it("is beyond a log that lost its tail, and goes back to the newest place that is still the same", () => {
    const lost = { oldest: 11, newest: 35 }
    expect(reconcile(lost, at(48, "other"), older)).toEqual({
      _tag: "Rewound",
      reason: "BeyondEnd",
      cursor: 48,
      after: 30
    })
  })

  it("is not taken to the end of such a log: what is there may have been written anew", () => {
    expect(reconcile({ oldest: 11, newest: 47 }, at(48, "other"), [at(40, "other")])).toMatchObject({ after: 10 })
  })

  it("has another entry at its place, and goes back too", () => {
    expect(reconcile(ends, at(48, "other"), older)).toMatchObject({ reason: "OtherEntry", after: 30 })
  })

  it("has lost its entry to damage, and goes back too", () => {
    expect(reconcile(ends, at(48, "lost"), older)).toMatchObject({ reason: "EntryLost", after: 30 })
  })

  it("goes to the oldest entry where nothing is the same any more, and not to the first that ever was", () => {
    expect(reconcile(ends, at(48, "other"), [at(40, "other"), at(5, "expired"), at(2, "unproved")])).toMatchObject({
      _tag: "Rewound",
      after: 10
    })
  })

  it("does not go back to a place that nothing proves", () => {
    expect(reconcile(ends, at(48, "other"), [at(40, "unproved")])).toMatchObject({ after: 10 })
  })

  it("of a log that is empty and new, begins with its first entry", () => {
    expect(reconcile({ oldest: 1, newest: 0 }, at(48, "other"), [at(40, "other")])).toMatchObject({
      reason: "BeyondEnd",
      after: 0
    })
  })
})
