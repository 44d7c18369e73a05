import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { viewOf } from "../../../src/internal/format/bytes.js"
import { sealFrame } from "../../../src/internal/format/frame.js"
import { FrameReader } from "../../../src/internal/format/frameReader.js"
import { SYNC_MARK_FRAME_LENGTH, syncMarkClaim, writeSyncMark } from "../../../src/internal/format/syncMark.js"
import { fromHex, safeIntegers, toHex, u32s } from "./frames.js"

const written = (salt: number, sequence: number, syncedOffset: number): Uint8Array => {
  const frame = new Uint8Array(SYNC_MARK_FRAME_LENGTH).fill(0xa5)
  writeSyncMark(viewOf(frame), 0, salt, sequence, syncedOffset)
  sealFrame(viewOf(frame), 0, salt, 0)
  return frame
}

describe("a sync mark", () => {
  it("is these 32 bytes", () => {
    const golden = fromHex("aadd82fe847e44d9 0800000002000000 e903000000000000 d000000000000000")
    expect(toHex(written(0x12345678, 1001, 208))).toBe(toHex(golden))
  })

  it("reads as it was written, wherever it may claim that much", () => {
    FastCheck.assert(
      FastCheck.property(u32s, safeIntegers, safeIntegers, (salt, sequence, claim) => {
        const frame = written(salt, sequence, claim)
        const reader = new FrameReader(salt, frame, claim)
        expect(reader.read(0, frame.length)).toBe("mark")
        expect(reader.sequence).toBe(sequence)
        expect(reader.claim).toBe(claim)
        expect(syncMarkClaim(frame, 0)).toBe(claim)
      })
    )
  })
})
