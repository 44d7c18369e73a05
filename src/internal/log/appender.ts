/**
 * Appending: checks what is given, frames it, and waits as its durability says.
 */
import * as Effect from "effect/Effect"
import type { Durability, EntryInput, EntryRef, Key } from "../../WalEntry.js"
import type { AppendError, WalCodecError } from "../../WalError.js"
import { EMPTY } from "../format/bytes.js"
import { entryFrameLength } from "../format/entryFrame.js"
import { FLAG_MORE } from "../format/frame.js"
import { batchLength, entryLength } from "./appendRules.js"
import type { Committer } from "./committer.js"
import type { Waiter } from "./group.js"
import { KeyScratch } from "./keyBytes.js"
import { LateWaiter, type Resume, ResumingWaiter } from "./waiters.js"
import type { OpenSegment, Queued, WriteState } from "./writeState.js"

export interface Appender {
  readonly append: (
    key: Key,
    content: Uint8Array,
    metadata: Uint8Array | undefined,
    durability: Durability | undefined
  ) => Effect.Effect<EntryRef, AppendError>
  readonly appendBatch: (
    entries: ReadonlyArray<EntryInput>,
    durability: Durability | undefined
  ) => Effect.Effect<ReadonlyArray<EntryRef>, AppendError>
  /** Appends entries each for itself, in as few groups as it takes. */
  readonly appendEach: (
    entries: ReadonlyArray<EntryInput>,
    durability: Durability | undefined
  ) => Effect.Effect<ReadonlyArray<EntryRef>, AppendError>
}

/** What the appender asks of those who write. */
export interface Wakers {
  readonly committer: Committer
  readonly writer: () => void
  readonly flushTimer: () => void
}

/** A group of buffered entries is written before its time once it has grown to this. */
const EAGER_FLUSH_LENGTH = 256 * 1024

/** What is to be appended as one. */
interface Request<A> {
  readonly count: number
  /** How long it is framed, or what is wrong with it. */
  readonly measure: () => number | WalCodecError
  /** Takes the key that `frame` needs in the scratch, after others had the scratch since `measure`. */
  readonly retake: () => void
  readonly frame: (open: OpenSegment) => A
}

export const makeAppender = (state: WriteState, wake: Wakers): Appender => {
  const { settings } = state
  const { committer } = wake
  const scratch = new KeyScratch()

  /** Frames an entry whose key is in the scratch. */
  const frameTaken = (open: OpenSegment, flags: number, content: Uint8Array, metadata: Uint8Array): EntryRef => {
    const length = entryFrameLength(scratch.length, content.length, metadata.length)
    return state.frame(open, length, flags, scratch, content, metadata)
  }

  /** A class and not an object of closures: there is one for each append. */
  class Single implements Request<EntryRef> {
    readonly count = 1

    constructor(
      private readonly key: Key,
      private readonly content: Uint8Array,
      private readonly metadata: Uint8Array
    ) {}

    measure(): number | WalCodecError {
      return entryLength(settings, scratch, this.key, this.content, this.metadata)
    }

    retake(): void {
      scratch.take(this.key)
    }

    frame(open: OpenSegment): EntryRef {
      return frameTaken(open, 0, this.content, this.metadata)
    }
  }

  /** Everything is checked before anything is framed. */
  class Batch implements Request<ReadonlyArray<EntryRef>> {
    constructor(private readonly entries: ReadonlyArray<EntryInput>) {}

    get count(): number {
      return this.entries.length
    }

    measure(): number | WalCodecError {
      return batchLength(settings, scratch, this.entries)
    }

    retake(): void {}

    frame(open: OpenSegment): ReadonlyArray<EntryRef> {
      const { entries } = this
      return entries.map(({ content, key, metadata = EMPTY }, index) => {
        scratch.take(key)
        return frameTaken(open, index === entries.length - 1 ? 0 : FLAG_MORE, content, metadata)
      })
    }
  }

  const countBuffered = (count: number): void => {
    state.filling.buffered += count
    if (state.filling.length >= EAGER_FLUSH_LENGTH) {
      committer.commitSoon()
    } else {
      wake.flushTimer()
    }
  }

  /** Tells as the durability says, for entries that were framed into the filling group just now. */
  const acknowledge = <A>(resume: Resume<A>, value: A, count: number, durability: Durability): void => {
    if (durability === "buffered") {
      countBuffered(count)
      resume(Effect.succeed(value))
    } else {
      join(new ResumingWaiter(resume, value), durability)
    }
  }

  const join = (waiter: Waiter, durability: "written" | "synced"): void => {
    const { filling } = state
    ;(durability === "written" ? filling.written : filling.synced).push(waiter)
    committer.commitSoon()
  }

  /** Checked and framed in one step: between two, the fiber may have to give way, and the group may be gone. */
  const submit = <A>(request: Request<A>, durability: Durability): Effect.Effect<A, AppendError> =>
    Effect.withFiberRuntime<A, AppendError>((fiber) => {
      const length = state.refusal() ?? request.measure()
      if (typeof length !== "number") {
        return Effect.fail(length)
      }
      const { open } = state
      if (open === undefined || !state.admits(length)) {
        return submitLater(request, durability)
      }
      if (durability === "buffered") {
        const value = request.frame(open)
        countBuffered(request.count)
        return Effect.succeed(value)
      }
      const isAlone = durability === "written" && committer.isAlone(fiber.id())
      const value = request.frame(open)
      return isAlone && committer.commitNow(open) === "written" ? Effect.succeed(value) : waitFor(value, durability)
    })

  /** For what was framed just now, and is not written yet; if its write has failed already, it is on its way back. */
  const waitFor = <A>(value: A, durability: "written" | "synced"): Effect.Effect<A, AppendError> => {
    const waiter = new LateWaiter(value)
    if (state.filling.isEmpty) {
      state.flying.written.push(waiter)
    } else {
      join(waiter, durability)
    }
    return waiter.outcome
  }

  /** Takes its place behind those who wait to be framed, unless there is room by now. */
  const submitLater = <A>(request: Request<A>, durability: Durability): Effect.Effect<A, AppendError> =>
    Effect.async<A, AppendError>((resume) => {
      const length = state.refusal() ?? request.measure()
      if (typeof length !== "number") {
        resume(Effect.fail(length))
        return undefined
      }
      const { open } = state
      if (open === undefined || !state.admits(length)) {
        return enqueue(resume, length, request, durability)
      }
      acknowledge(resume, request.frame(open), request.count, durability)
      return undefined
    })

  /** Waits for its turn to be framed. Interrupted before that, it leaves nothing behind. */
  const enqueue = <A>(
    resume: Resume<A>,
    length: number,
    request: Request<A>,
    durability: Durability
  ): Effect.Effect<void> => {
    const item: Queued = {
      length,
      state: "waiting",
      frame: (open) => {
        request.retake()
        acknowledge(resume, request.frame(open), request.count, durability)
      },
      fail: (error) => resume(Effect.fail(error))
    }
    state.queue.push(item)
    wake.writer()
    return Effect.sync(() => {
      item.state = "withdrawn"
    })
  }

  const append: Appender["append"] = (key, content, metadata = EMPTY, durability = settings.durability) =>
    submit(new Single(key, content, metadata), durability)

  const appendBatch: Appender["appendBatch"] = (entries, durability = settings.durability) =>
    Effect.suspend(() => {
      const refusal = state.refusal()
      if (refusal !== undefined || entries.length === 0) {
        return refusal === undefined ? Effect.succeed([]) : Effect.fail(refusal)
      }
      return submit(new Batch(entries), durability)
    })

  const appendEach: Appender["appendEach"] = (entries, durability = settings.durability) =>
    Effect.suspend(() => {
      const refs: Array<EntryRef> = []
      return Effect.as(
        Effect.whileLoop({
          while: () => refs.length < entries.length,
          body: () => appendSome(entries, refs.length, durability),
          step: (some) => refs.push(...some)
        }),
        refs
      )
    })

  /** As many as can be framed at once; the first one alone, if it has to wait, or is refused. */
  const appendSome = (
    entries: ReadonlyArray<EntryInput>,
    first: number,
    durability: Durability
  ): Effect.Effect<ReadonlyArray<EntryRef>, AppendError> =>
    Effect.async<ReadonlyArray<EntryRef>, AppendError>((resume) => {
      const refs = frameSome(entries, first)
      const next = entries[first]
      if (refs.length > 0 || next === undefined) {
        acknowledge(resume, refs, refs.length, durability)
      } else {
        resume(Effect.map(append(next.key, next.content, next.metadata, durability), (ref) => [ref]))
      }
    })

  const frameSome = (entries: ReadonlyArray<EntryInput>, first: number): Array<EntryRef> => {
    const refs: Array<EntryRef> = []
    const { open } = state
    if (open === undefined) {
      return refs
    }
    for (let at = first; state.refusal() === undefined; at++) {
      const entry = entries[at]
      if (entry === undefined) {
        break
      }
      const { content, key, metadata = EMPTY } = entry
      const length = entryLength(settings, scratch, key, content, metadata)
      if (typeof length !== "number" || !state.admits(length)) {
        break
      }
      refs.push(frameTaken(open, 0, content, metadata))
    }
    return refs
  }

  return { append, appendBatch, appendEach }
}
