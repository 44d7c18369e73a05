/**
 * Appending: checks what is given, frames it, and waits as its durability says.
 */
import * as Effect from "effect/Effect"
import type { Durability, EntryInput, EntryRef, Key } from "../../WalEntry.js"
import { type AppendError, WalCodecError } from "../../WalError.js"
import { EMPTY } from "../format/bytes.js"
import { entryFrameLength, MAX_METADATA_LENGTH } from "../format/entryFrame.js"
import { FLAG_MORE } from "../format/frame.js"
import type { Waiter } from "./group.js"
import { KeyScratch } from "./keyBytes.js"
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
  readonly writer: () => void
  readonly flushTimer: () => void
}

/** A group of buffered entries is written before its time once it has grown to this. */
const EAGER_FLUSH_LENGTH = 256 * 1024

type Resume<A> = (effect: Effect.Effect<A, AppendError>) => void

/** What is to be appended as one. */
interface Request<A> {
  readonly count: number
  /** How long it is framed, or what is wrong with it. */
  readonly measure: () => number | WalCodecError
  /** Takes the key that `frame` needs in the scratch, after others had the scratch since `measure`. */
  readonly retake: () => void
  readonly frame: (open: OpenSegment) => A
}

class ResumingWaiter<A> implements Waiter {
  constructor(
    private readonly resume: Resume<A>,
    private readonly value: A
  ) {}

  succeed(): void {
    this.resume(Effect.succeed(this.value))
  }

  fail(error: AppendError): void {
    this.resume(Effect.fail(error))
  }
}

export const makeAppender = (state: WriteState, wake: Wakers): Appender => {
  const { settings } = state
  const scratch = new KeyScratch()

  const countBuffered = (count: number): void => {
    state.filling.buffered += count
    if (state.filling.length >= EAGER_FLUSH_LENGTH) {
      state.flush = "now"
      wake.writer()
    } else {
      wake.flushTimer()
    }
  }

  const join = (waiter: Waiter, durability: "written" | "synced"): void => {
    const { filling } = state
    ;(durability === "written" ? filling.written : filling.synced).push(waiter)
    state.flush = "now"
    wake.writer()
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

  /** Checked, framed and waiting in one step: between two, the fiber may have to give way, and the group may be gone. */
  const submit = <A>(request: Request<A>, durability: Durability): Effect.Effect<A, AppendError> => {
    const later = Effect.async<A, AppendError>((resume) => {
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
    return durability === "buffered" ? Effect.suspend(() => submitNow(request) ?? later) : later
  }

  /** The short way of a buffered append, where there is nothing to wait for. */
  const submitNow = <A>(request: Request<A>): Effect.Effect<A, AppendError> | undefined => {
    const length = state.refusal() ?? request.measure()
    if (typeof length !== "number") {
      return Effect.fail(length)
    }
    const { open } = state
    if (open === undefined || !state.admits(length)) {
      return undefined
    }
    const value = request.frame(open)
    countBuffered(request.count)
    return Effect.succeed(value)
  }

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
    submit({
      count: 1,
      measure: () => framedLength(key, content, metadata),
      retake: () => scratch.take(key),
      frame: (open) => frameTaken(open, 0, content, metadata)
    }, durability)

  const appendBatch: Appender["appendBatch"] = (entries, durability = settings.durability) =>
    Effect.suspend(() => {
      const refusal = state.refusal()
      if (refusal !== undefined || entries.length === 0) {
        return refusal === undefined ? Effect.succeed([]) : Effect.fail(refusal)
      }
      return submit({
        count: entries.length,
        measure: () => framedBatchLength(entries),
        retake: () => undefined,
        frame: (open) => frameBatch(open, entries)
      }, durability)
    })

  const frameBatch = (open: OpenSegment, entries: ReadonlyArray<EntryInput>): ReadonlyArray<EntryRef> =>
    entries.map(({ content, key, metadata }, index) => {
      scratch.take(key)
      return frameTaken(open, index === entries.length - 1 ? 0 : FLAG_MORE, content, metadata)
    })

  /** Frames an entry whose key is in the scratch. */
  const frameTaken = (
    open: OpenSegment,
    flags: number,
    content: Uint8Array,
    metadata: Uint8Array = EMPTY
  ): EntryRef => {
    const length = entryFrameLength(scratch.length, content.length, metadata.length)
    return state.frame(open, length, flags, scratch, content, metadata)
  }

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
      const length = entry === undefined ? undefined : framedLength(entry.key, entry.content, entry.metadata)
      if (entry === undefined || typeof length !== "number" || !state.admits(length)) {
        break
      }
      refs.push(frameTaken(open, 0, entry.content, entry.metadata))
    }
    return refs
  }

  /** Of all frames together, or what the first bad entry breaks. Everything is checked before anything is framed. */
  const framedBatchLength = (entries: ReadonlyArray<EntryInput>): number | WalCodecError => {
    let total = 0
    for (const { content, key, metadata } of entries) {
      const length = framedLength(key, content, metadata)
      if (typeof length !== "number") {
        return length
      }
      total += length
    }
    return total > settings.maxSegmentBytes ? oversizedBatch(entries.length, total) : total
  }

  /** Takes the key into the scratch, and answers the frame's length, or what is wrong with the entry. */
  const framedLength = (key: Key, content: Uint8Array, metadata: Uint8Array = EMPTY): number | WalCodecError => {
    const badKey = scratch.take(key)
    const length = entryFrameLength(scratch.length, content.length, metadata.length)
    return badKey ?? oversizedEntry(length, metadata.length) ?? length
  }

  const oversizedEntry = (length: number, metadataLength: number): WalCodecError | undefined => {
    if (metadataLength > MAX_METADATA_LENGTH) {
      return new WalCodecError({
        reason: "OversizedMetadata",
        description: `metadata has at most ${MAX_METADATA_LENGTH} bytes, but this has ${metadataLength}`
      })
    }
    return length <= settings.maxEntryBytes ? undefined : new WalCodecError({
      reason: "OversizedEntry",
      description:
        `an entry has at most maxEntryBytes = ${settings.maxEntryBytes} bytes framed, but this one has ${length}`
    })
  }

  const oversizedBatch = (count: number, total: number): WalCodecError =>
    new WalCodecError({
      reason: "OversizedBatch",
      description:
        `a batch has at most maxSegmentBytes = ${settings.maxSegmentBytes} bytes framed, but these ${count} entries have ${total}`
    })

  return { append, appendBatch, appendEach }
}
