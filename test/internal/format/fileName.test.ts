import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import {
  damagedFileName,
  parseFileName,
  salvagedFileName,
  segmentFileName,
  temporaryFileName
} from "../../../src/internal/format/fileName.js"
import { safeIntegers, sequences } from "./frames.js"

describe("a file's name", () => {
  it("has the segment's id in 20 digits", () => {
    expect(segmentFileName(1)).toBe("00000000000000000001.wal")
    expect(segmentFileName(Number.MAX_SAFE_INTEGER)).toBe("00009007199254740991.wal")
    expect(temporaryFileName(42)).toBe("00000000000000000042.wal.tmp")
    expect(salvagedFileName(42)).toBe("00000000000000000042.salvaged")
    expect(damagedFileName(42, 4096)).toBe("00000000000000000042-4096.damaged")
  })

  it("tells what the file is", () => {
    FastCheck.assert(
      FastCheck.property(sequences, safeIntegers, (id, offset) => {
        expect(parseFileName(segmentFileName(id))).toEqual({ _tag: "Segment", id })
        expect(parseFileName(salvagedFileName(id))).toEqual({ _tag: "Salvaged", id })
        expect(parseFileName(temporaryFileName(id))).toEqual({ _tag: "Temporary" })
        expect(parseFileName(damagedFileName(id, offset))).toEqual({ _tag: "Other" })
      })
    )
  })

  it("sorts as the ids do", () => {
    FastCheck.assert(
      FastCheck.property(sequences, sequences, (left, right) => {
        expect(segmentFileName(left) < segmentFileName(right)).toBe(left < right)
      })
    )
  })

  it.each([
    "",
    "LOCK",
    "1.wal",
    "0000000000000000001.wal",
    "000000000000000000001.wal",
    "00000000000000000001.WAL",
    "00000000000000000001.wal ",
    "00000000000000000001.wal\n",
    "x00000000000000000001.wal",
    "00000000000000000001.wal.bak",
    "00000000000000000001.wal.tmp.old",
    "0000000000000000000a.wal",
    "-0000000000000000001.wal",
    "٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠١.wal",
    "00000000000000000001.log",
    "00000000000000000001"
  ])("%j is nobody's", (name) => {
    expect(parseFileName(name)).toEqual({ _tag: "Other" })
  })

  it("with the id 0, or one beyond 2^53 - 1, is nobody's", () => {
    const beyond = ["00000000000000000000", "00009007199254740992", "00009007199254740993", "99999999999999999999"]
    for (const digits of beyond) {
      expect(parseFileName(`${digits}.wal`)).toEqual({ _tag: "Other" })
      expect(parseFileName(`${digits}.salvaged`)).toEqual({ _tag: "Other" })
    }
  })
})
