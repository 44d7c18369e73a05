/**
 * What a crash leaves: the files of a log's directory by name, without the lock. Images are values; damage makes new ones.
 */
import { deepStrictEqual } from "@effect/vitest/utils"
import * as fs from "node:fs"
import { segmentFileName } from "../../../../src/internal/format/fileName.js"
import { FLAG_MORE } from "../../../../src/internal/format/frame.js"
import { FrameReader } from "../../../../src/internal/format/frameReader.js"
import {
  decodeSealTrailer,
  SEAL_TRAILER_LENGTH,
  type SealTrailer
} from "../../../../src/internal/format/sealTrailer.js"
import {
  decodeSegmentHeader,
  SEGMENT_HEADER_LENGTH,
  type SegmentHeader
} from "../../../../src/internal/format/segmentHeader.js"
import { flipBit } from "../../format/frames.js"

export type CrashImage = ReadonlyMap<string, Uint8Array>

// --- on the disk

export const capture = (directory: string): CrashImage =>
  new Map(
    fs.readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => [name, Uint8Array.from(fs.readFileSync(`${directory}/${name}`))] as const)
      .sort(([left], [right]) => (left < right ? -1 : 1))
  )

/** Makes the directory hold exactly the image. */
export const restore = (directory: string, image: CrashImage): void => {
  for (const name of fs.readdirSync(directory)) {
    if (!image.has(name)) {
      fs.rmSync(`${directory}/${name}`, { recursive: true })
    }
  }
  for (const [name, bytes] of image) {
    fs.writeFileSync(`${directory}/${name}`, bytes)
  }
}

// --- damage

export const bytesOf = (image: CrashImage, name: string): Uint8Array => {
  const bytes = image.get(name)
  if (bytes === undefined) {
    throw new Error(`the image has no ${name}, but ${[...image.keys()].join(", ")}`)
  }
  return bytes
}

export const segmentBytes = (image: CrashImage, id: number): Uint8Array => bytesOf(image, segmentFileName(id))

export const withFile = (image: CrashImage, name: string, bytes: Uint8Array): CrashImage =>
  new Map([...image, [name, bytes]])

export const withoutFile = (image: CrashImage, name: string): CrashImage =>
  new Map([...image].filter(([candidate]) => candidate !== name))

export const withoutSegment = (image: CrashImage, id: number): CrashImage => withoutFile(image, segmentFileName(id))

export const withSegment = (image: CrashImage, id: number, bytes: Uint8Array): CrashImage =>
  withFile(image, segmentFileName(id), bytes)

export const editSegment = (image: CrashImage, id: number, edit: (bytes: Uint8Array) => Uint8Array): CrashImage =>
  withSegment(image, id, edit(segmentBytes(image, id)))

export const cutTo = (image: CrashImage, id: number, length: number): CrashImage =>
  editSegment(image, id, (bytes) => bytes.slice(0, length))

export const append = (image: CrashImage, id: number, tail: Uint8Array): CrashImage =>
  editSegment(image, id, (bytes) => Uint8Array.from([...bytes, ...tail]))

export const overwrite = (image: CrashImage, id: number, at: number, patch: Uint8Array): CrashImage =>
  editSegment(image, id, (bytes) => {
    const edited = bytes.slice()
    edited.set(patch, at)
    return edited
  })

export const zeroed = (image: CrashImage, id: number, start: number, end: number): CrashImage =>
  overwrite(image, id, start, new Uint8Array(end - start))

/** Turns the lowest bit of one byte over. */
export const flipped = (image: CrashImage, id: number, at: number): CrashImage =>
  editSegment(image, id, (bytes) => flipBit(bytes, at * 8))

/** Without its seal: as it was before it was sealed. */
export const unsealed = (image: CrashImage, id: number): CrashImage =>
  cutTo(image, id, trailerOf(segmentBytes(image, id)).dataLength)

// --- looking

export const headerOf = (bytes: Uint8Array): SegmentHeader => {
  const decoded = decodeSegmentHeader(bytes)
  if (decoded._tag !== "Header") {
    throw new Error(decoded.what)
  }
  return decoded.header
}

export const isSealed = (bytes: Uint8Array): boolean =>
  decodeSealTrailer(bytes.subarray(-SEAL_TRAILER_LENGTH))._tag === "Trailer"

export const trailerOf = (bytes: Uint8Array): SealTrailer => {
  const decoded = decodeSealTrailer(bytes.subarray(-SEAL_TRAILER_LENGTH))
  if (decoded._tag !== "Trailer") {
    throw new Error("the segment has no seal")
  }
  return decoded.trailer
}

export interface FrameAt {
  readonly kind: "entry" | "mark"
  readonly offset: number
  readonly length: number
  readonly end: number
  readonly sequence: number
  readonly hasMoreOfBatch: boolean
}

/** A whole segment's frames, up to the first place where none verifies. */
export const framesOf = (image: CrashImage, id: number): ReadonlyArray<FrameAt> => {
  const bytes = segmentBytes(image, id)
  const reader = new FrameReader(headerOf(bytes).salt, bytes, 0)
  const frames: Array<FrameAt> = []
  let at = SEGMENT_HEADER_LENGTH
  for (;;) {
    const kind = reader.read(at, bytes.length)
    if (kind !== "entry" && kind !== "mark") {
      return frames
    }
    const { flags, length, sequence } = reader
    frames.push({ kind, offset: at, length, end: at + length, sequence, hasMoreOfBatch: (flags & FLAG_MORE) !== 0 })
    at += length
  }
}

/** The frame of one entry. */
export const entryFrameOf = (image: CrashImage, id: number, sequence: number): FrameAt => {
  const frame = framesOf(image, id).find((candidate) => candidate.kind === "entry" && candidate.sequence === sequence)
  if (frame === undefined) {
    throw new Error(`segment ${id} has no entry ${sequence}`)
  }
  return frame
}

/** The marks of a segment, in order. */
export const marksOf = (image: CrashImage, id: number): ReadonlyArray<FrameAt> =>
  framesOf(image, id).filter(({ kind }) => kind === "mark")

const written = (image: CrashImage): ReadonlyArray<readonly [string, string]> =>
  [...image].map(([name, bytes]) => [name, Buffer.from(bytes).toString("hex")] as const).sort((
    [left],
    [right]
  ) => (left < right ? -1 : 1))

/** Byte for byte. */
export const assertSameFiles = (actual: CrashImage, expected: CrashImage): void => {
  deepStrictEqual(written(actual), written(expected))
}
