/**
 * Figures as people read them.
 */

/** Three digits that count: 593,000 or 1.07. */
export const count = (value: number): string =>
  Number.isFinite(value) ? Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 2 }) : "–"

/** Two decimals, and for small ones the first digit that counts: 1.07 or 0.004. */
export const ratio = (value: number): string => value < 0.0095 ? String(Number(value.toPrecision(1))) : value.toFixed(2)

export const span = (format: (value: number) => string, least: number, most: number): string =>
  `${format(least)}–${format(most)}`
