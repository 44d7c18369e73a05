import type * as FileSystem from "@effect/platform/FileSystem"
import { NanoWal, type Wal, type WalEntry, type WalError } from "effect-wal"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import { describe, expect, test } from "tstyche"

declare const wal: Wal.Service
declare const reader: Wal.Reader
declare const entry: WalEntry.Entry

describe("NanoWal", () => {
  test("read", () => {
    expect(NanoWal.read("./old")).type.toBe<
      Stream.Stream<NanoWal.NanoWalRecord, WalError.WalIoError | WalError.WalCodecError, FileSystem.FileSystem>
    >()
    expect<NanoWal.NanoWalRecord["_tag"]>().type.toBe<"Entry" | "TornTail">()
  })

  test("importInto, into a log that is open for writing", () => {
    expect(NanoWal.importInto(wal, "./old")).type.toBe<
      Effect.Effect<NanoWal.ImportReport, WalError.AppendError, FileSystem.FileSystem>
    >()
    expect(NanoWal.importInto).type.toBeCallableWith(wal, "./old", { durability: "buffered" })
    expect(NanoWal.importInto).type.not.toBeCallableWith(reader, "./old")
  })

  test("originalTimestamp", () => {
    expect(NanoWal.originalTimestamp(entry)).type.toBe<Option.Option<number>>()
  })
})
