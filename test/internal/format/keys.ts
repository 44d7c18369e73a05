/**
 * Arbitrary keys, and hashes good and bad, for the specifications of the indexes.
 */
import * as FastCheck from "effect/FastCheck"
import { hashKey } from "../../../src/internal/format/keyHash.js"

export type Hash = (key: Uint8Array) => number

export const hashOf: Hash = (key) => hashKey(key, 0, key.length)

/** An index has to be right with any hash: also with those that make keys collide, or begin at the last slot. */
export const hashes: FastCheck.Arbitrary<Hash> = FastCheck.constantFrom<Hash[]>(
  hashOf,
  () => 0,
  () => 0xffff_ffff,
  (key) => hashOf(key) % 3
)

/** Few different bytes, so that keys are equal, or begin alike, often enough. */
export const keys: FastCheck.Arbitrary<Uint8Array> = FastCheck.oneof(
  FastCheck.uint8Array({ minLength: 1, maxLength: 12 }),
  FastCheck.array(FastCheck.constantFrom(0, 97, 255), { minLength: 1, maxLength: 7 }).map((bytes) =>
    Uint8Array.from(bytes)
  )
)

/** Offsets of frames: multiples of 8 behind the header. */
export const offsetOf = (ordinal: number): number => 128 + ordinal * 56
