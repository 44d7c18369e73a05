/**
 * Seals a segment: the index and the trailer behind its frames, so that it never has to be scanned again.
 */
import * as Effect from "effect/Effect"
import type { WalIoError } from "../../WalError.js"
import { encodeSealIndex } from "../format/sealIndexEncode.js"
import { encodeSealTrailer, SEAL_TRAILER_LENGTH, type SealKind } from "../format/sealTrailer.js"
import type { ActiveIndex } from "./activeIndex.js"
import { type IndexSource, type Segment } from "./segment.js"
import type { SegmentFile } from "./segmentFile.js"

/**
 * Writes the seal of a segment whose frames are all on disk, and makes it durable. A seal that cannot be written is taken
 * back as well as can be: half a seal never verifies, so the segment is then scanned like any other without one.
 */
export const writeSeal = (
  file: SegmentFile,
  segment: Segment,
  index: ActiveIndex,
  kind: SealKind,
  now: number
): Effect.Effect<IndexSource, WalIoError> =>
  Effect.suspend(() => {
    const { bytes, source } = encodeSeal(segment, index, kind, now)
    return file.truncate(segment.dataLength).pipe(
      Effect.zipRight(file.writeAt(bytes, segment.dataLength)),
      Effect.zipRight(file.sync),
      Effect.as(source),
      Effect.tapError(() => Effect.ignore(file.truncate(segment.dataLength)))
    )
  }).pipe(Effect.uninterruptible)

const encodeSeal = (
  segment: Segment,
  index: ActiveIndex,
  kind: SealKind,
  now: number
): { readonly bytes: Uint8Array; readonly source: IndexSource } => {
  const encoded = encodeSealIndex(index.toSealSource())
  const trailer = encodeSealTrailer({
    kind,
    id: segment.id,
    baseSequence: segment.baseSequence,
    lastSequence: segment.lastSequence,
    lowestTimestamp: segment.lowestTimestamp,
    highestTimestamp: segment.highestTimestamp,
    sealedAt: now,
    dataLength: segment.dataLength,
    indexLength: encoded.bytes.length,
    entryCount: segment.entryCount,
    salt: segment.salt,
    indexTableChecksum: encoded.tableChecksum
  })
  const bytes = new Uint8Array(encoded.bytes.length + SEAL_TRAILER_LENGTH)
  bytes.set(encoded.bytes)
  bytes.set(trailer, encoded.bytes.length)
  return { bytes, source: { _tag: "Sealed", length: encoded.bytes.length, tableChecksum: encoded.tableChecksum } }
}
