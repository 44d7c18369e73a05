/**
 * What the committer knows: what is framed, written and synced, who waits for what, and whether the log takes writes.
 */
import type { EntryRef } from "../../WalEntry.js"
import { type AppendError, WalClosedError, WalFailedError, type WalIoError } from "../../WalError.js"
import type { Settings } from "../../WalOptions.js"
import { SEGMENT_HEADER_LENGTH } from "../format/segmentHeader.js"
import { SYNC_MARK_FRAME_LENGTH } from "../format/syncMark.js"
import type { ActiveIndex } from "../segment/activeIndex.js"
import { nextSequence, type Segment } from "../segment/segment.js"
import type { SegmentFile } from "../segment/segmentFile.js"
import { ActiveTime, type Clocks } from "./activeTime.js"
import { Broadcast } from "./broadcast.js"
import { Group, type Waiter } from "./group.js"
import { toSequence } from "./nominal.js"
import { SpaceAhead } from "./spaceAhead.js"
import { Synced } from "./synced.js"
import type { TakenKeys } from "./takenKeys.js"

/** The active segment's file and its growing index, once it is open for writing. */
export interface OpenSegment {
  readonly segment: Segment
  readonly file: SegmentFile
  readonly index: ActiveIndex
}

/** An append that waits to be framed. */
export interface Queued {
  readonly length: number
  readonly frame: (open: OpenSegment) => void
  readonly fail: (error: AppendError) => void
  state: "waiting" | "withdrawn"
}

/** Written and unsynced bytes that are synced before their time: a rotation waits for what is left. */
const EAGER_SYNC_LENGTH = 8 * 1024 * 1024

/**
 * Invariants, for the active segment:
 * - `synced.end <= writtenEnd`; the bytes before each are what their names say, and end with a whole frame.
 * - `flying` begins at `writtenEnd` while it is being written, and is empty otherwise; `filling` begins where `flying`
 *   ends. Sequences and offsets follow each other without a gap from what is written through `flying` to `filling`.
 * - Nothing is framed while `open` is undefined, the active segment is `changing`, the log is failed, or others wait in
 *   `queue`. While it is changing, nothing is framed that is not written.
 * - `claimed` is what the last mark in `writtenEnd` claims; a mark is owed while `synced.entryEnd` is beyond it.
 * - Every waiter is in exactly one place, and is told exactly once.
 */
export class WriteState {
  filling = new Group(0)
  flying = new Group(0)
  open: OpenSegment | undefined = undefined
  /** `changing`: from the moment on at which everything framed is written, until another segment is open. */
  stage: "steady" | "changing" = "steady"
  queue: Array<Queued> = []
  /** Those who want the active segment rotated if its window has passed. */
  rotationWaiters: Array<Waiter> = []
  readonly synced = new Synced()

  nextSequence = 1
  lastTimestamp = 0
  /** Where everything ends that was given to the file, whether it has landed or not. */
  private takenOffEnd = 0
  writtenEnd = 0
  writtenEntryEnd = 0
  writtenSequence = 0
  private lowestWritten = 0
  private highestWritten = 0
  private claimed = 0
  readonly space: SpaceAhead
  private readonly eagerSyncLength: number
  /** Raised when more is written or synced, and when the log ends. */
  readonly moved = new Broadcast()
  /** The flying group could not be written: what of it is in the file is to be taken back. */
  failedWrite: WalIoError | undefined = undefined
  /** Whether something was written since `takeLanded` was asked. */
  private landing: "seen" | "unseen" = "seen"
  private readonly time: ActiveTime

  flush: "onTimer" | "now" = "onTimer"
  life: "open" | "closing" | "closed" = "open"
  failure: WalIoError | undefined = undefined

  constructor(readonly settings: Settings, readonly clocks: Clocks) {
    this.time = new ActiveTime(clocks, settings.window)
    this.space = new SpaceAhead(settings.maxSegmentBytes)
    this.eagerSyncLength = settings.syncInterval === Infinity ? Infinity : EAGER_SYNC_LENGTH
  }

  // --- asking

  get pendingBytes(): number {
    return this.filling.length + this.flying.length
  }

  /** Where the next group begins in the segment, if nothing more is framed into this one. */
  get framedEnd(): number {
    return this.filling.isEmpty ? this.takenOffEnd : this.filling.end
  }

  /** Something is written that an fsync would cover, marks aside: they are not worth one. */
  get hasUnsyncedEntries(): boolean {
    return this.writtenEntryEnd > this.synced.entryEnd
  }

  get owesMark(): boolean {
    return this.synced.entryEnd > this.claimed && this.filling.claimed < this.synced.entryEnd
      && this.flying.claimed < this.synced.entryEnd
  }

  /** Somebody waits for it, or so much is written that the next rotation would have to wait for long. */
  get wantsSync(): boolean {
    return this.failure === undefined
      && (this.synced.isAwaited || this.writtenEnd - this.synced.end >= this.eagerSyncLength)
  }

  /** Why no append and no sync is taken, if so. */
  refusal(): WalClosedError | WalFailedError | undefined {
    if (this.life !== "open") {
      return new WalClosedError({ directory: this.settings.directory })
    }
    return this.failure === undefined ? undefined : this.rejection("rejected", this.failure)
  }

  /** The sequence of the key's last entry in the open segment, or on its way there. */
  lastSequenceOf(open: OpenSegment, key: Uint8Array, hash: number): number | undefined {
    const count = open.index.countUpToLast(key, key.length, hash)
    return this.filling.lastSequenceOf(key, key.length, hash)
      ?? this.flying.lastSequenceOf(key, key.length, hash)
      ?? (count === undefined ? undefined : open.segment.baseSequence + count - 1)
  }

  /** The first append that still waits to be framed. */
  nextQueued(): Queued | undefined {
    while (this.queue[0]?.state === "withdrawn") {
      this.queue.shift()
    }
    return this.queue[0]
  }

  /** Whether an append of `length` framed bytes may be framed at once. */
  admits(length: number): boolean {
    return this.queue.length === 0 && this.hasRoomFor(length)
  }

  hasRoomFor(length: number): boolean {
    this.time.look(this.open?.segment)
    return this.open !== undefined
      && this.stage === "steady"
      && !this.isDueFor(length)
      && (this.pendingBytes === 0 || this.pendingBytes + length <= this.settings.maxPendingBytes)
  }

  /** Whether the open segment has to be rotated before `length` more bytes are framed; an empty one never is. */
  private isDueFor(length: number): boolean {
    const { open } = this
    return open !== undefined
      && this.nextSequence > open.segment.baseSequence
      && (this.framedEnd + SYNC_MARK_FRAME_LENGTH + length > this.settings.maxSegmentBytes || this.time.isWindowOver)
  }

  /** Whether the open segment cannot take an append of `length` framed bytes, so that another has to follow it. */
  isDueNow(length: number): boolean {
    this.time.look(this.open?.segment)
    return this.isDueFor(length)
  }

  /** The same for a segment that is not open: it was closed, and nothing is framed. */
  isDormantDueFor(active: Segment, length: number): boolean {
    return active.entryCount > 0
      && (active.dataLength + SYNC_MARK_FRAME_LENGTH + length > this.settings.maxSegmentBytes
        || this.time.isOverFor(active))
  }

  /** Whether the active segment is to be rotated even if nothing is appended. */
  isPastWindow(active: Segment): boolean {
    return this.open === undefined ? this.isDormantDueFor(active, 0) : this.isDueNow(0)
  }

  // --- framing

  /** Frames an entry behind everything else, for which there is room, with the key at `position`; `length` is its frame's. */
  frame(
    open: OpenSegment,
    length: number,
    flags: number,
    keys: TakenKeys,
    position: number,
    content: Uint8Array,
    metadata: Uint8Array
  ): EntryRef {
    if (this.filling.isEmpty) {
      this.beginGroup(open)
    }
    const { filling } = this
    const offset = filling.end
    const sequence = this.nextSequence
    const timestamp = Math.max(this.time.now, this.lastTimestamp)
    const checksum = filling.addEntry(
      length,
      flags,
      sequence,
      timestamp,
      keys.bytes,
      keys.startOf(position),
      keys.lengthOf(position),
      keys.hashOf(position),
      content,
      metadata
    )
    this.nextSequence = sequence + 1
    this.lastTimestamp = timestamp
    return { segment: open.segment.id, offset, length, sequence: toSequence(sequence), checksum }
  }

  /** Puts an owed mark alone into the next group, to be written at once. */
  frameMark(open: OpenSegment): void {
    if (this.stage === "steady" && this.owesMark && this.filling.isEmpty) {
      this.beginGroup(open)
      this.flush = "now"
    }
  }

  private beginGroup(open: OpenSegment): void {
    const owesMark = this.owesMark
    this.filling.begin(open.segment.salt, this.takenOffEnd, this.nextSequence)
    if (owesMark) {
      this.filling.addMark(this.nextSequence - 1, this.synced.entryEnd)
    }
  }

  // --- writing

  /** The group that is written next; what comes meanwhile fills the other one. */
  takeOff(): Group {
    const group = this.filling
    this.filling = this.flying
    this.flying = group
    this.takenOffEnd = group.end
    this.flush = "onTimer"
    return group
  }

  /** The flying group is in the file: it counts as written, and its entries can be found. */
  landed(open: OpenSegment): void {
    const group = this.flying
    group.enter(open.index)
    this.landing = "unseen"
    this.writtenEnd = group.end
    this.claimed = Math.max(this.claimed, group.claimed)
    if (group.entryCount > 0) {
      this.lowestWritten = this.writtenSequence < open.segment.baseSequence ? group.firstTimestamp : this.lowestWritten
      this.highestWritten = group.lastTimestamp
      this.writtenEntryEnd = group.end
      this.writtenSequence = group.firstSequence + group.entryCount - 1
    }
  }

  /** Tells the flying group's appenders, in order; those who want an fsync go on waiting. */
  acknowledgeFlying(): void {
    const { flying } = this
    const target = flying.end
    const written = flying.takeWritten()
    const synced = flying.takeSynced()
    flying.clear()
    for (const waiter of written) {
      waiter.succeed()
    }
    for (const waiter of synced) {
      this.synced.waitFor(target, waiter)
    }
    this.moved.raise()
  }

  /** The flying group was taken back from the file, and what was framed behind it is dropped with it. */
  rolledBack(cause: WalIoError): void {
    const lostAcknowledged = this.flying.buffered + this.filling.buffered
    const waiters = [...this.flying.takeWaiters(), ...this.filling.takeWaiters()]
    this.flying.clear()
    this.filling.clear()
    this.failedWrite = undefined
    this.nextSequence = this.writtenSequence + 1
    this.takenOffEnd = this.writtenEnd
    this.space.begin()
    if (lostAcknowledged > 0) {
      this.fail(cause)
    }
    for (const waiter of waiters) {
      waiter.fail(cause)
    }
    this.moved.raise()
  }

  /** The active segment as it stands, if something was written to it since this was last asked. */
  takeLanded(): Segment | undefined {
    const { open } = this
    if (open === undefined || this.landing === "seen") {
      return undefined
    }
    this.landing = "seen"
    return this.activeSegment(open)
  }

  // --- syncing

  /** Everything before `end` is on disk; `entryEnd` and `sequence` are those of the last entry before it. */
  reachSynced(end: number, entryEnd: number, sequence: number): void {
    this.synced.reach(end, entryEnd, sequence)
    this.moved.raise()
  }

  // --- changing segments

  /**
   * Goes on in `open`, everything of which is synced: its frames end at `dataLength`, the last entry among them at
   * `entryEnd`, and a mark among them claims `claimed`.
   */
  turnTo(open: OpenSegment, dataLength: number, entryEnd: number, claimed: number): void {
    const { segment } = open
    this.open = open
    this.landing = "seen"
    this.space.begin()
    this.time.begin()
    this.continueAfter(segment, segment.highestTimestamp)
    this.takenOffEnd = dataLength
    this.writtenEnd = dataLength
    this.writtenEntryEnd = entryEnd
    this.lowestWritten = segment.lowestTimestamp
    this.highestWritten = segment.highestTimestamp
    this.synced.turnTo(dataLength, entryEnd)
    this.claimed = Math.max(claimed, SEGMENT_HEADER_LENGTH)
  }

  /** Everything up to the end of `segment` is there and synced; nothing is open yet. */
  continueAfter(segment: Segment, highestTimestamp: number): void {
    this.nextSequence = nextSequence(segment)
    this.lastTimestamp = Math.max(this.lastTimestamp, highestTimestamp)
    this.writtenSequence = segment.lastSequence
    this.synced.sequence = segment.lastSequence
  }

  /** The open segment as it stands after the last write. */
  activeSegment(open: OpenSegment): Segment {
    const { segment } = open
    return {
      id: segment.id,
      path: segment.path,
      salt: segment.salt,
      createdAt: segment.createdAt,
      baseSequence: segment.baseSequence,
      lastSequence: this.writtenSequence,
      entryCount: this.writtenSequence - segment.baseSequence + 1,
      lost: segment.lost,
      dataLength: this.writtenEnd,
      lowestTimestamp: this.lowestWritten,
      highestTimestamp: this.highestWritten,
      sealedAt: segment.sealedAt,
      firstSeenAt: segment.firstSeenAt,
      index: segment.index
    }
  }

  // --- ending

  /** From now on nothing is taken; everybody who waits is told, but for the flying group, whose outcome is not known yet. */
  fail(cause: WalIoError): void {
    this.failure ??= cause
    const unknown = this.rejection("unknown", this.failure)
    const rejected = this.rejection("rejected", this.failure)
    this.synced.fail(unknown)
    this.refuseWaiting(rejected)
    this.moved.raise()
  }

  /** The flying group's outcome is not known, and never will be. */
  abandonFlying(cause: WalIoError): void {
    const waiters = this.flying.takeWaiters()
    this.flying.clear()
    this.failedWrite = undefined
    const unknown = this.rejection("unknown", this.failure ?? cause)
    for (const waiter of waiters) {
      waiter.fail(unknown)
    }
    this.fail(cause)
  }

  /** Tells everybody whose entries are not in the file, nor on their way to it. */
  refuseWaiting(error: AppendError): void {
    const waiters = this.filling.takeWaiters()
    this.filling.clear()
    this.refuseQueued(error)
    for (const waiter of waiters) {
      waiter.fail(error)
    }
  }

  /** Tells everybody who has not been framed. */
  refuseQueued(error: AppendError): void {
    const { queue, rotationWaiters } = this
    this.queue = []
    this.rotationWaiters = []
    for (const queued of queue) {
      if (queued.state === "waiting") {
        queued.fail(error)
      }
    }
    for (const waiter of rotationWaiters) {
      waiter.fail(error)
    }
  }

  rotationServed(): void {
    const waiters = this.rotationWaiters
    this.rotationWaiters = []
    for (const waiter of waiters) {
      waiter.succeed()
    }
  }

  private rejection(outcome: "unknown" | "rejected", cause: WalIoError): WalFailedError {
    return new WalFailedError({ directory: this.settings.directory, outcome, cause })
  }
}
