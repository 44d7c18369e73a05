/**
 * The bytes and hashes of the keys that are appended next, taken once, in memory that is used again for every append.
 */
import type { Key } from "../../WalEntry.js"
import { WalCodecError } from "../../WalError.js"
import { utf8 } from "../format/bytes.js"
import { MAX_KEY_LENGTH } from "../format/entryFrame.js"
import { finishHash, HASH_OF_NOTHING, hashKey, hashOn } from "../format/keyHash.js"

const SMALLEST_CAPACITY = 4 * 1024
const FEWEST_KEYS = 64
/** What grew beyond this is given back before the next append. */
const LARGEST_KEPT = 1024 * 1024
const MOST_KEYS_KEPT = 64 * 1024

/**
 * Invariants: of the `count` keys, the one at `position` is `bytes[starts[position], starts[position + 1])`, and
 * `hashes[position]` its hash. What was refused is not among them.
 */
export class TakenKeys {
  bytes: Uint8Array = new Uint8Array(SMALLEST_CAPACITY)
  count = 0
  private starts = new Uint32Array(FEWEST_KEYS + 1)
  private hashes = new Uint32Array(FEWEST_KEYS)

  /** Begins anew, for another append. */
  clear(): void {
    this.count = 0
    if (this.bytes.length > LARGEST_KEPT) {
      this.bytes = new Uint8Array(SMALLEST_CAPACITY)
    }
    if (this.hashes.length > MOST_KEYS_KEPT) {
      this.starts = new Uint32Array(FEWEST_KEYS + 1)
      this.hashes = new Uint32Array(FEWEST_KEYS)
    }
  }

  /** Takes one more. */
  take(key: Key): WalCodecError | undefined {
    if (typeof key === "string" && this.takeAscii(key)) {
      return undefined
    }
    return this.takeBytes(key)
  }

  startOf(position: number): number {
    return this.starts[position] ?? 0
  }

  lengthOf(position: number): number {
    return (this.starts[position + 1] ?? 0) - (this.starts[position] ?? 0)
  }

  hashOf(position: number): number {
    return this.hashes[position] ?? 0
  }

  /** A copy. */
  at(position: number): Uint8Array {
    return this.bytes.slice(this.startOf(position), this.startOf(position + 1))
  }

  private get end(): number {
    return this.starts[this.count] ?? 0
  }

  /** Most keys are short and of ASCII alone: then this costs a fourth of what an encoder does. */
  private takeAscii(key: string): boolean {
    const { length } = key
    const start = this.end
    if (length === 0 || length > MAX_KEY_LENGTH) {
      return false
    }
    this.reserve(length)
    const { bytes } = this
    let hash = HASH_OF_NOTHING
    let bits = 0
    for (let index = 0; index < length; index++) {
      const code = key.charCodeAt(index)
      bits |= code
      bytes[start + index] = code
      hash = hashOn(hash, code)
    }
    if (bits > 0x7f) {
      return false
    }
    this.add(length, finishHash(hash))
    return true
  }

  private takeBytes(key: Key): WalCodecError | undefined {
    if (typeof key === "string" && LONE_SURROGATE.test(key)) {
      return new WalCodecError({
        reason: "MalformedKey",
        description: "a key's string must be well-formed, but this one has half a surrogate pair"
      })
    }
    const bytes = typeof key === "string" ? utf8(key) : key
    if (bytes.length === 0) {
      return new WalCodecError({
        reason: "EmptyKey",
        description: "a key has at least 1 byte, but this one has none"
      })
    }
    if (bytes.length > MAX_KEY_LENGTH) {
      return new WalCodecError({
        reason: "OversizedKey",
        description: `a key has at most ${MAX_KEY_LENGTH} bytes, but this one has ${bytes.length}`
      })
    }
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.end)
    this.add(bytes.length, hashKey(bytes, 0, bytes.length))
    return undefined
  }

  private add(length: number, hash: number): void {
    const position = this.count
    if (position === this.hashes.length) {
      this.hashes = doubled(this.hashes)
      this.starts = doubled(this.starts)
    }
    this.hashes[position] = hash
    this.starts[position + 1] = (this.starts[position] ?? 0) + length
    this.count = position + 1
  }

  private reserve(length: number): void {
    const needed = this.end + length
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2))
      grown.set(this.bytes.subarray(0, this.end))
      this.bytes = grown
    }
  }
}

const doubled = (words: Uint32Array): Uint32Array<ArrayBuffer> => {
  const longer = new Uint32Array(words.length * 2)
  longer.set(words)
  return longer
}

/** In unicode mode a surrogate matches only where it is not half of a pair. */
const LONE_SURROGATE = /\p{Surrogate}/u
