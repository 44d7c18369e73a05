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

class ResumingWaiter<A> implements Waiter {
  constructor(
    private readonly resume: (effect: Effect.Effect<A, AppendError>) => void,
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

  /** Waits as the durability says, for entries that are framed in the filling group. */
  const acknowledged = <A>(value: A, count: number, durability: Durability): Effect.Effect<A, AppendError> => {
    if (durability === "buffered") {
      countBuffered(count)
      return Effect.succeed(value)
    }
    return Effect.async<A, AppendError>((resume) => join(new ResumingWaiter(resume, value), durability))
  }

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

  /** Waits for its turn to be framed. Interrupted before that, it leaves nothing behind. */
  const queued = <A>(
    length: number,
    count: number,
    durability: Durability,
    frame: (open: OpenSegment) => A
  ): Effect.Effect<A, AppendError> =>
    Effect.async<A, AppendError>((resume) => {
      const item: Queued = {
        length,
        state: "waiting",
        frame: (open) => {
          const value = frame(open)
          if (durability === "buffered") {
            countBuffered(count)
            resume(Effect.succeed(value))
          } else {
            join(new ResumingWaiter(resume, value), durability)
          }
        },
        fail: (error) => resume(Effect.fail(error))
      }
      state.queue.push(item)
      wake.writer()
      return Effect.sync(() => {
        item.state = "withdrawn"
      })
    })

  const append: Appender["append"] = (key, content, metadata = EMPTY, durability = settings.durability) =>
    Effect.suspend(() => {
      const refusal = state.refusal() ?? scratch.take(key)
      if (refusal !== undefined) {
        return Effect.fail(refusal)
      }
      const length = entryFrameLength(scratch.length, content.length, metadata.length)
      const oversized = oversizedEntry(length, metadata.length)
      if (oversized !== undefined) {
        return Effect.fail(oversized)
      }
      const { open } = state
      if (open !== undefined && state.admits(length)) {
        return acknowledged(state.frame(open, length, 0, scratch, content, metadata), 1, durability)
      }
      return queued(length, 1, durability, (open) => {
        scratch.take(key)
        return state.frame(open, length, 0, scratch, content, metadata)
      })
    })

  const appendBatch: Appender["appendBatch"] = (entries, durability = settings.durability) =>
    Effect.suspend(() => {
      const checked = state.refusal() ?? framedLengths(entries)
      if (!Array.isArray(checked)) {
        return Effect.fail(checked)
      }
      if (entries.length === 0) {
        return Effect.succeed([])
      }
      const total = checked.reduce((sum, length) => sum + length, 0)
      if (total > settings.maxSegmentBytes) {
        return Effect.fail(oversizedBatch(entries.length, total))
      }
      const { open } = state
      return open !== undefined && state.admits(total)
        ? acknowledged(frameBatch(open, entries, checked), entries.length, durability)
        : queued(total, entries.length, durability, (open) => frameBatch(open, entries, checked))
    })

  const frameBatch = (
    open: OpenSegment,
    entries: ReadonlyArray<EntryInput>,
    lengths: ReadonlyArray<number>
  ): ReadonlyArray<EntryRef> =>
    entries.map((entry, index) => {
      scratch.take(entry.key)
      const flags = index === entries.length - 1 ? 0 : FLAG_MORE
      return state.frame(open, lengths[index] ?? 0, flags, scratch, entry.content, entry.metadata ?? EMPTY)
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
    Effect.suspend(() => {
      const { open } = state
      const refs = open === undefined ? [] : frameAdmitted(open, entries, first)
      const next = entries[first]
      return refs.length > 0 || next === undefined
        ? acknowledged(refs, refs.length, durability)
        : Effect.map(append(next.key, next.content, next.metadata, durability), (ref) => [ref])
    })

  const frameAdmitted = (open: OpenSegment, entries: ReadonlyArray<EntryInput>, first: number): Array<EntryRef> => {
    const refs: Array<EntryRef> = []
    for (let at = first; state.refusal() === undefined; at++) {
      const entry = entries[at]
      const length = entry === undefined ? undefined : framedLength(entry)
      if (entry === undefined || typeof length !== "number" || !state.admits(length)) {
        break
      }
      refs.push(state.frame(open, length, 0, scratch, entry.content, entry.metadata ?? EMPTY))
    }
    return refs
  }

  /** Of each entry's frame, or what the first bad one breaks. Everything is checked before anything is framed. */
  const framedLengths = (entries: ReadonlyArray<EntryInput>): Array<number> | WalCodecError => {
    const lengths: Array<number> = []
    for (const entry of entries) {
      const length = framedLength(entry)
      if (typeof length !== "number") {
        return length
      }
      lengths.push(length)
    }
    return lengths
  }

  /** Takes the key into the scratch, and answers the frame's length, or what is wrong with the entry. */
  const framedLength = (entry: EntryInput): number | WalCodecError => {
    const metadataLength = entry.metadata?.length ?? 0
    const badKey = scratch.take(entry.key)
    const length = entryFrameLength(scratch.length, entry.content.length, metadataLength)
    return badKey ?? oversizedEntry(length, metadataLength) ?? length
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
