/**
 * The demo's data: 20,000 real flights, from the npm package vega-datasets.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { fileURLToPath } from "node:url"

export const Flight = Schema.Struct({
  date: Schema.String,
  /** In minutes; negative when it arrived early. */
  delay: Schema.Number,
  distance: Schema.Number,
  origin: Schema.String,
  destination: Schema.String
})

export interface Flight extends Schema.Schema.Type<typeof Flight> {}

/** All of them, in the order of their departure. */
export const loadFlights = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs.readFileString(fileURLToPath(flightsFile()))
  return yield* decodeFlights(text)
})

/** The package's main file is `build/index.js`; the data lie beside that folder. */
const flightsFile = (): URL => new URL("../data/flights-20k.json", import.meta.resolve("vega-datasets"))

const decodeFlights = Schema.decode(Schema.parseJson(Schema.Array(Flight)))

/** A flight as the log stores it: the log keeps bytes, and leaves their meaning to the application. */
export const toContent = (flight: Flight): Uint8Array => encoder.encode(encodeFlight(flight))

export const fromContent = (content: Uint8Array): Flight => decodeFlight(decoder.decode(content))

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const encodeFlight = Schema.encodeSync(Schema.parseJson(Flight))
const decodeFlight = Schema.decodeSync(Schema.parseJson(Flight))
