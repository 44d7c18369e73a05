/**
 * Round numbers along an axis.
 */

/** From 0 up to the first one that is not below `most`: some three to six of them. */
export const ticks = (most: number): ReadonlyArray<number> => {
  if (!(most > 0)) {
    return [0, 1]
  }
  const step = stepFor(most / 4)
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, index) => Number((index * step).toPrecision(6)))
}

/** 1, 2 or 5 times a power of ten, and the first that is not below `least`. */
const stepFor = (least: number): number => {
  const power = 10 ** Math.floor(Math.log10(least))
  return ([1, 2, 5].find((factor) => factor * power >= least) ?? 10) * power
}
