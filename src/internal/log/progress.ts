/**
 * How far a log that is open for writing has come, as those see it who follow it.
 */
import { WalFailedError } from "../../WalError.js"
import type { Progress } from "./changes.js"
import type { WriteState } from "./writeState.js"

export const progressOf = (state: WriteState): Progress => ({
  reached: (visibility) => (visibility === "written" ? state.writtenSequence : state.synced.sequence),
  end: () => {
    const { failure, life, settings } = state
    if (life === "closed") {
      return "closed"
    }
    return failure === undefined
      ? "none"
      : new WalFailedError({ directory: settings.directory, outcome: "rejected", cause: failure })
  },
  waitUntil: (isOver) => state.moved.until(isOver)
})
