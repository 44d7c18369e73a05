/**
 * What an entry and a batch must be: how long they are framed, or which rule they break.
 */
import type { EntryInput, Key } from "../../WalEntry.js"
import { WalCodecError } from "../../WalError.js"
import type { Settings } from "../../WalOptions.js"
import { EMPTY } from "../format/bytes.js"
import { entryFrameLength, MAX_METADATA_LENGTH } from "../format/entryFrame.js"
import type { TakenKeys } from "./takenKeys.js"

type Limits = Pick<Settings, "maxEntryBytes" | "maxSegmentBytes">

/** Takes the key, as one more, and answers the frame's length, or what is wrong with the entry. */
export const entryLength = (
  limits: Limits,
  keys: TakenKeys,
  key: Key,
  content: Uint8Array,
  metadata: Uint8Array
): number | WalCodecError => {
  const badKey = keys.take(key)
  if (badKey !== undefined) {
    return badKey
  }
  const length = entryFrameLength(keys.lengthOf(keys.count - 1), content.length, metadata.length)
  return oversizedEntry(limits, length, metadata.length) ?? length
}

/** Takes all keys, and answers the length of all frames together, or what the first bad entry breaks. */
export const batchLength = (
  limits: Limits,
  keys: TakenKeys,
  entries: ReadonlyArray<EntryInput>
): number | WalCodecError => {
  let total = 0
  for (const { content, key, metadata = EMPTY } of entries) {
    const length = entryLength(limits, keys, key, content, metadata)
    if (typeof length !== "number") {
      return length
    }
    total += length
  }
  return total > limits.maxSegmentBytes ? oversizedBatch(limits, entries.length, total) : total
}

const oversizedEntry = (
  { maxEntryBytes }: Limits,
  length: number,
  metadataLength: number
): WalCodecError | undefined => {
  if (metadataLength > MAX_METADATA_LENGTH) {
    return new WalCodecError({
      reason: "OversizedMetadata",
      description: `metadata has at most ${MAX_METADATA_LENGTH} bytes, but this has ${metadataLength}`
    })
  }
  return length <= maxEntryBytes ? undefined : new WalCodecError({
    reason: "OversizedEntry",
    description: `an entry has at most maxEntryBytes = ${maxEntryBytes} bytes framed, but this one has ${length}`
  })
}

const oversizedBatch = ({ maxSegmentBytes }: Limits, count: number, total: number): WalCodecError =>
  new WalCodecError({
    reason: "OversizedBatch",
    description:
      `a batch has at most maxSegmentBytes = ${maxSegmentBytes} bytes framed, but these ${count} entries have ${total}`
  })
