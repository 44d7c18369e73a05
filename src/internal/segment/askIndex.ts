/**
 * Answers a question to a segment's index by reading the blocks that it needs, and no others.
 */
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import type { IndexRange, VerifiedBlocks } from "../format/indexBlocks.js"
import type { Question } from "../format/indexQuestions.js"
import { type Checked, damaged } from "../format/sealIndexSections.js"
import { MOST_AT_ONCE, type SegmentFile } from "./segmentFile.js"

/** `indexStart` is where the index begins in its file. The answer holds nothing of the blocks' memory. */
export const askIndex = <A>(
  file: SegmentFile,
  indexStart: number,
  blocks: VerifiedBlocks,
  ask: () => Question<A>
): Effect.Effect<Checked<A>, WalIoError> =>
  Effect.suspend(() => {
    const question = ask()

    // One read after the other without an effect, where the file has them at once and it is nobody else's turn.
    const goOn = (from: IteratorResult<IndexRange, Checked<A>>): Effect.Effect<Checked<A>, WalIoError> => {
      const { now } = file
      let step = from
      while (step.done !== true) {
        const found = blocks.find(step.value)
        if (found !== undefined) {
          step = question.next(found)
          continue
        }
        const run = blocks.around(step.value)
        if (run === undefined) {
          return Effect.succeed(OUTSIDE)
        }
        const waiting = step
        const bytes = blocks.spaceFor(run.end - run.start)
        if (now === undefined || now.turn.isOver || bytes.length > MOST_AT_ONCE) {
          return Effect.flatMap(
            file.readAt(bytes, indexStart + run.start),
            (count) => blocks.add(run, bytes.subarray(0, count)) ? goOn(waiting) : Effect.succeed(MISMATCH)
          )
        }
        const count = now.readAt(bytes, 0, bytes.length, indexStart + run.start)
        if (typeof count !== "number") {
          return Effect.fail(count)
        }
        if (!blocks.add(run, bytes.subarray(0, count))) {
          return Effect.succeed(MISMATCH)
        }
      }
      return Effect.succeed(step.value)
    }

    return goOn(question.next())
  })

const MISMATCH = damaged("a block does not match its checksum")
const OUTSIDE = damaged("something is said to lie outside the index")
