/**
 * Goes through a part of a file, block by block.
 */
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import { readBlock } from "./scan.js"
import type { SegmentFile } from "./segmentFile.js"

const BLOCK_LENGTH = 1024 * 1024

/** Copies `[from, end)` of one file to `target` of another, or of the same one; less, if the file ends before. */
export const copyRange = (
  source: SegmentFile,
  destination: SegmentFile,
  from: number,
  end: number,
  target: number
): Effect.Effect<void, WalIoError> =>
  Effect.asVoid(
    foldRange(source, from, end, target, (at, block) => Effect.as(destination.writeAt(block, at), at + block.length))
  )

/** Gives each block of `[from, end)` to `step`, with what came of those before it. */
export const foldRange = <A>(
  file: SegmentFile,
  from: number,
  end: number,
  initial: A,
  step: (result: A, block: Uint8Array) => Effect.Effect<A, WalIoError>
): Effect.Effect<A, WalIoError> =>
  Effect.map(
    Effect.iterate({ at: from, result: initial }, {
      while: ({ at }) => at < end,
      body: ({ at, result }) =>
        Effect.flatMap(readBlock(file, at, Math.min(BLOCK_LENGTH, end - at)), (block) =>
          block.length === 0
            ? Effect.succeed({ at: end, result })
            : Effect.map(step(result, block), (result) => ({ at: at + block.length, result })))
    }),
    ({ result }) => result
  )
