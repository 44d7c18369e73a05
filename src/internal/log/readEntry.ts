/**
 * One entry by its ref: one verified positional read.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Entry, EntryRef } from "../../WalEntry.js"
import { WalCodecError } from "../../WalError.js"
import { ALIGNMENT } from "../format/bytes.js"
import { FRAME_HEADER_LENGTH } from "../format/frame.js"
import { FrameReader } from "../format/frameReader.js"
import { SEGMENT_HEADER_LENGTH } from "../format/segmentHeader.js"
import { readBlock } from "../segment/scan.js"
import { nextSequence, type Segment } from "../segment/segment.js"
import { type FileNow, MOST_AT_ONCE } from "../segment/segmentFile.js"
import { entryAt } from "./entryBlock.js"
import {
  damagedFrame,
  explainMissing,
  lostSequences,
  type ReadContext,
  type ReadingError,
  retentionError,
  withView
} from "./readContext.js"
import { openReplay } from "./replay.js"
import { firstSegmentFrom, type LogView, oldestSequence, segmentOfRef, segmentsOf } from "./view.js"

export const readEntry = (context: ReadContext, ref: EntryRef): Effect.Effect<Entry, ReadingError> =>
  withView(context, (view) => {
    if (!isWellFormed(ref)) {
      return Effect.fail(invalidRef(ref, "its numbers are whole and not negative"))
    }
    const segment = segmentOfRef(view, ref)
    if (segment === undefined || segment.lost.length > 0 || !hasSequence(segment, ref)) {
      const loss = lossOf(view, ref)
      if (loss !== undefined) {
        return Effect.fail(loss)
      }
    }
    if (segment === undefined) {
      return Effect.fail(explainAbsence(view, ref))
    }
    const rule = brokenRule(segment, ref)
    return rule === undefined
      ? readVerified(context, segment, ref)
      : Effect.fail(invalidRef(ref, rule))
  })

/** A ref that comes from outside may hold anything that is a number. */
const isWellFormed = ({ length, offset, segment, sequence }: EntryRef): boolean =>
  isCount(length) && isCount(offset) && isCount(segment) && isCount(sequence)

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

const hasSequence = ({ baseSequence, lastSequence }: Segment, { sequence }: EntryRef): boolean =>
  sequence >= baseSequence && sequence <= lastSequence

/** Whether the ref's sequence is among those that were lost, within a segment or with a whole one. */
const lossOf = (view: LogView, { offset, sequence }: EntryRef): ReadingError | undefined => {
  const segments = segmentsOf(view)
  const position = firstSegmentFrom(segments, sequence)
  const segment = segments[position]
  const before = segments[position - 1]
  if (segment === undefined) {
    return undefined
  }
  if (before !== undefined && sequence < segment.baseSequence) {
    return lostSequences(before, before.dataLength, nextSequence(before), segment.baseSequence - 1)
  }
  const lost = segment.lost.find(({ sequences }) => sequence >= sequences.first && sequence <= sequences.last)
  return lost === undefined ? undefined : lostSequences(segment, offset, lost.sequences.first, lost.sequences.last)
}

const explainAbsence = (view: LogView, ref: EntryRef): ReadingError => {
  const oldest = oldestSequence(view)
  return ref.sequence > 0 && ref.sequence < oldest
    ? retentionError(ref.sequence, oldest)
    : invalidRef(ref, `the log has no segment ${ref.segment}`)
}

const brokenRule = (segment: Segment, ref: EntryRef): string | undefined => {
  if (!hasSequence(segment, ref)) {
    return `segment ${segment.id} has the sequences ${segment.baseSequence} to ${segment.lastSequence}`
  }
  if (ref.offset % ALIGNMENT !== 0 || ref.offset < SEGMENT_HEADER_LENGTH) {
    return `an entry begins at a multiple of ${ALIGNMENT} from ${SEGMENT_HEADER_LENGTH} on`
  }
  return ref.length >= FRAME_HEADER_LENGTH && ref.offset + ref.length <= segment.dataLength
    ? undefined
    : `the entries of segment ${segment.id} end at ${segment.dataLength}`
}

const invalidRef = (ref: EntryRef, rule: string): WalCodecError =>
  new WalCodecError({
    reason: "InvalidRef",
    description:
      `the ref {segment ${ref.segment}, offset ${ref.offset}, length ${ref.length}, sequence ${ref.sequence}} is none of this log's: ${rule}`,
    ...(isWellFormed(ref) ? { sequence: ref.sequence, offset: ref.offset } : {})
  })

/** At once where that is possible: nothing else runs meanwhile, so no handle has to be taken. */
const readVerified = (context: ReadContext, segment: Segment, ref: EntryRef): Effect.Effect<Entry, ReadingError> => {
  const now = handleNow(context, segment, ref)
  return now?.turn.isOver === true
    ? Effect.flatMap(now.turn.goesOn, () => readWith(handleNow(context, segment, ref), context, segment, ref))
    : readWith(now, context, segment, ref)
}

const handleNow = ({ handles }: ReadContext, { path }: Segment, { length }: EntryRef): FileNow | undefined =>
  length <= MOST_AT_ONCE ? handles.now(path) : undefined

const readWith = (now: FileNow | undefined, context: ReadContext, segment: Segment, ref: EntryRef) =>
  now === undefined ? readTaking(context, segment, ref) : readAtOnce(now, context, segment, ref)

const readAtOnce = (
  now: FileNow,
  context: ReadContext,
  segment: Segment,
  ref: EntryRef
): Effect.Effect<Entry, ReadingError> => {
  const { smallReads } = context
  const count = smallReads.read(now, ref.offset, ref.length)
  if (typeof count !== "number") {
    return explainMissing(context, segment, ref.sequence)(Effect.fail(count))
  }
  const entry = entryOf(smallReads.readerFor(segment.salt, ref.offset), count, segment, ref)
  if (entry === undefined) {
    return explainMismatch(context, segment, ref)
  }
  smallReads.keep(ref.length)
  return Effect.succeed(entry)
}

const readTaking = (context: ReadContext, segment: Segment, ref: EntryRef): Effect.Effect<Entry, ReadingError> =>
  Effect.acquireUseRelease(
    context.handles.take(segment.path),
    (file) => readBlock(file, ref.offset, ref.length),
    (file) => context.handles.giveBack(file)
  ).pipe(
    explainMissing(context, segment, ref.sequence),
    Effect.flatMap((block) => {
      const entry = entryOf(new FrameReader(segment.salt, block, ref.offset), block.length, segment, ref)
      return entry === undefined ? explainMismatch(context, segment, ref) : Effect.succeed(entry)
    })
  )

/** The entry at the ref's place, of which `length` bytes were read, if it is the ref's. */
const entryOf = (reader: FrameReader, length: number, segment: Segment, ref: EntryRef): Entry | undefined => {
  const at = ref.offset - reader.origin
  return reader.read(at, at + length) === "entry" && reader.length === ref.length
      && reader.sequence === ref.sequence && reader.checksum === ref.checksum
    ? entryAt(reader, segment)
    : undefined
}

/** Whether the ref is wrong or the entry damaged: only walking up to the entry tells. */
const explainMismatch = (context: ReadContext, segment: Segment, ref: EntryRef) =>
  Effect.acquireUseRelease(
    openReplay(context, { from: ref.sequence, to: ref.sequence, onLost: "skip" }),
    (cursor) => Effect.iterate(NOTHING, { while: Option.isNone, body: () => Effect.map(cursor.next, firstOf) }),
    (cursor) => cursor.close
  ).pipe(
    Effect.flatMap((found) => {
      const actual = Option.getOrUndefined(Option.flatten(found))
      return actual === undefined
        ? Effect.fail(damagedFrame(segment, ref.offset, ref.sequence))
        : Effect.fail(
          invalidRef(
            ref,
            `its entry ${ref.sequence} is at offset ${actual.ref.offset}, with a length of ${actual.ref.length}`
          )
        )
    })
  )

/** Nothing yet; then what the cursor came to: an entry, or its end. */
const NOTHING: Option.Option<Option.Option<Entry>> = Option.none()

const firstOf = (batch: ReadonlyArray<Entry> | undefined): Option.Option<Option.Option<Entry>> =>
  batch === undefined
    ? Option.some(Option.none())
    : Option.map(Option.fromNullable(batch[0]), Option.some)
