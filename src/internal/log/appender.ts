/**
 * Appending: checks what is given, frames it, and waits as its durability says.
 */
import * as Effect from "effect/Effect"
import type { ExpectingOptions } from "../../Wal.js"
import type { Durability, EntryInput, EntryRef, Key, Sequence } from "../../WalEntry.js"
import { type AppendError, type WalCodecError, WalConflictError } from "../../WalError.js"
import { EMPTY } from "../format/bytes.js"
import { entryFrameLength } from "../format/entryFrame.js"
import { FLAG_MORE } from "../format/frame.js"
import { batchLength, entryLength } from "./appendRules.js"
import type { Committer } from "./committer.js"
import type { Waiter } from "./group.js"
import type { IndexError } from "./indexCache.js"
import { toSequence } from "./nominal.js"
import { TakenKeys } from "./takenKeys.js"
import { LateWaiter, type Resume, ResumingWaiter } from "./waiters.js"
import type { OpenSegment, Queued, WriteState } from "./writeState.js"

export interface Appender {
  readonly append: (
    key: Key,
    content: Uint8Array,
    metadata: Uint8Array | undefined,
    durability: Durability | undefined
  ) => Effect.Effect<EntryRef, AppendError>
  /** Appends only if the key's last entry is the expected one. `older` looks for it before the active segment. */
  readonly appendExpecting: (
    key: Key,
    content: Uint8Array,
    options: ExpectingOptions,
    older: Effect.Effect<OlderSequence, IndexError>
  ) => Effect.Effect<EntryRef, AppendError | WalConflictError | IndexError>
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

/** The last sequence of a key in the segments before `active`, 0 if there is none. */
export interface OlderSequence {
  readonly active: number
  readonly lastSequence: number
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
interface Request<A, E> {
  readonly count: number
  /** Takes its keys, and answers how long it is framed, or what is wrong with it. */
  readonly measure: () => number | WalCodecError
  /** Asked in the step in which it would be framed: what is to be done instead, if anything is. */
  readonly guard: ((open: OpenSegment) => Effect.Effect<A, E | AppendError> | undefined) | undefined
  /** With the keys that `measure` took last. */
  readonly frame: (open: OpenSegment) => A
}

export const makeAppender = (state: WriteState, wake: Wakers): Appender => {
  const { settings } = state
  const { committer } = wake
  const keys = new TakenKeys()

  /** Frames the entry whose key was taken at that position. */
  const frameTaken = (
    open: OpenSegment,
    position: number,
    flags: number,
    content: Uint8Array,
    metadata: Uint8Array
  ): EntryRef => {
    const length = entryFrameLength(keys.lengthOf(position), content.length, metadata.length)
    return state.frame(open, length, flags, keys, position, content, metadata)
  }

  /** A class and not an object of closures: there is one for each append. */
  class Single<E> implements Request<EntryRef, E> {
    readonly count = 1

    constructor(
      private readonly key: Key,
      private readonly content: Uint8Array,
      private readonly metadata: Uint8Array,
      readonly guard: Request<EntryRef, E>["guard"]
    ) {}

    measure(): number | WalCodecError {
      keys.clear()
      return entryLength(settings, keys, this.key, this.content, this.metadata)
    }

    frame(open: OpenSegment): EntryRef {
      return frameTaken(open, 0, 0, this.content, this.metadata)
    }
  }

  /** Everything is checked before anything is framed. */
  class Batch implements Request<ReadonlyArray<EntryRef>, never> {
    readonly guard = undefined

    constructor(private readonly entries: ReadonlyArray<EntryInput>) {}

    get count(): number {
      return this.entries.length
    }

    measure(): number | WalCodecError {
      keys.clear()
      return batchLength(settings, keys, this.entries)
    }

    frame(open: OpenSegment): ReadonlyArray<EntryRef> {
      const last = this.entries.length - 1
      return this.entries.map(({ content, metadata = EMPTY }, position) =>
        frameTaken(open, position, position === last ? 0 : FLAG_MORE, content, metadata)
      )
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
  const acknowledge = <A, E>(resume: Resume<A, E>, value: A, count: number, durability: Durability): void => {
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
  const submit = <A, E>(request: Request<A, E>, durability: Durability): Effect.Effect<A, E | AppendError> =>
    Effect.withFiberRuntime<A, E | AppendError>((fiber) => {
      const length = state.refusal() ?? request.measure()
      if (typeof length !== "number") {
        return Effect.fail(length)
      }
      const { open } = state
      if (open === undefined || !state.admits(length)) {
        return submitLater(request, durability)
      }
      const instead = request.guard?.(open)
      if (instead !== undefined) {
        return instead
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
  const submitLater = <A, E>(request: Request<A, E>, durability: Durability): Effect.Effect<A, E | AppendError> =>
    Effect.async<A, E | AppendError>((resume) => {
      const length = state.refusal() ?? request.measure()
      if (typeof length !== "number") {
        resume(Effect.fail(length))
        return undefined
      }
      const { open } = state
      if (open === undefined || !state.admits(length)) {
        return enqueue(resume, length, request, durability)
      }
      frameOrNot(resume, open, request, durability)
      return undefined
    })

  const frameOrNot = <A, E>(
    resume: Resume<A, E>,
    open: OpenSegment,
    request: Request<A, E>,
    durability: Durability
  ): void => {
    const instead = request.guard?.(open)
    if (instead === undefined) {
      acknowledge(resume, request.frame(open), request.count, durability)
    } else {
      resume(instead)
    }
  }

  /** Waits for its turn to be framed. Interrupted before that, it leaves nothing behind. */
  const enqueue = <A, E>(
    resume: Resume<A, E>,
    length: number,
    request: Request<A, E>,
    durability: Durability
  ): Effect.Effect<void> => {
    const item: Queued = {
      length,
      state: "waiting",
      frame: (open) => {
        // Others have taken theirs since.
        request.measure()
        frameOrNot(resume, open, request, durability)
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
    submit(new Single<never>(key, content, metadata, undefined), durability)

  const appendExpecting: Appender["appendExpecting"] = (key, content, options, older) => {
    const { durability = settings.durability, expectedSequence, metadata = EMPTY } = options
    /** `known` is what was found in the segments before `active`. */
    const attempt = (known: OlderSequence): Effect.Effect<EntryRef, AppendError | WalConflictError | IndexError> => {
      const guard = (open: OpenSegment) => {
        const taken = keys.at(0)
        const actual = state.lastSequenceOf(open, taken, keys.hashOf(0))
          ?? (known.active === open.segment.id ? known.lastSequence : undefined)
        if (actual === undefined) {
          return Effect.flatMap(older, attempt)
        }
        if (actual === expectedSequence) {
          return undefined
        }
        return actual > state.writtenSequence
          ? Effect.zipRight(settled(actual), Effect.suspend(() => attempt(known)))
          : Effect.fail(conflict(taken, expectedSequence, actual))
      }
      return submit(new Single(key, content, metadata, guard), durability)
    }
    return attempt(NOTHING_KNOWN)
  }

  const appendBatch: Appender["appendBatch"] = (entries, durability = settings.durability) =>
    Effect.suspend(() => {
      const refusal = state.refusal()
      if (refusal !== undefined || entries.length === 0) {
        return refusal === undefined ? Effect.succeed([]) : Effect.fail(refusal)
      }
      return submit(new Batch(entries), durability)
    })

  /** A conflict with an entry that nobody can read yet is not told before it can be, or is taken back. */
  const settled = (sequence: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      committer.commitSoon()
      return state.moved.until(() =>
        state.writtenSequence >= sequence || state.nextSequence <= sequence || state.refusal() !== undefined
      )
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
      keys.clear()
      const length = entryLength(settings, keys, key, content, metadata)
      if (typeof length !== "number" || !state.admits(length)) {
        break
      }
      refs.push(frameTaken(open, 0, 0, content, metadata))
    }
    return refs
  }

  return { append, appendExpecting, appendBatch, appendEach }
}

const NOTHING_KNOWN: OlderSequence = { active: 0, lastSequence: 0 }

const conflict = (key: Uint8Array, expected: Sequence, actual: number): WalConflictError =>
  new WalConflictError({
    key: new TextDecoder().decode(key),
    expected,
    actual: toSequence(actual)
  })
