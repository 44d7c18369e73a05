/**
 * Commits in the thread of whoever appends, where the file can be written at once; the writer's fiber does what takes longer.
 */
import type * as FiberId from "effect/FiberId"
import { MOST_AT_ONCE } from "../segment/segmentFile.js"
import type { Turn } from "../segment/turn.js"
import type { WalMetrics } from "./metrics.js"
import type { OpenSegment, WriteState } from "./writeState.js"

export interface CommitterParts {
  readonly state: WriteState
  readonly metrics: WalMetrics
  readonly wakeWriter: () => void
  readonly wakeSyncer: () => void
  /** A group was written that is not synced yet. */
  readonly onUnsynced: () => void
}

/**
 * An appender that is alone writes its own entry and goes on: nothing is quicker. Where several append, each write would cost as
 * much as one for all of them, so they are written together as soon as those that can run have run.
 *
 * Invariants: `soon` says whether a commit is on its way, in the queue of microtasks or with the next turn. `latest` is the fiber
 * that appended last. Only what is framed and not on its way to the file is committed, and only one write is under way.
 */
export class Committer {
  private latest: FiberId.FiberId | undefined = undefined
  private soon: "nothing" | "commit" = "nothing"

  constructor(private readonly parts: CommitterParts) {}

  /** Whether an append of `fiber` may be committed now, by itself: the one before it was its own, too. */
  isAlone(fiber: FiberId.FiberId): boolean {
    const { state } = this.parts
    const wasLatest = this.latest === fiber
    this.latest = fiber
    return wasLatest && state.filling.isEmpty && state.flying.isEmpty && state.open?.file.now !== undefined
  }

  /** Writes what is framed in one go if that is possible, and otherwise has it written. Answers whether it is written. */
  commitNow(open: OpenSegment): "written" | "later" {
    const { state, wakeWriter } = this.parts
    const { now } = open.file
    if (now === undefined || !this.isFree() || needsTime(state)) {
      state.flush = "now"
      wakeWriter()
      return "later"
    }
    if (now.turn.isOver) {
      this.commitNext(now.turn)
      return "later"
    }
    const group = state.takeOff()
    group.seal()
    const cause = now.writeAt(group.bytes, group.length, group.start)
    if (cause !== undefined) {
      state.failedWrite = cause
      wakeWriter()
      return "later"
    }
    this.land(open)
    return "written"
  }

  /** Has what is framed written, together with what others are about to frame. */
  commitSoon(): void {
    const { state, wakeWriter } = this.parts
    state.flush = "now"
    if (state.open?.file.now === undefined) {
      wakeWriter()
    } else if (this.soon === "nothing") {
      this.soon = "commit"
      queueMicrotask(this.commitFramed)
    }
  }

  /** Has what is framed written once the event loop has had its turn. */
  private commitNext(turn: Turn): void {
    this.parts.state.flush = "now"
    if (this.soon === "nothing") {
      this.soon = "commit"
      turn.next(this.commitFramed)
    }
  }

  /** The flying group is in the file. */
  land(open: OpenSegment): void {
    const { metrics, onUnsynced, state, wakeSyncer } = this.parts
    state.landed(open)
    metrics.written(state.flying.entryCount, state.flying.length)
    state.acknowledgeFlying()
    onUnsynced()
    if (state.wantsSync) {
      wakeSyncer()
    }
  }

  private readonly commitFramed = (): void => {
    const { open, filling } = this.parts.state
    this.soon = "nothing"
    if (open !== undefined && !filling.isEmpty) {
      this.commitNow(open)
    }
  }

  /** Whether nothing is on its way to the file, and nothing forbids it. */
  private isFree(): boolean {
    const { failure, flying, stage } = this.parts.state
    return failure === undefined && flying.isEmpty && stage === "steady"
  }
}

const needsTime = ({ filling, space }: WriteState): boolean =>
  filling.length > MOST_AT_ONCE || space.isWantedFor(filling)
