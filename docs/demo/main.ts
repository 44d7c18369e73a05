/**
 * 20,000 real flights go through a log, one process is killed on the way, and none that was acknowledged is missing.
 *
 *     npm run demo
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as FileSystem from "@effect/platform/FileSystem"
import { Wal } from "effect-wal"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { appendRest } from "./appendRest.js"
import { browse } from "./browse.js"
import { expire } from "./expire.js"
import { type Flight, loadFlights } from "./Flight.js"
import { count, time } from "./format.js"
import { killTheWriter } from "./killTheWriter.js"
import { logOptions, shortRetention } from "./logOptions.js"
import { recover } from "./recover.js"
import * as Screen from "./Screen.js"

/** So many flights are left for the last step. */
const KEPT_BACK = 600

const demo = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const screen = yield* Screen.Screen
  const flights = yield* loadFlights
  const directory = yield* fs.makeTempDirectory({ prefix: "effect-wal-demo-" })
  yield* introduce(flights, directory)

  const until = flights.length - KEPT_BACK
  const acknowledged = yield* killTheWriter(directory, flights.length)
  yield* Effect.gen(function*() {
    const present = yield* recover(flights, acknowledged)
    yield* appendRest(flights, present, until)
    yield* browse(flights.slice(0, until))
  }).pipe(Effect.provide(Wal.layer(logOptions(directory))))

  yield* expire(flights, until).pipe(Effect.provide(Wal.layer(shortRetention(directory))))
  yield* screen.say(`The log is closed. Its files stay in ${directory}, until you remove them.`)
})

const introduce = (flights: ReadonlyArray<Flight>, directory: string) =>
  Effect.gen(function*() {
    const screen = yield* Screen.Screen
    yield* screen.title(`effect-wal: ${count(flights.length)} flights and a crash`)
    yield* screen.say(
      `Flights in the United States from ${day(flights[0])} to ${day(flights.at(-1))} (vega-datasets).`,
      `Each is one entry; its key is the airport that it left.`,
      `The log's files: ${directory}`
    )
  })

const day = (flight: Flight | undefined): string => flight?.date.slice(0, 10).replaceAll("/", "-") ?? ""

const timed = Effect.gen(function*() {
  const screen = yield* Screen.Screen
  const [duration] = yield* Effect.timed(demo)
  yield* screen.good(`Nothing that was acknowledged is missing. The demo took ${time(duration)}.`)
})

/** An interrupted demo has shown nothing, so it does not end with 0 either. */
timed.pipe(
  Effect.provide(Layer.provideMerge(Screen.layer, NodeContext.layer)),
  NodeRuntime.runMain({ teardown: (exit, end) => end(Exit.isSuccess(exit) ? 0 : 1) })
)
