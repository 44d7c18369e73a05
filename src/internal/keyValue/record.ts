/**
 * What a key-value store writes into its log, and how it reads that: a value is an entry's content, and the metadata say
 * what became of the key.
 *
 * Metadata are 9 bytes: one for the kind, then the sequence of the original where the entry is a copy that compaction
 * made, otherwise 0. All have the same length, so that a copy takes no more room than its original.
 */
import type { Entry, Sequence } from "../../WalEntry.js"

export type Value = string | Uint8Array

/** `version` orders what happened to a key: the sequence of the entry, or of the original that it is a copy of. */
export type Record =
  | { readonly _tag: "Set"; readonly key: string; readonly value: Value; readonly version: number }
  | { readonly _tag: "Remove"; readonly key: string; readonly version: number }
  | { readonly _tag: "Clear"; readonly version: number }

const TEXT = 0x74 // t: UTF-8
const UTF_16 = 0x75 // u: little-endian, for the strings that UTF-8 has no bytes for
const BYTES = 0x62 // b
const REMOVE = 0x72 // r
const CLEAR = 0x63 // c

const METADATA_LENGTH = 9
const NOT_COPIED = 0

/** The log wants a key for each entry; the kind says that it stands for all of them. */
export const CLEAR_KEY = "*"

const metadataOf = (kind: number, original: number): Uint8Array => {
  const metadata = new Uint8Array(METADATA_LENGTH)
  metadata[0] = kind
  new DataView(metadata.buffer).setBigUint64(1, BigInt(original), true)
  return metadata
}

export const REMOVAL = metadataOf(REMOVE, NOT_COPIED)
export const CLEARING = metadataOf(CLEAR, NOT_COPIED)

const PLAIN = {
  [TEXT]: metadataOf(TEXT, NOT_COPIED),
  [UTF_16]: metadataOf(UTF_16, NOT_COPIED),
  [BYTES]: metadataOf(BYTES, NOT_COPIED)
}

export interface Encoded {
  readonly content: Uint8Array
  readonly metadata: Uint8Array
}

export const encodeSet = (value: Value): Encoded => {
  const kind = kindOf(value)
  return { content: contentOf(value, kind), metadata: PLAIN[kind] }
}

/** The same value again, which is not newer than it was. */
export const encodeCopy = (value: Value, version: number): Encoded => {
  const kind = kindOf(value)
  return { content: contentOf(value, kind), metadata: metadataOf(kind, version) }
}

const kindOf = (value: Value) => typeof value !== "string" ? BYTES : LONE_SURROGATE.test(value) ? UTF_16 : TEXT

/** In unicode mode a surrogate matches only where it is not half of a pair. */
const LONE_SURROGATE = /\p{Surrogate}/u

const encoder = new TextEncoder()
/** A byte order mark belongs to the text. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const contentOf = (value: Value, kind: ReturnType<typeof kindOf>): Uint8Array =>
  typeof value !== "string" ? value : kind === TEXT ? encoder.encode(value) : toUtf16(value)

/** The bytes of a string as the platform's stores give them, half a surrogate pair as U+FFFD. */
export const textBytes = (text: string): Uint8Array => encoder.encode(text)

const toUtf16 = (text: string): Uint8Array => {
  const bytes = new Uint8Array(text.length * 2)
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < text.length; index++) {
    view.setUint16(index * 2, text.charCodeAt(index), true)
  }
  return bytes
}

const fromUtf16 = (bytes: Uint8Array): string => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let text = ""
  for (let offset = 0; offset + 1 < bytes.length; offset += 2) {
    text += String.fromCharCode(view.getUint16(offset, true))
  }
  return text
}

/** Undefined where the entry is none of a key-value store. What it answers has no view of the block that was read. */
export const decodeRecord = ({ content, key, metadata, sequence }: Entry): Record | undefined => {
  if (metadata.length !== METADATA_LENGTH) {
    return undefined
  }
  const version = versionOf(metadata, sequence)
  switch (metadata[0]) {
    case TEXT:
      return { _tag: "Set", key: decoder.decode(key), value: decoder.decode(content), version }
    case UTF_16:
      return { _tag: "Set", key: decoder.decode(key), value: fromUtf16(content), version }
    case BYTES:
      return { _tag: "Set", key: decoder.decode(key), value: content.slice(), version }
    case REMOVE:
      return { _tag: "Remove", key: decoder.decode(key), version }
    case CLEAR:
      return { _tag: "Clear", version }
    default:
      return undefined
  }
}

const versionOf = (metadata: Uint8Array, sequence: Sequence): number => {
  const original = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength).getBigUint64(1, true)
  return original === 0n ? sequence : Number(original)
}
