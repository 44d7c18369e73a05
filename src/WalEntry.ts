/**
 * The nouns of the log: entries, their places, and what is appended.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * An entry's place in the whole log: 1, 2, 3 … without gaps, never reused once synced. 0 stands before the first entry.
 *
 * @since 0.1.0
 * @category models
 * @example
 * import * as WalEntry from "effect-wal/WalEntry"
 *
 * const checkpoint: WalEntry.Sequence = WalEntry.Sequence.make(42)
 */
export const Sequence = Schema.NonNegativeInt.pipe(Schema.brand("effect-wal/Sequence"))

/**
 * @since 0.1.0
 * @category models
 */
export type Sequence = typeof Sequence.Type

/**
 * The number of a segment, as in its file's name. The first is 1.
 *
 * @since 0.1.0
 * @category models
 */
export const SegmentId = Schema.Int.pipe(Schema.positive(), Schema.brand("effect-wal/SegmentId"))

/**
 * @since 0.1.0
 * @category models
 */
export type SegmentId = typeof SegmentId.Type

/**
 * When an append is acknowledged, and so what its entry survives.
 *
 * - `"buffered"`: once framed in memory, written within `flushInterval`. Survives a clean close.
 * - `"written"`: after the write. Survives a crash of the process; of the machine, all but the last `syncInterval`.
 * - `"synced"`: after the fsync. Survives a crash of the machine.
 *
 * @since 0.1.0
 * @category models
 */
export const Durability = Schema.Literal("buffered", "written", "synced")

/**
 * @since 0.1.0
 * @category models
 */
export type Durability = typeof Durability.Type

/**
 * The place of one entry. It proves itself when it is read: a ref whose entry is not that one any more fails typed.
 *
 * @since 0.1.0
 * @category models
 */
export const EntryRef = Schema.Struct({
  segment: SegmentId,
  /** In bytes from the segment's start, a multiple of 8. */
  offset: Schema.NonNegativeInt,
  /** Of the whole frame, padding included, in bytes. */
  length: Schema.NonNegativeInt,
  sequence: Sequence,
  /** CRC-32 of the entry's body, seeded with the segment's salt. */
  checksum: Schema.NonNegativeInt
}).annotations({ identifier: "effect-wal/EntryRef" })

/**
 * @since 0.1.0
 * @category models
 */
export interface EntryRef extends Schema.Schema.Type<typeof EntryRef> {}

/**
 * One record of the log, as it was appended.
 *
 * `key`, `content` and `metadata` are views of the block that was read, which is never written again; copy them
 * (`bytes.slice()`) to keep a small part of a large read for long.
 *
 * @since 0.1.0
 * @category models
 */
export const Entry = Schema.Struct({
  sequence: Sequence,
  /** Milliseconds since the epoch, never smaller than the entry before it. */
  timestamp: Schema.Number,
  key: Schema.Uint8ArrayFromBase64,
  content: Schema.Uint8ArrayFromBase64,
  /** Empty where none was given. */
  metadata: Schema.Uint8ArrayFromBase64,
  ref: EntryRef
}).annotations({ identifier: "effect-wal/Entry" })

/**
 * @since 0.1.0
 * @category models
 */
export interface Entry extends Schema.Schema.Type<typeof Entry> {}

/**
 * What an entry is found by: 1 to 65,535 bytes. A string stands for its UTF-8 bytes.
 *
 * @since 0.1.0
 * @category models
 */
export type Key = string | Uint8Array

/**
 * One entry to be appended.
 *
 * The bytes are taken when the append runs; they must not change until its Effect has ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface EntryInput {
  readonly key: Key
  readonly content: Uint8Array
  /** 0 to 65,535 bytes that travel with the entry. */
  readonly metadata?: Uint8Array | undefined
}

/**
 * An inclusive range of sequences.
 *
 * @since 0.1.0
 * @category models
 */
export const SequenceRange = Schema.Struct({ first: Sequence, last: Sequence })

/**
 * @since 0.1.0
 * @category models
 */
export interface SequenceRange extends Schema.Schema.Type<typeof SequenceRange> {}
