/**
 * A small deterministic source of random numbers (mulberry32), so that one seed replays everything.
 */

/** The next number, in [0, 1). */
export type Random = () => number

export const makeRandom = (seed: number): Random => {
  // Any number is a seed: its fraction counts as well as its integer part.
  let state = Math.imul(Math.floor(seed) ^ Math.floor((seed % 1) * 2 ** 32), 0x9E3779B1)
  return () => {
    state = (state + 0x6D2B79F5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** An integer in [low, high], both included. */
export const integerBetween = (random: Random, low: number, high: number): number =>
  low + Math.floor(random() * (high - low + 1))
