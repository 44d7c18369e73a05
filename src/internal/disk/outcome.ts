/**
 * What a power loss does to everything that is not on disk yet: the fates that each crash outcome deals out.
 */
import type { CrashOutcome } from "../../testing/SimulatedDisk.js"
import type { Random } from "./random.js"
import { integerBetween, makeRandom } from "./random.js"
import { sectorSize } from "./sector.js"

export type SectorFate =
  | { readonly _tag: "Kept" }
  | { readonly _tag: "Lost" }
  /** The written bytes of one side of `at` are kept, the others lost. */
  | { readonly _tag: "Torn"; readonly at: number; readonly kept: "before" | "behind" }
  | { readonly _tag: "Garbled" }

/** Asked once for each thing that is in doubt, always in the same order. */
export interface Fates {
  /** A change of directory entries, by its place among all that are in doubt. */
  readonly entry: (index: number, count: number) => "kept" | "lost"
  readonly truncation: () => "kept" | "lost"
  /** The size of a file that may have any from `low` to `high`. */
  readonly size: (low: number, high: number) => number
  /** A sector, by its place among the file's sectors in doubt. */
  readonly sector: (index: number, count: number) => SectorFate
  readonly garbage: () => number
}

export const fatesOf = (outcome: CrashOutcome): Fates => {
  switch (outcome) {
    case "lose-all":
      return {
        entry: () => "lost",
        truncation: () => "lost",
        size: (low) => low,
        sector: () => lost,
        garbage: noise()
      }
    case "keep-all":
      return { ...keepNames, sector: () => kept, garbage: noise() }
    case "keep-last":
      return {
        ...keepNames,
        // One change alone is kept: without its name, nobody would look at a file.
        entry: (index, count) => index < Math.floor(count / 2) ? "lost" : "kept",
        // One sector alone is lost: kept, it would be no worse than "keep-all".
        sector: (index, count) => index < Math.ceil(count / 2) ? lost : kept,
        garbage: noise()
      }
    case "garble-all":
      return { ...keepNames, sector: () => garbled, garbage: noise() }
    default:
      return seededFates(makeRandom(outcome.seed))
  }
}

const kept: SectorFate = { _tag: "Kept" }
const lost: SectorFate = { _tag: "Lost" }
const garbled: SectorFate = { _tag: "Garbled" }

const keepNames: Pick<Fates, "entry" | "truncation" | "size"> = {
  entry: () => "kept",
  truncation: () => "kept",
  size: (_low, high) => high
}

const noise = () => byteOf(makeRandom(1))

const byteOf = (random: Random) => () => integerBetween(random, 0, 255)

const seededFates = (random: Random): Fates => {
  // Few seeds would reach "nearly all" and "hardly any" if the chance were always the same.
  const chance = [0.1, 0.5, 0.9][integerBetween(random, 0, 2)] ?? 0.5
  const keptOrLost = () => random() < chance ? "kept" as const : "lost" as const
  return {
    entry: keptOrLost,
    truncation: keptOrLost,
    size: (low, high) => sizeBetween(random, low, high),
    sector: () => random() < chance ? kept : damagedFate(random),
    garbage: byteOf(random)
  }
}

const damagedFate = (random: Random): SectorFate => {
  const kind = random()
  if (kind < 0.4) return lost
  if (kind < 0.7) return garbled
  return { _tag: "Torn", at: integerBetween(random, 1, sectorSize - 1), kept: random() < 0.7 ? "before" : "behind" }
}

const sizeBetween = (random: Random, low: number, high: number): number => {
  const kind = random()
  if (kind < 0.5) return high
  if (kind < 0.65) return low
  const any = integerBetween(random, low, high)
  if (kind < 0.8) return any
  // Most file systems grow files by whole sectors.
  return Math.max(low, any - any % sectorSize)
}
