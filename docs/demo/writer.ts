/**
 * The process that will be killed: appends the flights one by one, and says on its standard output, for each, the
 * sequence under which it was acknowledged.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Wal } from "effect-wal"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { loadFlights, toContent } from "./Flight.js"
import { logOptions } from "./logOptions.js"

const writer = Effect.gen(function*() {
  const wal = yield* Wal.Wal
  for (const flight of yield* loadFlights) {
    const { sequence } = yield* wal.appendEntry(flight.origin, toContent(flight))
    yield* Console.log(sequence)
  }
})

const directory = process.argv[2] ?? ""

/** The standard output belongs to the acknowledgements. */
const logToStandardError = Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))

writer.pipe(
  Effect.provide(Wal.layer(logOptions(directory))),
  Effect.provide([NodeContext.layer, logToStandardError]),
  NodeRuntime.runMain({ disablePrettyLogger: true })
)
