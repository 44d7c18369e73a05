/**
 * A cache that is warm after a restart: forecasts that a slow service gave are kept in a log, the latest of each city.
 *
 *     npm run example -- warm-cache
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { WalKeyValueStore } from "effect-wal"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const Forecast = Schema.Struct({ city: Schema.String, celsius: Schema.Int })

const forecasts = Effect.map(KeyValueStore.KeyValueStore, (store) => store.forSchema(Forecast))

/** Stands for a service that is slow, or costs money. */
const askService = (city: string) =>
  Console.log(`  (asks the service for ${city})`).pipe(
    Effect.delay("50 millis"),
    Effect.as({ city, celsius: city.length * 3 })
  )

/** From the cache, or from the service into the cache. */
const forecast = (city: string) =>
  Effect.gen(function*() {
    const cache = yield* forecasts
    const known = yield* cache.get(city)
    return Option.isSome(known)
      ? known.value
      : yield* Effect.tap(askService(city), (answer) => cache.set(city, answer))
  })

const show = (city: string) => Effect.flatMap(forecast(city), ({ celsius }) => Console.log(`  ${city}: ${celsius} °C`))

const morning = Effect.gen(function*() {
  yield* Console.log("In the morning the cache is empty:")
  yield* Effect.forEach(["Oslo", "Lisbon", "Oslo"], show)
})

const afterRestart = Effect.gen(function*() {
  yield* Console.log("After a restart it is warm:")
  yield* Effect.forEach(["Oslo", "Lisbon", "Rome"], show)
})

/** Each forecast takes the place of the one before, and the log does not grow with them. */
const refresh = Effect.gen(function*() {
  const cache = yield* forecasts
  yield* Console.log("Each forecast is set 5,000 times more:")
  for (let round = 0; round < 5000; round++) {
    yield* Effect.forEach(["Oslo", "Lisbon", "Rome"], (city) => cache.set(city, { city, celsius: round % 30 }))
  }
  yield* Effect.forEach(["Oslo", "Lisbon", "Rome"], show)
})

const sizeOf = (directory: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const files = yield* Effect.forEach(yield* fs.readDirectory(directory), (name) => fs.stat(`${directory}/${name}`))
    return files.reduce((sum, { size }) => sum + Number(size), 0) / 1024
  })

export const example = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  /** Small numbers, so that there is something to see. An application would leave both at their defaults. */
  const CacheLive = WalKeyValueStore.layer({
    directory,
    maxSegmentBytes: 64 * 1024,
    compactAt: { bytes: 128 * 1024 }
  })

  yield* Effect.provide(morning, CacheLive)
  yield* Effect.provide(afterRestart, CacheLive)
  yield* Effect.provide(refresh, CacheLive)
  yield* Console.log(
    `15,003 values were set; what is needed of them takes ${(yield* sizeOf(directory)).toFixed(1)} KiB.`
  )
})
