/**
 * A key's bytes, in a buffer that is used again for every append.
 */
import * as Effect from "effect/Effect"
import type { Key } from "../../WalEntry.js"
import { WalCodecError } from "../../WalError.js"
import { utf8 } from "../format/bytes.js"
import { MAX_KEY_LENGTH } from "../format/entryFrame.js"
import { hashKey } from "../format/keyHash.js"

/** A key's own bytes, for a read. */
export const keyBytes = (key: Key): Effect.Effect<Uint8Array, WalCodecError> =>
  Effect.suspend(() => {
    const scratch = new KeyScratch()
    const refusal = scratch.take(key)
    return refusal === undefined ? Effect.succeed(scratch.bytes.slice(0, scratch.length)) : Effect.fail(refusal)
  })

/**
 * Invariant: after a `take` that was not refused, `bytes[0, length)` is the key.
 */
export class KeyScratch {
  bytes: Uint8Array = new Uint8Array(256)
  length = 0

  /** Computed for those who ask: a batch takes each key twice, and needs its hash once. */
  get hash(): number {
    return hashKey(this.bytes, 0, this.length)
  }

  take(key: Key): WalCodecError | undefined {
    if (typeof key === "string" && key.length <= this.bytes.length && this.takeAscii(key)) {
      return key.length === 0 ? emptyKey() : undefined
    }
    return this.takeBytes(key)
  }

  private takeAscii(key: string): boolean {
    const { bytes } = this
    for (let index = 0; index < key.length; index++) {
      const code = key.charCodeAt(index)
      if (code > 0x7f) {
        return false
      }
      bytes[index] = code
    }
    this.length = key.length
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
      return emptyKey()
    }
    if (bytes.length > MAX_KEY_LENGTH) {
      return new WalCodecError({
        reason: "OversizedKey",
        description: `a key has at most ${MAX_KEY_LENGTH} bytes, but this one has ${bytes.length}`
      })
    }
    if (bytes.length > this.bytes.length) {
      this.bytes = new Uint8Array(MAX_KEY_LENGTH)
    }
    this.bytes.set(bytes)
    this.length = bytes.length
    return undefined
  }
}

/** In unicode mode a surrogate matches only where it is not half of a pair. */
const LONE_SURROGATE = /\p{Surrogate}/u

const emptyKey = (): WalCodecError =>
  new WalCodecError({ reason: "EmptyKey", description: "a key has at least 1 byte, but this one has none" })
