/**
 * What the platform promises of a `KeyValueStore`: run over its own store in memory, and over ours.
 */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { describe, it } from "@effect/vitest"
import { assertFalse, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const { some } = Option

const User = Schema.Struct({ name: Schema.String, since: Schema.Date })

class Tally extends Schema.Class<Tally>("Tally")({ count: Schema.Int }) {}

export const keyValueSuite = <E>(name: string, layer: Layer.Layer<KeyValueStore.KeyValueStore, E>) => {
  const withStore = <A, F>(use: (store: KeyValueStore.KeyValueStore) => Effect.Effect<A, F>) => () =>
    Effect.provide(Effect.flatMap(KeyValueStore.KeyValueStore, use), layer)

  describe(`a KeyValueStore: ${name}`, () => {
    it.effect(
      "gives what was set last",
      withStore((store) =>
        Effect.gen(function*() {
          deepStrictEqual(yield* store.get("a"), Option.none())
          deepStrictEqual(yield* store.getUint8Array("a"), Option.none())
          yield* store.set("a", "1")
          yield* store.set("b", "2")
          yield* store.set("a", "3")
          deepStrictEqual([yield* store.get("a"), yield* store.get("b")], [some("3"), some("2")])
          strictEqual(yield* store.size, 2)
        })
      )
    )

    it.effect(
      "keeps strings and bytes apart",
      withStore((store) =>
        Effect.gen(function*() {
          yield* store.set("text", "é")
          yield* store.set("bytes", Uint8Array.of(0, 255, 1))
          deepStrictEqual(yield* store.get("text"), some("é"))
          deepStrictEqual(yield* store.getUint8Array("text"), some(Uint8Array.of(0xc3, 0xa9)))
          deepStrictEqual(yield* store.getUint8Array("bytes"), some(Uint8Array.of(0, 255, 1)))
          deepStrictEqual(yield* store.get("bytes"), some("AP8B"))
        })
      )
    )

    it.effect(
      "keeps every string as it is",
      withStore((store) =>
        Effect.forEach(
          ["", "\uFEFFmarked", "\0", "half \uD83D", "\uDE00\uD83D", "😀", "x".repeat(70_000)],
          (value) =>
            Effect.gen(function*() {
              yield* store.set("k", value)
              deepStrictEqual(yield* store.get("k"), some(value))
              yield* store.set(`key ${value.slice(0, 3).replaceAll(/\p{Surrogate}/gu, "")}`, value)
              deepStrictEqual(yield* store.get("k"), some(value))
            })
        )
      )
    )

    it.effect(
      "removes one key, and all",
      withStore((store) =>
        Effect.gen(function*() {
          yield* store.set("a", "1")
          yield* store.set("b", "2")
          yield* store.remove("a")
          yield* store.remove("nobody")
          deepStrictEqual([yield* store.has("a"), yield* store.has("b")], [false, true])
          deepStrictEqual(yield* store.get("a"), Option.none())
          strictEqual(yield* store.size, 1)
          assertFalse(yield* store.isEmpty)
          yield* store.clear
          yield* store.clear
          deepStrictEqual([yield* store.size, yield* store.has("b")], [0, false])
          assertTrue(yield* store.isEmpty)
          yield* store.set("a", "again")
          deepStrictEqual(yield* store.get("a"), some("again"))
        })
      )
    )

    it.effect(
      "modifies what is there, and nothing else",
      withStore((store) =>
        Effect.gen(function*() {
          deepStrictEqual(yield* store.modify("a", (value) => `${value}!`), Option.none())
          deepStrictEqual(yield* store.modifyUint8Array("a", (value) => value), Option.none())
          assertFalse(yield* store.has("a"))
          yield* store.set("a", "1")
          deepStrictEqual(yield* store.modify("a", (value) => `${value}!`), some("1!"))
          deepStrictEqual(yield* store.get("a"), some("1!"))
          yield* store.set("b", Uint8Array.of(1))
          const doubled = yield* store.modifyUint8Array("b", (value) => Uint8Array.of(...value, ...value))
          deepStrictEqual(doubled, some(Uint8Array.of(1, 1)))
          deepStrictEqual(yield* store.getUint8Array("b"), some(Uint8Array.of(1, 1)))
          deepStrictEqual(yield* store.modify("b", (value) => `text of ${value}`), some("text of AQE="))
          deepStrictEqual(yield* store.get("b"), some("text of AQE="))
        })
      )
    )

    it.effect(
      "takes any key that has a character",
      withStore((store) =>
        Effect.forEach(
          [" ", "/", "..", "ключ", "😀", "a\0b", "\uFEFFkey", "toString", "__proto__", "*"],
          (key) =>
            Effect.gen(function*() {
              yield* store.set(key, key)
              deepStrictEqual(yield* store.get(key), some(key))
              assertTrue(yield* store.has(key))
            })
        )
      )
    )

    it.effect(
      "is seen through a schema",
      withStore((store) =>
        Effect.gen(function*() {
          const users = store.forSchema(User)
          const ada = { name: "Ada", since: new Date(0) }
          yield* users.set("ada", ada)
          deepStrictEqual(yield* users.get("ada"), some(ada))
          deepStrictEqual(yield* store.get("ada"), some("{\"name\":\"Ada\",\"since\":\"1970-01-01T00:00:00.000Z\"}"))
          yield* users.modify("ada", (user) => ({ ...user, name: "Augusta" }))
          deepStrictEqual(Option.map(yield* users.get("ada"), ({ name }) => name), some("Augusta"))
          deepStrictEqual([yield* users.size, yield* users.has("ada"), yield* users.isEmpty], [1, true, false])
          yield* store.set("ada", "no JSON")
          strictEqual((yield* Effect.flip(users.get("ada")))._tag, "ParseError")
          yield* users.remove("ada")
          yield* users.clear
          deepStrictEqual(yield* users.get("ada"), Option.none())
        })
      )
    )

    it.effect(
      "is seen through a prefix, and as a layer with a schema",
      withStore((store) =>
        Effect.gen(function*() {
          yield* KeyValueStore.prefix(store, "user/").set("ada", "1")
          deepStrictEqual(yield* store.get("user/ada"), some("1"))
          const tallies = KeyValueStore.layerSchema(Tally, "test/Tallies")
          yield* Effect.gen(function*() {
            const tally = yield* tallies.tag
            yield* tally.set("visits", new Tally({ count: 1 }))
            deepStrictEqual(yield* tally.get("visits"), some(new Tally({ count: 1 })))
          }).pipe(Effect.provide(tallies.layer), Effect.provideService(KeyValueStore.KeyValueStore, store))
        })
      )
    )
  })
}
