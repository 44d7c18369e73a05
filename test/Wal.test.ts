import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Wal from "effect-wal/Wal"
import * as Effect from "effect/Effect"
import { appendingSuite } from "./support/appendingSuite.js"
import { appendAll, contents } from "./support/entries.js"
import { expectingSuite } from "./support/expectingSuite.js"
import { followingSuite } from "./support/followingSuite.js"
import { lifeCycleSuite } from "./support/lifeCycleSuite.js"
import { places } from "./support/places.js"
import { readingSuite } from "./support/readingSuite.js"

for (const place of places) {
  appendingSuite(place)
  expectingSuite(place)
  readingSuite(place)
  followingSuite(place)
  lifeCycleSuite(place)
}

class Other extends Wal.Tag<Other>()("test/Other") {}

describe("layerMemory", () => {
  it.effect("is a log that is gone with its scope", () =>
    Effect.gen(function*() {
      const count = Effect.flatMap(Wal.Wal, (wal) => Effect.zipRight(appendAll(wal, "k", ["1", "2"]), wal.entryCount))
      strictEqual(yield* Effect.provide(count, Wal.layerMemory()), 2)
      strictEqual(yield* Effect.provide(count, Wal.layerMemory()), 2)
    }))

  it.effect("takes options, and is its own for each tag", () =>
    Effect.gen(function*() {
      const wal = yield* Wal.Wal
      const other = yield* Other
      yield* appendAll(wal, "k", ["1"])
      deepStrictEqual(yield* contents(other.replay()), [])
      strictEqual((yield* wal.stats).directory, "/wal")
      strictEqual((yield* other.stats).directory, "/other")
    }).pipe(Effect.provide([Wal.layerMemory(), Other.layerMemory({ directory: "/other" })])))
})
