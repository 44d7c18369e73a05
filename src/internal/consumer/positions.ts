/**
 * Which of a cursor's older positions are kept: the further back, the fewer.
 */
import type { Position } from "../log/cursorFile.js"

type Positions = readonly [Position, ...ReadonlyArray<Position>]

/**
 * The positions with a newer one first. Of those whose distance to it has the same power of two, only the furthest stays: going back
 * costs no more than four times the distance that one has to go back, and forty positions span a million million entries.
 */
export const withNewest = (positions: ReadonlyArray<Position>, newest: Position): Positions => {
  const kept: Array<Position> = []
  let bucket = -1
  for (const position of positions.filter(({ sequence }) => sequence < newest.sequence).toReversed()) {
    const own = Math.floor(Math.log2(newest.sequence - position.sequence))
    if (own !== bucket) {
      kept.push(position)
      bucket = own
    }
  }
  return [newest, ...kept.toReversed()]
}
