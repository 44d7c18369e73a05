/**
 * What a log tells about itself: what opening found, what compaction removed, what there is.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { SegmentId, Sequence, SequenceRange } from "./WalEntry.js"

/**
 * The unfinished end of a segment, which opening dropped. Nothing of it had been promised to survive.
 *
 * @since 0.1.0
 * @category recovery
 */
export const TornTail = Schema.Struct({
  segment: SegmentId,
  /** Where the whole entries end. */
  offset: Schema.Number,
  bytes: Schema.Number,
  /** The whole entries among the bytes that were dropped: members of an unfinished batch, or beyond a gap. */
  dropped: Schema.optionalWith(SequenceRange, { exact: true }),
  /** Where the bytes were kept, if entries verified among them. */
  keptAs: Schema.optionalWith(Schema.String, { exact: true })
})

/**
 * @since 0.1.0
 * @category recovery
 */
export interface TornTail extends Schema.Schema.Type<typeof TornTail> {}

/**
 * Sequences that had been acknowledged and cannot be read any more.
 *
 * @since 0.1.0
 * @category recovery
 */
export const LostRange = Schema.Struct({
  segment: SegmentId,
  /** Up to the next sequence that can be read, or that the log goes on with: not all of them need to have existed. */
  sequences: SequenceRange,
  /** From the first damaged byte up to the next frame that can be read; both 0 where the whole segment is lost. */
  startOffset: Schema.Number,
  endOffset: Schema.Number,
  /** As far as they can still be made out. They are not verified. */
  keys: Schema.Array(Schema.Uint8ArrayFromBase64),
  promisedBy: Schema.String
})

/**
 * @since 0.1.0
 * @category recovery
 */
export interface LostRange extends Schema.Schema.Type<typeof LostRange> {}

/**
 * What opening found, repaired or dropped.
 *
 * @since 0.1.0
 * @category recovery
 */
export const RecoveryReport = Schema.Struct({
  segments: Schema.Number,
  /** Trusted by their seal, and read by scanning them. */
  sealed: Schema.Number,
  scanned: Schema.Number,
  entries: Schema.Number,
  /** Up to which sequence the disk itself claims that entries had been synced. */
  newestSequence: Sequence,
  tornTails: Schema.Array(TornTail),
  lost: Schema.Array(LostRange),
  /** In milliseconds. */
  duration: Schema.Number
})

/**
 * @since 0.1.0
 * @category recovery
 */
export interface RecoveryReport extends Schema.Schema.Type<typeof RecoveryReport> {}

/**
 * @since 0.1.0
 * @category compaction
 */
export const RemovedSegment = Schema.Struct({
  segment: SegmentId,
  bytes: Schema.Number,
  entries: Schema.Number,
  /** `"holdBroken"`: a consumer of `holdFor` had not processed it, and what was held for it had grown past its limit. */
  reason: Schema.Literal("expired", "retainBytes", "truncated", "holdBroken")
})

/**
 * @since 0.1.0
 * @category compaction
 */
export interface RemovedSegment extends Schema.Schema.Type<typeof RemovedSegment> {}

/**
 * Segments that are there only because consumers of `holdFor` have not processed them.
 *
 * @since 0.1.0
 * @category compaction
 */
export const HeldSegments = Schema.Struct({
  segments: Schema.Array(SegmentId),
  bytes: Schema.Number,
  /** Those that are furthest behind. */
  consumers: Schema.Array(Schema.String)
})

/**
 * @since 0.1.0
 * @category compaction
 */
export interface HeldSegments extends Schema.Schema.Type<typeof HeldSegments> {}

/**
 * What a compaction removed. `"clockJumped"`: the wall clock has moved by more than a window against the monotonic one,
 * so that nothing was judged by its age this time.
 *
 * @since 0.1.0
 * @category compaction
 */
export const CompactionReport = Schema.Struct({
  outcome: Schema.Literal("completed", "clockJumped"),
  removed: Schema.Array(RemovedSegment),
  /** The oldest sequence that is left; the next one to come where none is. */
  oldestSequence: Sequence,
  /** What consumers hold back; absent where that is nothing. */
  held: Schema.optionalWith(HeldSegments, { exact: true })
})

/**
 * @since 0.1.0
 * @category compaction
 */
export interface CompactionReport extends Schema.Schema.Type<typeof CompactionReport> {}

/**
 * @since 0.1.0
 * @category stats
 */
export const SegmentStats = Schema.Struct({
  segment: SegmentId,
  state: Schema.Literal("active", "sealed"),
  path: Schema.String,
  /** Of the frames and the header, without the seal. */
  bytes: Schema.Number,
  entries: Schema.Number,
  firstSequence: Sequence,
  /** `firstSequence - 1` when the segment is empty. */
  lastSequence: Sequence,
  createdAt: Schema.Number,
  /** In milliseconds since the epoch; 0 when the segment is empty. */
  lowestTimestamp: Schema.Number,
  highestTimestamp: Schema.Number
})

/**
 * @since 0.1.0
 * @category stats
 */
export interface SegmentStats extends Schema.Schema.Type<typeof SegmentStats> {}

/**
 * @since 0.1.0
 * @category stats
 */
export const WalStats = Schema.Struct({
  directory: Schema.String,
  entries: Schema.Number,
  bytes: Schema.Number,
  /** Framed and not yet written. */
  pendingBytes: Schema.Number,
  /** The first and the last entry; both absent when the log is empty. */
  oldest: Schema.optionalWith(Schema.Struct({ sequence: Sequence, timestamp: Schema.Number }), { exact: true }),
  newest: Schema.optionalWith(Schema.Struct({ sequence: Sequence, timestamp: Schema.Number }), { exact: true }),
  /** Everything up to here is on disk. */
  syncedSequence: Sequence,
  segments: Schema.Array(SegmentStats)
})

/**
 * @since 0.1.0
 * @category stats
 */
export interface WalStats extends Schema.Schema.Type<typeof WalStats> {}

/**
 * What verification found in one segment.
 *
 * - `"whole"`: everything that was promised is there, and nothing else.
 * - `"unfinished"`: as `"whole"`, with an end that was never promised: the log is in use, or it was torn by a crash and
 *   the next opening drops it.
 * - `"damaged"`: something that was promised is not there any more; `lost` says what.
 * - `"unreadable"`: its header does not verify, or belongs to another file or to a later version.
 * - `"missing"`: there are segments before it and behind it.
 *
 * @since 0.1.0
 * @category verification
 */
export const SegmentFinding = Schema.Struct({
  segment: SegmentId,
  path: Schema.String,
  condition: Schema.Literal("whole", "unfinished", "damaged", "unreadable", "missing"),
  /** A sentence for a person. */
  description: Schema.String,
  fileBytes: Schema.Number,
  /** Where the frames that can be read end. */
  dataLength: Schema.Number,
  entries: Schema.Number,
  firstSequence: Sequence,
  /** `firstSequence - 1` when there is no entry. */
  lastSequence: Sequence,
  /** Everything before this offset was promised to be on disk, by what `promisedBy` names. */
  promised: Schema.Number,
  promisedBy: Schema.String,
  seal: Schema.Literal("rotated", "closed", "none"),
  /** A damaged index harms nothing: it is made anew from the entries. */
  index: Schema.Literal("whole", "damaged", "none"),
  lost: Schema.Array(LostRange)
}).annotations({ identifier: "effect-wal/SegmentFinding" })

/**
 * @since 0.1.0
 * @category verification
 */
export interface SegmentFinding extends Schema.Schema.Type<typeof SegmentFinding> {}

/**
 * How a consumer's cursor and its log were found to agree when the consumer was made.
 *
 * - `"Started"`: there was no cursor yet.
 * - `"Resumed"`: the entry that was processed last is still that entry, or has expired with nothing behind it lost.
 * - `"Expired"`: retention has taken entries that were not processed; they are in `missed`.
 * - `"Rewound"`: the log is not the one that was processed up to the cursor. It lost its end (`"BeyondEnd"`), has another entry at that
 *   sequence (`"OtherEntry"`), or has lost that one to damage (`"EntryLost"`). The consumer goes on at the last place
 *   that is known to be the same, so entries may be processed again, and none is left out.
 *
 * @since 0.1.0
 * @category consumers
 */
export const ConsumerRecovery = Schema.Union(
  Schema.TaggedStruct("Started", { after: Sequence }),
  Schema.TaggedStruct("Resumed", { after: Sequence }),
  Schema.TaggedStruct("Expired", { cursor: Sequence, after: Sequence, missed: SequenceRange }),
  Schema.TaggedStruct("Rewound", {
    reason: Schema.Literal("BeyondEnd", "OtherEntry", "EntryLost"),
    cursor: Sequence,
    after: Sequence
  })
)

/**
 * @since 0.1.0
 * @category consumers
 */
export type ConsumerRecovery = typeof ConsumerRecovery.Type
