import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { copyVolume } from "../../../src/internal/disk/copyVolume.js"
import { crashedVolume } from "../../../src/internal/disk/crash.js"
import { Errno } from "../../../src/internal/disk/errno.js"
import { close, open, sync, write } from "../../../src/internal/disk/fileCalls.js"
import * as nameCalls from "../../../src/internal/disk/nameCalls.js"
import { fatesOf } from "../../../src/internal/disk/outcome.js"
import { Volume } from "../../../src/internal/disk/volume.js"

type Step =
  | { readonly _tag: "Rename"; readonly from: string; readonly to: string }
  | { readonly _tag: "MoveDirectory"; readonly from: string; readonly to: string }
  | { readonly _tag: "Make"; readonly path: string }
  | { readonly _tag: "RemoveDirectory"; readonly path: string }
  | { readonly _tag: "Sync"; readonly path: string }

const directories = ["/", "/a", "/b", "/a/c"]
const directory = FastCheck.constantFrom(...directories)
const file = FastCheck.tuple(directory, FastCheck.constantFrom("x", "y", "z")).map(([parent, name]) =>
  `${parent}/${name}`
)

const steps: FastCheck.Arbitrary<ReadonlyArray<Step>> = FastCheck.array(
  FastCheck.oneof(
    { arbitrary: FastCheck.record({ _tag: FastCheck.constant("Rename" as const), from: file, to: file }), weight: 8 },
    {
      arbitrary: FastCheck.record({
        _tag: FastCheck.constant("MoveDirectory" as const),
        from: directory,
        to: FastCheck.constantFrom("/a", "/b", "/a/c", "/b/a", "/b/c")
      }),
      weight: 2
    },
    { arbitrary: FastCheck.record({ _tag: FastCheck.constant("Make" as const), path: directory }), weight: 1 },
    {
      arbitrary: FastCheck.record({ _tag: FastCheck.constant("RemoveDirectory" as const), path: directory }),
      weight: 1
    },
    { arbitrary: FastCheck.record({ _tag: FastCheck.constant("Sync" as const), path: directory }), weight: 3 }
  ),
  { maxLength: 14 }
)

const treasures = ["/x", "/a/y", "/a/c/z"]

/** A disk on which the treasures are durable. Each says in its bytes which one it is. */
const prepared = (): Volume => {
  const volume = new Volume({ capacity: Infinity, now: () => 0 })
  for (const path of ["/a", "/b", "/a/c"]) nameCalls.makeDirectory(volume, path)
  for (const path of treasures) {
    const handle = open(volume, 3, path, "w")
    write(volume, handle, new TextEncoder().encode(path), 0)
    sync(volume, handle)
    close(volume, handle)
  }
  for (const path of directories) syncDirectory(volume, path)
  return volume
}

const syncDirectory = (volume: Volume, path: string): void => sync(volume, open(volume, 3, path, "r"))

/** Never replaces a file: what is lost then is lost by a crash. */
const apply = (volume: Volume, step: Step): void => {
  switch (step._tag) {
    case "Rename":
    case "MoveDirectory":
      return isThere(volume, step.to) ? undefined : nameCalls.rename(volume, step.from, step.to)
    case "Make":
      return nameCalls.makeDirectory(volume, step.path)
    case "RemoveDirectory":
      return nameCalls.removeDirectory(volume, step.path)
    case "Sync":
      return syncDirectory(volume, step.path)
  }
}

const play = (steps: ReadonlyArray<Step>): Volume => {
  const volume = prepared()
  for (const step of steps) {
    try {
      apply(volume, step)
    } catch (error) {
      if (!(error instanceof Errno)) throw error
    }
  }
  return volume
}

const isThere = (volume: Volume, path: string): boolean => {
  try {
    nameCalls.find(volume, path, "keep")
    return true
  } catch {
    return false
  }
}

/** The treasures that can be reached, each as often as there are paths to it. */
const reachable = (volume: Volume): ReadonlyArray<string> => {
  const visit = (path: string): ReadonlyArray<string> => {
    const node = nameCalls.find(volume, path, "keep")
    if (node.kind === "file") return [new TextDecoder().decode(node.content.view())]
    return nameCalls.list(volume, path).flatMap(([name]) => visit(`${path}/${name}`))
  }
  return visit("/").toSorted()
}

describe("the names on a disk", () => {
  it("a file that is only renamed is found after every crash, once", () => {
    FastCheck.assert(
      FastCheck.property(steps, FastCheck.integer({ min: 0, max: 2 ** 31 }), (steps, seed) => {
        const volume = play(steps)
        expect(reachable(crashedVolume(volume, fatesOf({ seed })))).toEqual(treasures.toSorted())
        expect(reachable(crashedVolume(volume, fatesOf("lose-all")))).toEqual(treasures.toSorted())
      }),
      { numRuns: 2000 }
    )
  })

  it("a file that is moved into a new directory is not lost with that directory", () => {
    const found = outcomesOf((volume) => {
      nameCalls.makeDirectory(volume, "/n")
      nameCalls.rename(volume, "/x", "/n/x")
    })
    expect(found).toEqual(new Set(["/n/x", "/x"]))
  })

  it("directories that were moved around one another do not get lost in a circle", () => {
    const found = outcomesOf((volume) => {
      nameCalls.rename(volume, "/a", "/b/a")
      nameCalls.rename(volume, "/b/a", "/a")
      nameCalls.rename(volume, "/b", "/a/b")
    })
    expect(found).toEqual(new Set(["/x"]))
  })

  it("keeping all leaves the tree as it was seen", () => {
    FastCheck.assert(FastCheck.property(steps, (steps) => {
      const volume = play(steps)
      expect(tree(crashedVolume(volume, fatesOf("keep-all")))).toEqual(tree(volume))
    }))
  })

  it("when every directory is synced, every crash leaves the tree as it was seen", () => {
    FastCheck.assert(FastCheck.property(steps, FastCheck.integer(), (steps, seed) => {
      const volume = play(steps)
      for (const path of tree(volume)) {
        if (nameCalls.find(volume, path).kind === "directory") syncDirectory(volume, path)
      }
      expect(volume.journal.pending).toEqual([])
      expect(tree(crashedVolume(volume, fatesOf({ seed })))).toEqual(tree(volume))
    }))
  })

  it("a copy crashes as the original does", () => {
    FastCheck.assert(FastCheck.property(steps, FastCheck.integer(), (steps, seed) => {
      const volume = play(steps)
      const copy = copyVolume(volume)
      expect(tree(crashedVolume(copy, fatesOf({ seed })))).toEqual(tree(crashedVolume(volume, fatesOf({ seed }))))
    }))
  })
})

/** Where the first treasure is after each of many crashes; all of them must be somewhere. */
const outcomesOf = (change: (volume: Volume) => void): Set<string> => {
  const volume = prepared()
  change(volume)
  const crashes = Array.from({ length: 200 }, (_, seed) => crashedVolume(volume, fatesOf({ seed })))
  for (const crashed of crashes) expect(reachable(crashed)).toEqual(treasures.toSorted())
  return new Set(crashes.flatMap((crashed) => tree(crashed)).filter((path) => path.endsWith("/x")))
}

const tree = (volume: Volume, path = "/"): ReadonlyArray<string> => {
  const node = nameCalls.find(volume, path, "keep")
  if (node.kind !== "directory") return [path]
  return [
    path,
    ...nameCalls.list(volume, path).flatMap(([name]) => tree(volume, `${path === "/" ? "" : path}/${name}`))
  ]
}
