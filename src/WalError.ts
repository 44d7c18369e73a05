/**
 * Every way an operation on a log can fail. Each error carries the facts a handler needs and a message a person can act on.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { SegmentId, Sequence, SequenceRange } from "./WalEntry.js"

/**
 * Input or stored bytes that are not what the format allows: the value and the rule it breaks are in `description`.
 *
 * @since 0.1.0
 * @category codec
 */
export class WalCodecError extends Schema.TaggedError<WalCodecError>("effect-wal/WalCodecError")("WalCodecError", {
  reason: Schema.Literal(
    "EmptyKey",
    "MalformedKey",
    "OversizedKey",
    "OversizedMetadata",
    "OversizedEntry",
    "OversizedBatch",
    "SchemaMismatch",
    "ChecksumMismatch",
    "UnknownFormat",
    "InvalidRef"
  ),
  description: Schema.String,
  path: Schema.optional(Schema.String),
  offset: Schema.optional(Schema.Number),
  sequence: Schema.optional(Sequence),
  cause: Schema.optional(Schema.Defect)
}) {
  override get message(): string {
    const place = this.path === undefined
      ? ""
      : ` (${this.path}${this.offset === undefined ? "" : ` at offset ${this.offset}`})`
    return `${this.reason}: ${this.description}${place}`
  }
}

/**
 * Acknowledged data is damaged: something on the disk promises bytes that are not there any more.
 *
 * Open with `onDamage: "salvage"` to serve everything that is still readable; nothing damaged is edited or deleted.
 *
 * @since 0.1.0
 * @category codec
 */
export class WalCorruptionError extends Schema.TaggedError<WalCorruptionError>("effect-wal/WalCorruptionError")(
  "WalCorruptionError",
  {
    path: Schema.String,
    segment: SegmentId,
    /** The first byte that is not what was written. */
    offset: Schema.Number,
    /** The sequences that cannot be read, as far as they are known. */
    lost: Schema.optional(SequenceRange),
    /** What on the disk says that the lost bytes had been synced. */
    promisedBy: Schema.String,
    description: Schema.String
  }
) {
  override get message(): string {
    const lost = this.lost === undefined ? "" : `, sequences ${this.lost.first} to ${this.lost.last} are lost`
    return `${this.path} is damaged at offset ${this.offset}: ${this.description} (promised by ${this.promisedBy})${lost}. `
      + `Restore the file from a copy, or open the log with onDamage: "salvage" to serve what is readable`
  }
}

/**
 * The operating system refused a file operation. The log is unharmed and goes on.
 *
 * @since 0.1.0
 * @category IO
 */
export class WalIoError extends Schema.TaggedError<WalIoError>("effect-wal/WalIoError")("WalIoError", {
  operation: Schema.String,
  path: Schema.String,
  reason: Schema.Literal("NoSpace", "PermissionDenied", "NotFound", "TooManyOpenFiles", "ReadOnly", "Io"),
  cause: Schema.optional(Schema.Defect)
}) {
  override get message(): string {
    return `${this.reason}: ${this.operation} of ${this.path} failed${advice[this.reason]}`
  }
}

const advice: Record<WalIoError["reason"], string> = {
  NoSpace: "; free space on the disk, then append again",
  PermissionDenied: "; check the owner and the mode of the directory",
  NotFound: "; was it removed by another program?",
  TooManyOpenFiles: "; raise the limit of open files",
  ReadOnly: "; the file system is mounted read-only",
  Io: ""
}

/**
 * The log stopped taking writes, because it can no longer tell what is on the disk. Reads go on; open it again to recover.
 *
 * `outcome` tells about the failed operation's own entries: `"unknown"` ones may be found later, whole and in order;
 * `"rejected"` ones are never found.
 *
 * @since 0.1.0
 * @category IO
 */
export class WalFailedError extends Schema.TaggedError<WalFailedError>("effect-wal/WalFailedError")("WalFailedError", {
  directory: Schema.String,
  outcome: Schema.Literal("unknown", "rejected"),
  /** The first failure: what the log failed of. */
  cause: WalIoError
}) {
  override get message(): string {
    const own = this.outcome === "unknown"
      ? "whether this operation's entries are on the disk is not known"
      : "this operation wrote nothing"
    return `The log in ${this.directory} takes no more writes (${own}); open it again. First cause: ${this.cause.message}`
  }
}

/**
 * An entry that was asked for by ref or by sequence is gone: expired, truncated, or displaced by `retainBytes`.
 *
 * @since 0.1.0
 * @category retention
 */
export class WalRetentionError extends Schema.TaggedError<WalRetentionError>("effect-wal/WalRetentionError")(
  "WalRetentionError",
  {
    requested: Sequence,
    /** The oldest sequence that is there; the next one to come where the log is empty. */
    oldest: Sequence
  }
) {
  override get message(): string {
    return `The entry with sequence ${this.requested} is gone; the oldest one is ${this.oldest}`
  }
}

/**
 * An append that expected another last entry of its key. Nothing was appended.
 *
 * @since 0.1.0
 * @category append
 */
export class WalConflictError extends Schema.TaggedError<WalConflictError>("effect-wal/WalConflictError")(
  "WalConflictError",
  {
    /** As text; what is no UTF-8 in it is replaced. */
    key: Schema.String,
    expected: Sequence,
    /** The sequence of the key's last entry, 0 when it has none. */
    actual: Sequence
  }
) {
  override get message(): string {
    return `The last entry of the key ${
      JSON.stringify(this.key)
    } has the sequence ${this.actual}, and not ${this.expected} as expected; read the key again and decide anew`
  }
}

/**
 * Who holds a log's lock.
 *
 * @since 0.1.0
 * @category life cycle
 */
export const LockHolder = Schema.Struct({
  host: Schema.String,
  boot: Schema.String,
  process: Schema.String,
  /** When that process started, in a unit of its own, or `"-"` where it cannot be told. */
  start: Schema.String,
  nonce: Schema.String
})

/**
 * @since 0.1.0
 * @category life cycle
 */
export interface LockHolder extends Schema.Schema.Type<typeof LockHolder> {}

/**
 * The log is open elsewhere.
 *
 * @since 0.1.0
 * @category life cycle
 */
export class WalLockedError extends Schema.TaggedError<WalLockedError>("effect-wal/WalLockedError")("WalLockedError", {
  directory: Schema.String,
  lock: Schema.String,
  holder: LockHolder,
  where: Schema.Literal("this-process", "this-host", "another-host")
}) {
  override get message(): string {
    return `The log in ${this.directory} is already open: ${this.lock} is held by process ${this.holder.process} on ${this.holder.host}. ${
      remedy[this.where]
    }`
  }
}

const remedy: Record<WalLockedError["where"], string> = {
  "this-process": "That is this very process: keep the layer in a const and provide it once",
  "this-host": "Close it there, or read it without the lock",
  "another-host":
    "A lock of another host is never taken over: when that host is certainly gone, remove the lock file by hand"
}

/**
 * An option that breaks its rule.
 *
 * @since 0.1.0
 * @category life cycle
 */
export class WalConfigError extends Schema.TaggedError<WalConfigError>("effect-wal/WalConfigError")("WalConfigError", {
  option: Schema.String,
  value: Schema.Unknown,
  rule: Schema.String
}) {
  override get message(): string {
    return `The option ${this.option} is ${String(this.value)}, but must be ${this.rule}`
  }
}

/**
 * A consumer that cannot be made, or not be run.
 *
 * - `"InvalidName"`: its cursor's file could not be called so.
 * - `"DamagedCursor"`: its cursor cannot be read. It is never taken for a consumer that is new.
 * - `"OtherKey"`: the cursor says how far another key's entries were processed, and nothing about this one's.
 * - `"AlreadyRunning"`: a consumer of that name is being run on this log.
 *
 * @since 0.1.0
 * @category consumers
 */
export class WalConsumerError extends Schema.TaggedError<WalConsumerError>("effect-wal/WalConsumerError")(
  "WalConsumerError",
  {
    consumer: Schema.String,
    reason: Schema.Literal("InvalidName", "DamagedCursor", "OtherKey", "AlreadyRunning"),
    /** The cursor's file, where there is one. */
    path: Schema.optional(Schema.String),
    description: Schema.String
  }
) {
  override get message(): string {
    const place = this.path === undefined ? "" : ` (${this.path})`
    return `The consumer ${JSON.stringify(this.consumer)}: ${this.description}${place}. ${consumerRemedy[this.reason]}`
  }
}

const consumerRemedy: Record<WalConsumerError["reason"], string> = {
  InvalidName: "Name it with 1 to 100 of the characters A-Z a-z 0-9 . _ - and not with a dot first",
  DamagedCursor: "Restore the file from a copy, or remove it: the consumer then begins where `from` says",
  OtherKey: "Give a consumer of another key a name of its own",
  AlreadyRunning: "Run it once, or give the other one a name of its own"
}

/**
 * The log was closed, by `shutdown` or with its Scope.
 *
 * @since 0.1.0
 * @category life cycle
 */
export class WalClosedError extends Schema.TaggedError<WalClosedError>("effect-wal/WalClosedError")("WalClosedError", {
  directory: Schema.String
}) {
  override get message(): string {
    return `The log in ${this.directory} is closed; open it again to use it`
  }
}

/**
 * What opening a log can meet.
 *
 * @since 0.1.0
 * @category unions
 */
export type OpenError = WalConfigError | WalLockedError | WalIoError | WalCodecError | WalCorruptionError

/**
 * What an append can meet.
 *
 * @since 0.1.0
 * @category unions
 */
export type AppendError = WalCodecError | WalIoError | WalFailedError | WalClosedError

/**
 * What a read can meet.
 *
 * @since 0.1.0
 * @category unions
 */
export type ReadError = WalCodecError | WalCorruptionError | WalIoError | WalClosedError

/**
 * Every error of the library.
 *
 * @since 0.1.0
 * @category unions
 */
export type WalError =
  | OpenError
  | AppendError
  | ReadError
  | WalRetentionError
  | WalConflictError
  | WalConsumerError
