/**
 * Feeds a walk from bytes in memory, in blocks of any size, as a file would be read.
 */
interface Walk {
  readonly position: number
  readonly wanted: number
  readonly isDone: boolean
  limit: number
  readonly feed: (block: Uint8Array) => void
}

/**
 * Each block holds the bytes from the walk's position on: `blockLength` of them, or as many as are wanted, up to the
 * limit, and is overwritten afterwards: a walk keeps no view of it. Answers how long the longest block was. A walk that
 * stands still is an error.
 */
export const drive = (bytes: Uint8Array, walk: Walk, blockLength: number): number => {
  let longest = 0
  let before = ""
  while (!walk.isDone) {
    const state = `at ${walk.position} wanting ${walk.wanted} up to ${walk.limit}`
    if (state === before) {
      throw new Error(`the walk stands still, ${state}`)
    }
    before = state
    const length = Math.min(Math.max(blockLength, walk.wanted), walk.limit - walk.position)
    const block = bytes.slice(walk.position, walk.position + length)
    if (block.length < length) {
      walk.limit = walk.position + block.length
    }
    longest = Math.max(longest, length)
    walk.feed(block)
    block.fill(0xee)
  }
  return longest
}
