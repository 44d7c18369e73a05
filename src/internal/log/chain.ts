/**
 * Recovery's first decisions, from both ends of every segment's file alone: do the segments join up, which are trusted by
 * their seal, and how far must the others reach.
 */
import * as Either from "effect/Either"
import { WalCodecError, WalCorruptionError } from "../../WalError.js"
import { SEAL_TRAILER_LENGTH, type SealTrailer } from "../format/sealTrailer.js"
import { SEGMENT_HEADER_LENGTH, type SegmentHeader } from "../format/segmentHeader.js"
import type { Probe } from "../segment/probe.js"
import type { Segment } from "../segment/segment.js"
import { toSegmentId, toSequence } from "./nominal.js"

/** What has to be done with a segment to know what it holds. */
export type Verdict =
  /** Its seal verifies. */
  | { readonly _tag: "Trusted"; readonly segment: Segment; readonly kind: SealTrailer["kind"] }
  /** Its frames end exactly where its successor says. */
  | { readonly _tag: "ScanUpTo"; readonly probe: Probe; readonly header: SegmentHeader; readonly promised: Promised }
  /** The last one, unsealed: its end is to be found. */
  | { readonly _tag: "FindEnd"; readonly probe: Probe; readonly header: SegmentHeader; readonly promised: Promised }

/** Everything before `offset` is promised to be there. */
export interface Promised {
  readonly offset: number
  readonly by: string
  /** That of the last entry before `offset`, if it is told. */
  readonly lastSequence: number | undefined
}

type Refusal = WalCodecError | WalCorruptionError

interface Link {
  readonly probe: Probe
  readonly header: SegmentHeader
}

/** A verdict for each segment, oldest first, or why the log cannot be opened. */
export const judgeChain = (probes: ReadonlyArray<Probe>, now: number): Either.Either<Array<Verdict>, Refusal> =>
  Either.flatMap(
    forEach(probes, judgeHeader),
    (links) => forEach(links, (link, index) => judgeLink(link, links[index + 1], now))
  )

/** Up to the first refusal. A loop, because there may be ten thousand segments. */
const forEach = <A, B>(
  items: ReadonlyArray<A>,
  judge: (item: A, index: number) => Either.Either<B, Refusal>
): Either.Either<Array<B>, Refusal> => {
  const judged: Array<B> = []
  for (const [index, item] of items.entries()) {
    const verdict = judge(item, index)
    if (Either.isLeft(verdict)) {
      return Either.left(verdict.left)
    }
    judged.push(verdict.right)
  }
  return Either.right(judged)
}

const judgeHeader = (probe: Probe): Either.Either<Link, Refusal> => {
  const { header } = probe
  switch (header._tag) {
    case "Foreign":
    case "Unknown":
      return Either.left(new WalCodecError({ reason: "UnknownFormat", description: header.what, path: probe.path }))
    case "Damaged":
      return Either.left(damage(probe, 0, header.what, "its name, which appears only after its header was synced"))
    case "Header":
      return header.header.id === probe.id
        ? Either.right({ probe, header: header.header })
        : Either.left(damage(probe, 16, `it is segment ${header.header.id} by its header`, "its name"))
  }
}

const judgeLink = (link: Link, successor: Link | undefined, now: number): Either.Either<Verdict, Refusal> => {
  const { header, probe } = link
  if (probe.trailer._tag === "Unknown" && probe.trailer.id === header.id && probe.trailer.salt === header.salt) {
    return Either.left(
      new WalCodecError({ reason: "UnknownFormat", description: probe.trailer.what, path: probe.path })
    )
  }
  const trailer = probe.trailer._tag === "Trailer" && belongs(probe.trailer.trailer, link.header)
    ? probe.trailer.trailer
    : undefined
  if (successor === undefined) {
    return judgeLast(link, trailer, now)
  }
  if (successor.header.id !== header.id + 1) {
    const lost = trailer === undefined
      ? undefined
      : { first: trailer.lastSequence + 1, last: successor.header.baseSequence - 1 }
    return Either.left(
      damagedAt(probe, probe.size, `segment ${header.id + 1} is missing`, successor.probe.path, lost)
    )
  }
  if (trailer !== undefined && isWhole(trailer, probe)) {
    return agrees(trailer, successor.header)
      ? Either.right(trusted(probe, header, trailer, now))
      : Either.left(damage(probe, trailer.dataLength, "its seal contradicts its successor", successor.probe.path))
  }
  const promised = promisedByHeader(successor.probe.path, successor.header)
  return Either.right({ _tag: "ScanUpTo", probe, header, promised })
}

const judgeLast = (
  link: Link,
  trailer: SealTrailer | undefined,
  now: number
): Either.Either<Verdict, Refusal> => {
  const { header, probe } = link
  if (trailer === undefined) {
    const promised: Promised = { offset: SEGMENT_HEADER_LENGTH, by: "its name", lastSequence: undefined }
    return Either.right({ _tag: "FindEnd", probe, header, promised })
  }
  if (trailer.kind === "rotated") {
    return Either.left(damage(probe, probe.size, `its successor, segment ${header.id + 1}, is missing`, "its seal"))
  }
  return Either.right(
    isWhole(trailer, probe)
      ? trusted(probe, header, trailer, now)
      : { _tag: "FindEnd", probe, header, promised: promisedBySeal(trailer) }
  )
}

export const promisedBySeal = ({ dataLength, lastSequence }: SealTrailer): Promised => ({
  offset: dataLength,
  by: "its seal",
  lastSequence
})

export const promisedByHeader = (path: string, successor: SegmentHeader): Promised => ({
  offset: successor.previousDataLength,
  by: `the header of ${path}`,
  lastSequence: successor.baseSequence - 1
})

/** A trailer of this very segment, not one that its frames contain. */
export const belongs = (trailer: SealTrailer, header: SegmentHeader): boolean =>
  trailer.id === header.id && trailer.salt === header.salt && trailer.baseSequence === header.baseSequence

export const isWhole = (trailer: SealTrailer, probe: Probe): boolean =>
  trailer.dataLength >= SEGMENT_HEADER_LENGTH
  && trailer.dataLength + trailer.indexLength + SEAL_TRAILER_LENGTH === probe.size

export const agrees = (trailer: SealTrailer, successor: SegmentHeader): boolean =>
  trailer.dataLength === successor.previousDataLength
  && trailer.highestTimestamp === successor.previousHighestTimestamp
  && trailer.lastSequence + 1 === successor.baseSequence

/** A segment as its seal tells. */
export const trusted = (
  probe: Probe,
  header: SegmentHeader,
  trailer: SealTrailer,
  now: number
): Extract<Verdict, { _tag: "Trusted" }> => ({
  _tag: "Trusted",
  kind: trailer.kind,
  segment: {
    id: toSegmentId(header.id),
    path: probe.path,
    salt: header.salt,
    createdAt: header.createdAt,
    baseSequence: header.baseSequence,
    lastSequence: trailer.lastSequence,
    entryCount: trailer.entryCount,
    lost: [],
    dataLength: trailer.dataLength,
    lowestTimestamp: trailer.lowestTimestamp,
    highestTimestamp: trailer.highestTimestamp,
    sealedAt: trailer.sealedAt,
    firstSeenAt: now,
    index: { _tag: "Sealed", length: trailer.indexLength, tableChecksum: trailer.indexTableChecksum }
  }
})

const damage = (
  probe: Pick<Probe, "id" | "path">,
  offset: number,
  description: string,
  promisedBy: string
): WalCorruptionError =>
  new WalCorruptionError({ path: probe.path, segment: toSegmentId(probe.id), offset, promisedBy, description })

/** The error for a segment that ends, at `offset`, before what is promised. */
export const damagedAt = (
  probe: Pick<Probe, "id" | "path">,
  offset: number,
  description: string,
  promisedBy: string,
  lost: { readonly first: number; readonly last: number } | undefined
): WalCorruptionError =>
  lost === undefined || lost.last < lost.first
    ? damage(probe, offset, description, promisedBy)
    : new WalCorruptionError({
      path: probe.path,
      segment: toSegmentId(probe.id),
      offset,
      promisedBy,
      description,
      lost: { first: toSequence(lost.first), last: toSequence(lost.last) }
    })
