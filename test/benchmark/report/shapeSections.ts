/**
 * What the page says of logs of other shapes.
 */
import type { ShapeResult } from "../model.js"
import { count } from "./format.js"
import { table } from "./table.js"

interface Step {
  readonly title: string
  readonly figure: string
}

const STEPS: ReadonlyArray<Step> = [
  { title: "append in a stream, entries/s", figure: "rate" },
  { title: "`sync` after that, ms", figure: "syncMs" },
  { title: "close, ms", figure: "closeMs" },
  { title: "open, ms", figure: "openMs" },
  { title: "a key's first 10 entries, µs", figure: "lookupUs" },
  { title: "an entry by ref, µs", figure: "readUs" },
  { title: "`enumerateKeys`, ms", figure: "keysMs" },
  { title: "`replay`, entries/s", figure: "replayRate" },
  { title: "first append after opening, ms", figure: "firstAppendMs" },
  { title: "memory held, MiB", figure: "heldMiB" },
  { title: "peak while appending, MiB", figure: "growPeakMiB" },
  { title: "peak while reading, MiB", figure: "peakMiB" },
  { title: "on disk, bytes an entry", figure: "diskBytes" }
]

const FLAT_STEPS = ["rate", "openMs", "lookupUs", "readUs", "replayRate", "heldMiB", "diskBytes"]

export const growthSection = (results: ReadonlyArray<ShapeResult>): string =>
  results.length === 0 ? "" : [
    "### Growth",
    "effect-wal/node with all options at their defaults, entries of 100 bytes, ten for each key, which lie as far apart as they can. "
    + "The code is warm.",
    "![Append, open, look up and memory over the number of entries](charts/growth.svg)",
    table(
      ["entries", ...results.map(({ shape }) => shape.entries.toLocaleString("en"))],
      STEPS.map(({ figure, title }) => [title, ...results.map(({ figures }) => count(figures[figure] ?? NaN))])
    )
  ].join("\n\n")

export const flatSection = (results: ReadonlyArray<ShapeResult>): string => {
  const steps = FLAT_STEPS.flatMap((figure) => STEPS.filter((step) => step.figure === figure))
  return results.length === 0 ? "" : [
    "### What should not matter",
    "effect-wal/node again: the usual log, and then others with much of one thing.",
    table(
      ["entries", "bytes each", "keys", "segments", ...steps.map(({ title }) => title)],
      results.map(({ figures, shape }) => [
        ...[shape.entries, shape.contentLength, shape.keys, figures["segments"] ?? NaN].map((value) =>
          value.toLocaleString("en")
        ),
        ...steps.map(({ figure }) => count(figures[figure] ?? NaN))
      ])
    )
  ].join("\n\n")
}
