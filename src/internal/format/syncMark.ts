/**
 * A sync mark: "this segment before that offset was on disk before this frame was written".
 */
import { readU64, setU64 } from "./bytes.js"
import { FRAME_HEADER_LENGTH, frameLength, SYNC_MARK, writeFrameHeader } from "./frame.js"

export const SYNC_MARK_BODY_LENGTH = 8
export const SYNC_MARK_FRAME_LENGTH = frameLength(SYNC_MARK_BODY_LENGTH)

/** `sequence` is that of the last entry before the mark. The header's checksum is left to `sealFrame`. */
export const writeSyncMark = (
  view: DataView,
  at: number,
  salt: number,
  sequence: number,
  syncedOffset: number
): void => {
  setU64(view, at + FRAME_HEADER_LENGTH, syncedOffset)
  writeFrameHeader(view, at, salt, SYNC_MARK, 0, SYNC_MARK_BODY_LENGTH, 0, sequence)
}

export const syncMarkClaim = (bytes: Uint8Array, at: number): number => readU64(bytes, at + FRAME_HEADER_LENGTH)
