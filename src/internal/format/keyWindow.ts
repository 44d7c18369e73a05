/**
 * Some of a segment's keys, one behind the other in the order of their bytes, in memory of their own.
 */
import { WORD_LENGTH } from "./sealIndexSections.js"

/** Key i is `bytes` from `starts[i] - starts[0]` up to `starts[i + 1] - starts[0]`. */
export interface KeyWindow {
  readonly starts: Uint32Array
  readonly bytes: Uint8Array
  /** The segment has no key behind them. */
  readonly isLast: boolean
}

export const NO_KEYS: KeyWindow = { starts: Uint32Array.of(0), bytes: new Uint8Array(0), isLast: true }

/** Up to where keys from `from` on fit into so many bytes together with their starts; one key is always taken. */
export const endOfWindow = (starts: Uint32Array, from: number, keyCount: number, mostBytes: number): number => {
  const first = starts[from] ?? 0
  let low = Math.min(from + 1, keyCount)
  let high = keyCount
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((starts[middle] ?? 0) - first + (middle - from) * WORD_LENGTH <= mostBytes) {
      low = middle
    } else {
      high = middle - 1
    }
  }
  return low
}
