/**
 * The middle of some numbers.
 */

/** Between the two in the middle, where there are two; of nothing it is NaN. */
export const median = (numbers: ReadonlyArray<number>): number => {
  const sorted = numbers.toSorted((one, other) => one - other)
  const middle = sorted.length / 2
  const high = sorted[Math.floor(middle)] ?? NaN
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? NaN) + high) / 2 : high
}
