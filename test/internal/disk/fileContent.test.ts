import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { crashedBytes } from "../../../src/internal/disk/crash.js"
import { FileContent } from "../../../src/internal/disk/fileContent.js"
import { fatesOf } from "../../../src/internal/disk/outcome.js"
import type { FileStep } from "./model.js"
import { FileModel, fileSteps } from "./model.js"

const seed = FastCheck.integer({ min: 0, max: 2 ** 31 })

/** Plays a history on both. Each write has a value of its own, never zero. */
const play = (steps: ReadonlyArray<FileStep>) => {
  const content = new FileContent()
  const model = new FileModel()
  steps.forEach((step, index) => apply(content, model, step, index + 1))
  return { content, model }
}

const apply = (content: FileContent, model: FileModel, step: FileStep, value: number): void => {
  switch (step._tag) {
    case "Write": {
      const data = new Uint8Array(step.length).fill(value)
      content.write(data, step.offset)
      return model.write(step.offset, data)
    }
    case "Truncate":
      content.truncate(step.length)
      return model.truncate(step.length)
    case "Sync":
      content.sync()
      return model.sync()
  }
}

const crash = (content: FileContent, outcome: Parameters<typeof fatesOf>[0]) =>
  Array.from(crashedBytes(content, fatesOf(outcome)))

describe("the bytes of a file", () => {
  it("reads are those of a plain array, synced or not", () => {
    FastCheck.assert(FastCheck.property(fileSteps, (steps) => {
      const { content, model } = play(steps)
      expect(Array.from(content.view())).toEqual(model.bytes)
    }))
  })

  it("losing all leaves what was synced, keeping all leaves what was written", () => {
    FastCheck.assert(FastCheck.property(fileSteps, (steps) => {
      const { content, model } = play(steps)
      expect(crash(content, "lose-all")).toEqual(model.durable)
      expect(crash(content, "keep-all")).toEqual(model.bytes)
    }))
  })

  it("powersafe overwrite: no crash changes a byte that was synced and not written since", () => {
    FastCheck.assert(
      FastCheck.property(fileSteps, seed, (steps, seed) => {
        const { content, model } = play(steps)
        const found = crash(content, { seed })
        const untouched = found.flatMap((byte, at) => model.written.has(at) || at >= model.floor ? [] : [[at, byte]])
        expect(untouched).toEqual(untouched.map(([at]) => [at, model.durable[at ?? 0]]))
      }),
      { numRuns: 500 }
    )
  })

  it("bytes that were cut off but not written are the old ones, or zeros", () => {
    FastCheck.assert(
      FastCheck.property(fileSteps, seed, (steps, seed) => {
        const { content, model } = play(steps)
        const found = crash(content, { seed })
        const others = found.flatMap((byte, at) =>
          model.written.has(at) || byte === 0 || byte === model.durable[at] ? [] : [at]
        )
        expect(others).toEqual([])
      }),
      { numRuns: 500 }
    )
  })

  it("the size after a crash is one between the smallest and the largest since the last sync", () => {
    FastCheck.assert(
      FastCheck.property(fileSteps, seed, (steps, seed) => {
        const { content, model } = play(steps)
        const size = crash(content, { seed }).length
        expect(size).toBeGreaterThanOrEqual(model.floor)
        expect(size).toBeLessThanOrEqual(model.peak)
      }),
      { numRuns: 500 }
    )
  })

  it("a copy crashes as the original does, and changes alone", () => {
    FastCheck.assert(FastCheck.property(fileSteps, fileSteps, seed, (steps, more, seed) => {
      const { content } = play(steps)
      const copy = content.clone()
      const before = crash(content, { seed })
      expect(crash(copy, { seed })).toEqual(before)
      for (const step of more) apply(copy, new FileModel(), step, 200)
      expect(crash(content, { seed })).toEqual(before)
    }))
  })

  it("what a failed fsync made the cache forget reaches the disk only when it is written again", () => {
    const content = new FileContent()
    content.write(new Uint8Array(600).fill(1), 0)
    content.failSync("new")
    content.sync()
    expect(crash(content, "keep-all")).toEqual(Array.from({ length: 600 }, () => 0))
    // One byte, and its whole sector goes along.
    content.write(Uint8Array.of(2), 599)
    content.sync()
    expect(crash(content, "lose-all")).toEqual([
      ...Array.from({ length: 512 }, () => 0),
      ...Array.from({ length: 87 }, () => 1),
      2
    ])
  })

  it("a hole is zeros, although there were bytes before the truncation that made room for it", () => {
    const content = new FileContent()
    content.write(new Uint8Array(100).fill(1), 0)
    content.truncate(0)
    content.truncate(100)
    expect(crash(content, "garble-all")).toEqual(Array.from({ length: 100 }, () => 0))
  })

  it("what a synced truncation cut off is gone, also where the cache has forgotten what it wrote", () => {
    const content = new FileContent(new Uint8Array(512).fill(1))
    content.write(new Uint8Array(512).fill(2), 0)
    content.failSync("new")
    content.truncate(100)
    content.sync()
    content.truncate(512)
    content.sync()
    const left = Array.from({ length: 512 }, (_, at) => at < 100 ? 1 : 0)
    expect(crash(content, "lose-all")).toEqual(left)
    expect(crash(content, "keep-all")).toEqual(left)
  })

  it("a failed fsync that leaves the old contents leaves zeros where a truncation had cut", () => {
    const content = new FileContent(new Uint8Array(512).fill(1))
    content.truncate(100)
    content.write(new Uint8Array(412).fill(2), 100)
    content.failSync("old")
    expect(Array.from(content.view())).toEqual(Array.from({ length: 512 }, (_, at) => at < 100 ? 1 : 0))
  })

  it("takes a million small appends and large files without copying them over and over", () => {
    const content = new FileContent()
    const record = new Uint8Array(64).fill(7)
    for (let index = 0; index < 1_000_000; index++) content.write(record, index * 64)
    expect(content.size).toBe(64_000_000)
    content.sync()
    expect(content.sectors.size).toBe(0)
  })
})
