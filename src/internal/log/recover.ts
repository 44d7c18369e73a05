/**
 * Opens what is in the directory: reads the segments, decides, repairs the last one's end, and reports.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { WalCorruptionError, WalIoError } from "../../WalError.js"
import type { Settings } from "../../WalOptions.js"
import type { TornTail } from "../../WalReport.js"
import { segmentFileName } from "../format/fileName.js"
import { toIoError } from "../segment/ioError.js"
import { type Probe, probeSegments } from "../segment/probe.js"
import type { Segment } from "../segment/segment.js"
import { findEnd, type Refusal, scanUpTo, settleEnd } from "./assess.js"
import { judgeChain } from "./chain.js"
import { restoreTail } from "./keptTail.js"
import { listFiles } from "./listing.js"
import type { LastSegment, Recovered, Unsealed } from "./recovered.js"
import { salvage } from "./salvage.js"
import { acceptLosses, recordLosses } from "./salvageRecord.js"

/**
 * A log whose acknowledged data is damaged is refused, unless exactly this damage was accepted before, or is now:
 * `onDamage: "salvage"`.
 */
export const recover = (
  fs: FileSystem.FileSystem,
  { directory, onDamage }: Settings,
  now: number
): Effect.Effect<Recovered, Refusal> =>
  Effect.flatMap(
    probeDirectory(fs, directory),
    (probes) =>
      Effect.catchTag(recoverWhole(fs, directory, probes, now), "WalCorruptionError", (error) =>
        recoverDamaged(fs, directory, onDamage, probes, now, error))
  )

const recoverDamaged = (
  fs: FileSystem.FileSystem,
  directory: string,
  onDamage: Settings["onDamage"],
  probes: ReadonlyArray<Probe>,
  now: number,
  error: WalCorruptionError
): Effect.Effect<Recovered, Refusal> =>
  Effect.gen(function*() {
    const { damaged, ending, recovered } = yield* salvage(fs, probes, now, error)
    yield* onDamage === "salvage"
      ? recordLosses(fs, directory, damaged)
      : acceptLosses(fs, directory, damaged, error)
    const end = ending._tag === "Decided"
      ? { last: ending.last, tornTails: [] }
      : yield* settleEnd(fs, directory, ending.end)
    return { ...recovered, ...end }
  })

const recoverWhole = (
  fs: FileSystem.FileSystem,
  directory: string,
  probes: ReadonlyArray<Probe>,
  now: number
): Effect.Effect<Recovered, Refusal> =>
  Effect.gen(function*() {
    const verdicts = yield* judgeChain(probes, now)
    const segments: Array<Segment> = []
    const unsealed: Array<Unsealed> = []
    const tornTails: Array<TornTail> = []
    let last: LastSegment = FIRST_SEGMENT
    for (const verdict of verdicts) {
      switch (verdict._tag) {
        case "Trusted": {
          segments.push(verdict.segment)
          last = { _tag: "Closed" }
          break
        }
        case "ScanUpTo": {
          const found = yield* scanUpTo(fs, verdict, now)
          segments.push(found.segment)
          unsealed.push(found)
          break
        }
        case "FindEnd": {
          const found = yield* findEnd(fs, verdict, now)
          const settled = yield* settleEnd(fs, directory, found)
          segments.push(found.segment)
          tornTails.push(...settled.tornTails)
          last = settled.last
          break
        }
      }
    }
    return { segments, last, unsealed, tornTails, lost: [], highestTimestamp: highestTimestamp(probes, segments) }
  })

const FIRST_SEGMENT: LastSegment = { _tag: "Needed", id: 1, baseSequence: 1, previousDataLength: 0 }

/** Of the last segment, or of what its header tells of the one before it. */
const highestTimestamp = (probes: ReadonlyArray<Probe>, segments: ReadonlyArray<Segment>): number => {
  const header = probes.at(-1)?.header
  const told = header?._tag === "Header" ? header.header.previousHighestTimestamp : 0
  return Math.max(told, segments.at(-1)?.highestTimestamp ?? 0)
}

/** Removes what was never given its name, ends a repair that was cut short, and looks at both ends of every segment. */
const probeDirectory = (
  fs: FileSystem.FileSystem,
  directory: string
): Effect.Effect<Array<Probe>, WalIoError> =>
  Effect.gen(function*() {
    const { ids, tails, temporaries } = yield* listFiles(fs, directory)
    yield* Effect.forEach(temporaries, (name) => removeTemporary(fs, `${directory}/${name}`), { discard: true })
    const last = tails.find((id) => id === ids.at(-1))
    if (last !== undefined) {
      yield* restoreTail(fs, directory, last)
    }
    return yield* probeSegments(fs, ids.map((id) => ({ id, path: `${directory}/${segmentFileName(id)}` })))
  })

const removeTemporary = (fs: FileSystem.FileSystem, path: string): Effect.Effect<void, WalIoError> =>
  Effect.uninterruptible(Effect.mapError(fs.remove(path, { force: true }), toIoError("remove", path)))
