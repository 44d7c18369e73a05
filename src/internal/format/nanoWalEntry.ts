/**
 * What nano-wal 0.1.0 wrote: the names of its files, and the entries in them.
 *
 * An entry is timestamp u64 (seconds) · key length u64 · key · content length u64 · content, little-endian, and nothing
 * else: no checksum, no padding, no header of the file. So its lengths are all that tells an entry from other bytes.
 */
import { hasAscii, readU64, UNSAFE, writeAscii, writeU64 } from "./bytes.js"

export interface NanoWalFileName {
  readonly id: number
  readonly name: string
  readonly naming: Naming
}

export interface NanoWalFile extends NanoWalFileName {
  /** In seconds, as `firstTimestampOf` reads it. */
  readonly firstTimestamp: number
}

/** `{id}.wal`, as nano-wal's documentation has it; `{id}_{part of a key}.log`; `{id}.log`. */
type Naming = "documented" | "rotated" | "reopened"

/** Without leading zeros, which nano-wal never writes: so `00000000000000000001.wal` is nobody's but this library's. */
const NAME_PATTERN = /^(0|[1-9]\d{0,15})(?:(\.wal)|(_.+)\.log|\.log)$/

/** What a name in the directory stands for; `undefined` for a foreign one. */
export const parseNanoWalFileName = (name: string): NanoWalFileName | undefined => {
  const match = NAME_PATTERN.exec(name)
  const id = Number(match?.[1])
  if (match === null || !Number.isSafeInteger(id)) {
    return undefined
  }
  return { id, name, naming: match[2] !== undefined ? "documented" : match[3] !== undefined ? "rotated" : "reopened" }
}

/**
 * The order in which nano-wal wrote its files. Of one id it creates the file with a key's name when it rotates to that id,
 * and goes on in the one without when it is opened again; it never goes back. That is certain where timestamps are not:
 * the clock may have gone back in between. Only several writers at once create several files with keys' names.
 */
export const compareNanoWalFiles = (left: NanoWalFile, right: NanoWalFile): number =>
  left.id - right.id
  || AGE[left.naming] - AGE[right.naming]
  || left.firstTimestamp - right.firstTimestamp
  || (left.name < right.name ? -1 : 1)

const AGE: Record<Naming, number> = { documented: 0, rotated: 1, reopened: 2 }

export const TIMESTAMP_LENGTH = 8

/** Of a file that begins so; one without a first entry comes before all others. */
export const firstTimestampOf = (head: Uint8Array): number => head.length < TIMESTAMP_LENGTH ? UNSAFE : readU64(head, 0)

export interface ScannedEntry {
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly key: Uint8Array
  readonly content: Uint8Array
}

export type NanoWalEnd =
  | { readonly _tag: "EndOfFile" }
  | { readonly _tag: "Torn"; readonly description: string }
  | { readonly _tag: "OtherVersion"; readonly description: string }

/** Longer ones nano-wal takes for the end of the file itself, when it is opened; so nobody has ever read such an entry. */
const MAX_KEY_LENGTH = 1024 * 1024
const MAX_CONTENT_LENGTH = 100 * 1024 * 1024

const MILLISECONDS = 1_000
const MAX_SECONDS = Math.floor(Number.MAX_SAFE_INTEGER / MILLISECONDS)

const KEY_LENGTH_AT = TIMESTAMP_LENGTH
const KEY_AT = 16
const LENGTH_LENGTH = 8

const BLOCK_LENGTH = 1024 * 1024

type Step =
  | NanoWalEnd
  | { readonly _tag: "Entry"; readonly entry: ScannedEntry; readonly next: number }
  | { readonly _tag: "Short"; readonly length: number }

/**
 * Fed with one block of a file after another, each beginning at `position`.
 *
 * Invariants: everything before `position` was whole entries; `wanted` is at most what the file still has, and at most one
 * block or one entry that nano-wal can read.
 */
export class NanoWalScanner {
  position = 0
  end: NanoWalEnd | undefined
  private needed = 0

  constructor(private limit: number) {
    this.end = limit === 0 ? END_OF_FILE : undefined
  }

  /** How many bytes the next block should have. */
  get wanted(): number {
    return Math.min(Math.max(BLOCK_LENGTH, this.needed), this.bytesLeft)
  }

  /** From `position` to the end of the file. */
  get bytesLeft(): number {
    return this.limit - this.position
  }

  /** Takes the bytes from `position` on, and answers the entries that are whole in them, as views. */
  feed(block: Uint8Array): Array<ScannedEntry> {
    // The file has become shorter since its size was asked for.
    if (block.length < this.wanted) {
      this.limit = this.position + block.length
    }
    const entries: Array<ScannedEntry> = []
    let at = 0
    let step = this.read(block, at)
    while (step._tag === "Entry") {
      entries.push(step.entry)
      at = step.next
      step = this.read(block, at)
    }
    this.position += at
    if (step._tag === "Short") {
      this.needed = step.length
    } else {
      this.end = step
    }
    return entries
  }

  private read(block: Uint8Array, at: number): Step {
    if (this.position + at === this.limit) {
      return END_OF_FILE
    }
    return this.lacking(block, at, KEY_AT) ?? refuseHead(block, at) ?? this.readBody(block, at)
  }

  private readBody(block: Uint8Array, at: number): Step {
    const keyLength = readU64(block, at + KEY_LENGTH_AT)
    const contentLengthAt = KEY_AT + keyLength
    const contentAt = contentLengthAt + LENGTH_LENGTH
    const lacking = this.lacking(block, at, contentAt)
    if (lacking !== undefined) {
      return lacking
    }
    const contentLength = readU64(block, at + contentLengthAt)
    if (contentLength === UNSAFE || contentLength > MAX_CONTENT_LENGTH) {
      return torn(`a content has at most ${MAX_CONTENT_LENGTH} bytes, but the length here is ${said(contentLength)}`)
    }
    const length = contentAt + contentLength
    return this.lacking(block, at, length) ?? {
      _tag: "Entry",
      next: at + length,
      entry: {
        offset: this.position + at,
        timestamp: readU64(block, at) * MILLISECONDS,
        key: block.subarray(at + KEY_AT, at + contentLengthAt),
        content: block.subarray(at + contentAt, at + length)
      }
    }
  }

  /** What follows when the entry at `at` has not `length` bytes in the block, or not even in the file. */
  private lacking(block: Uint8Array, at: number, length: number): Step | undefined {
    if (this.position + at + length > this.limit) {
      return torn("the file ends inside an entry")
    }
    return at + length > block.length ? { _tag: "Short", length } : undefined
  }
}

const END_OF_FILE: NanoWalEnd = { _tag: "EndOfFile" }

const torn = (description: string): NanoWalEnd => ({ _tag: "Torn", description })

const refuseHead = (block: Uint8Array, at: number): NanoWalEnd | undefined => {
  if (SIGNATURES.some((signature) => hasAscii(block, at, signature))) {
    return { _tag: "OtherVersion", description: "a signature stands where nano-wal 0.1.0 writes a timestamp" }
  }
  const seconds = readU64(block, at)
  if (seconds === UNSAFE || seconds > MAX_SECONDS) {
    return torn(`a timestamp is at most ${MAX_SECONDS} seconds, but here it is ${said(seconds)}`)
  }
  const keyLength = readU64(block, at + KEY_LENGTH_AT)
  return keyLength === UNSAFE || keyLength === 0 || keyLength > MAX_KEY_LENGTH
    ? torn(`a key has 1 to ${MAX_KEY_LENGTH} bytes, but the length here is ${said(keyLength)}`)
    : undefined
}

/** Before an entry since nano-wal 0.1.1 (and before a segment of this library); before a file since 0.2.0. */
const SIGNATURES = ["NANO-WAL", "NANO-LOG"]

const said = (value: number): string => value === UNSAFE ? "above 2^53 - 1" : String(value)

const ORIGIN = "nano-wal"
const ORIGIN_LENGTH = 16

/** The metadata that keeps an imported entry's own time: ASCII `nano-wal`, then the milliseconds as a u64. */
export const encodeOrigin = (timestamp: number): Uint8Array => {
  const bytes = new Uint8Array(ORIGIN_LENGTH)
  writeAscii(bytes, 0, ORIGIN)
  writeU64(bytes, ORIGIN.length, timestamp)
  return bytes
}

/** The milliseconds, or `undefined` where the metadata is something else. */
export const decodeOrigin = (metadata: Uint8Array): number | undefined => {
  if (metadata.length !== ORIGIN_LENGTH || !hasAscii(metadata, 0, ORIGIN)) {
    return undefined
  }
  const timestamp = readU64(metadata, ORIGIN.length)
  return timestamp === UNSAFE ? undefined : timestamp
}
