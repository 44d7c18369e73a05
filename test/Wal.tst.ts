import type * as FileSystem from "@effect/platform/FileSystem"
import { Wal, type WalEntry, type WalError, type WalOptions, type WalReport } from "effect-wal"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Sink from "effect/Sink"
import type * as Stream from "effect/Stream"
import { describe, expect, test } from "tstyche"

declare const wal: Wal.Service
declare const reader: Wal.Reader
declare const bytes: Uint8Array
declare const ref: WalEntry.EntryRef
declare const sequence: WalEntry.Sequence

type Changing = WalError.WalIoError | WalError.WalFailedError | WalError.WalClosedError
type Reading = WalError.ReadError | WalError.WalRetentionError

describe("the errors", () => {
  test("of each kind of operation", () => {
    expect<WalError.OpenError>().type.toBe<
      | WalError.WalConfigError
      | WalError.WalLockedError
      | WalError.WalIoError
      | WalError.WalCodecError
      | WalError.WalCorruptionError
    >()
    expect<WalError.AppendError>().type.toBe<
      WalError.WalCodecError | WalError.WalIoError | WalError.WalFailedError | WalError.WalClosedError
    >()
    expect<WalError.ReadError>().type.toBe<
      WalError.WalCodecError | WalError.WalCorruptionError | WalError.WalIoError | WalError.WalClosedError
    >()
  })

  test("are told apart by their tag, all of them", () => {
    expect<WalError.WalError["_tag"]>().type.toBe<
      | "WalClosedError"
      | "WalCodecError"
      | "WalConfigError"
      | "WalConflictError"
      | "WalConsumerError"
      | "WalCorruptionError"
      | "WalFailedError"
      | "WalIoError"
      | "WalLockedError"
      | "WalRetentionError"
    >()
  })
})

describe("appending", () => {
  test("one entry", () => {
    expect(wal.appendEntry("key", bytes)).type.toBe<Effect.Effect<WalEntry.EntryRef, WalError.AppendError>>()
    expect(wal.appendEntry(bytes, bytes, { durability: "buffered", metadata: bytes })).type.toBe<
      Effect.Effect<WalEntry.EntryRef, WalError.AppendError>
    >()
    expect(wal.logEntry("key", bytes, { metadata: bytes })).type.toBe<
      Effect.Effect<WalEntry.EntryRef, WalError.AppendError>
    >()
  })

  test("takes bytes, not text, as content", () => {
    expect(wal.appendEntry).type.not.toBeCallableWith("key", "content")
    expect(wal.appendEntry).type.not.toBeCallableWith(1, bytes)
    expect(wal.appendEntry).type.not.toBeCallableWith("key")
  })

  test("knows three durabilities", () => {
    expect<WalEntry.Durability>().type.toBe<"buffered" | "written" | "synced">()
    expect(wal.appendEntry).type.not.toBeCallableWith("key", bytes, { durability: "fsync" })
    expect(wal.appendBatch).type.not.toBeCallableWith([], { durability: "fsync" })
  })

  test("leaves logEntry no durability to choose", () => {
    expect(wal.logEntry).type.not.toBeCallableWith("key", bytes, { durability: "written" })
  })

  test("a batch", () => {
    expect(wal.appendBatch([{ key: "key", content: bytes }], { durability: "synced" })).type.toBe<
      Effect.Effect<ReadonlyArray<WalEntry.EntryRef>, WalError.AppendError>
    >()
    expect(wal.appendBatch).type.not.toBeCallableWith([{ key: "key" }])
  })

  test("a stream", () => {
    expect(wal.appendSink()).type.toBe<
      Sink.Sink<Wal.AppendSummary, WalEntry.EntryInput, never, WalError.AppendError>
    >()
    expect(wal.appendSink).type.toBeCallableWith({ durability: "synced" })
  })
})

describe("reading", () => {
  test("entries", () => {
    expect(reader.enumerateRecords("key")).type.toBe<Stream.Stream<WalEntry.Entry, Reading>>()
    expect(reader.enumerateRecords(bytes, { onLost: "skip" })).type.toBe<Stream.Stream<WalEntry.Entry, Reading>>()
    expect(reader.replay()).type.toBe<Stream.Stream<WalEntry.Entry, Reading>>()
    expect(reader.replay({ from: sequence, after: sequence, to: sequence, onLost: "fail" })).type.toBe<
      Stream.Stream<WalEntry.Entry, Reading>
    >()
    expect(reader.readEntryAt(ref)).type.toBe<Effect.Effect<WalEntry.Entry, Reading>>()
  })

  test("keys", () => {
    expect(reader.enumerateKeys).type.toBe<Stream.Stream<Uint8Array, Reading>>()
    expect(reader.enumerateKeysAs(Schema.String)).type.toBe<Stream.Stream<string, Reading>>()
    expect(reader.enumerateKeysAs(Schema.NumberFromString)).type.toBe<Stream.Stream<number, Reading>>()
    expect(reader.enumerateKeysAs(Schema.Uint8ArrayFromSelf)).type.toBe<Stream.Stream<Uint8Array, Reading>>()
  })

  test("keys with a schema that needs a service needs it too", () => {
    expect(reader.enumerateKeysAs(needsCodebook)).type.toBe<Stream.Stream<string, Reading, Codebook>>()
  })

  test("keys with a schema of something else is refused", () => {
    expect(reader.enumerateKeysAs).type.not.toBeCallableWith(Schema.Number)
  })

  test("figures", () => {
    expect(reader.entryCount).type.toBe<Effect.Effect<number, WalError.ReadError>>()
    expect(reader.stats).type.toBe<Effect.Effect<WalReport.WalStats, WalError.ReadError>>()
  })

  test("takes a sequence, not any number", () => {
    expect(reader.replay).type.not.toBeCallableWith({ from: 1 })
    expect(wal.truncateBefore).type.not.toBeCallableWith(1)
    expect(wal.truncateBefore).type.toBeCallableWith(sequence)
  })

  test("is what a log that is open for writing can do, too", () => {
    expect<Wal.Service>().type.toBeAssignableTo<Wal.Reader>()
    expect<Wal.Reader>().type.not.toBeAssignableTo<Wal.Service>()
  })
})

describe("maintenance", () => {
  test("sync, compact, truncateBefore", () => {
    expect(wal.sync).type.toBe<Effect.Effect<WalEntry.Sequence, Changing>>()
    expect(wal.compact).type.toBe<Effect.Effect<WalReport.CompactionReport, Changing>>()
    expect(wal.truncateBefore(sequence)).type.toBe<Effect.Effect<WalReport.CompactionReport, Changing>>()
  })

  test("recovery is there at once", () => {
    expect(wal.recovery).type.toBe<WalReport.RecoveryReport>()
  })

  test("shutdown says what becomes of the files", () => {
    expect(wal.shutdown({ files: "keep" })).type.toBe<Effect.Effect<void, Changing>>()
    expect(wal.shutdown).type.toBeCallableWith({ files: "remove" })
    expect(wal.shutdown).type.not.toBeCallableWith()
    expect(wal.shutdown).type.not.toBeCallableWith({})
    expect(wal.shutdown).type.not.toBeCallableWith({ files: undefined })
    expect(wal.shutdown).type.not.toBeCallableWith({ files: "delete" })
  })

  test("a conflict is met by the one append that expects something", () => {
    expect(wal.appendExpecting("key", bytes, { expectedSequence: ref.sequence })).type.toBe<
      Effect.Effect<
        WalEntry.EntryRef,
        WalError.AppendError | WalError.WalConflictError | WalError.WalCorruptionError
      >
    >()
    expect(wal.appendExpecting).type.not.toBeCallableWith("key", bytes, {})
  })

  test("a follower is told when it falls behind, and when the log fails", () => {
    expect(wal.changes({ key: "key", visibility: "synced" })).type.toBe<
      Stream.Stream<WalEntry.Entry, WalError.ReadError | WalError.WalRetentionError | WalError.WalFailedError>
    >()
    expect(wal.changes).type.not.toBeCallableWith({ to: ref.sequence })
  })

  test("there is no operation that this page does not know", () => {
    expect<keyof Wal.Reader>().type.toBe<
      | "changes"
      | "enumerateKeys"
      | "enumerateKeysAs"
      | "enumerateRecords"
      | "entryCount"
      | "readEntryAt"
      | "replay"
      | "stats"
    >()
    expect<Exclude<keyof Wal.Service, keyof Wal.Reader>>().type.toBe<
      | "appendExpecting"
      | "appendBatch"
      | "appendEntry"
      | "appendSink"
      | "compact"
      | "cursors"
      | "logEntry"
      | "recovery"
      | "shutdown"
      | "sync"
      | "truncateBefore"
    >()
  })
})

describe("opening", () => {
  const options = { directory: "./orders" }

  test("make, in a Scope", () => {
    expect(Wal.make(options)).type.toBe<
      Effect.Effect<Wal.Service, WalError.OpenError, FileSystem.FileSystem | Scope.Scope>
    >()
  })

  test("for reading only, which can neither append nor be taken for the other", () => {
    expect(Wal.makeReader(options)).type.toBe<
      Effect.Effect<Wal.Reader, WalError.OpenError, FileSystem.FileSystem | Scope.Scope>
    >()
    expect(Wal.layerReadonly(options)).type.toBe<
      Layer.Layer<Wal.WalReader, WalError.OpenError, FileSystem.FileSystem>
    >()
    expect(Wal.layerReadonly(options)).type.not.toBeAssignableTo<
      Layer.Layer<Wal.Wal, WalError.OpenError, FileSystem.FileSystem>
    >()
  })

  test("the layers of the ready-made tag", () => {
    expect(Wal.layer(options)).type.toBe<Layer.Layer<Wal.Wal, WalError.OpenError, FileSystem.FileSystem>>()
    expect(Wal.layerConfig({ directory: Config.string("DIRECTORY") })).type.toBe<
      Layer.Layer<Wal.Wal, WalError.OpenError | ConfigError.ConfigError, FileSystem.FileSystem>
    >()
    expect(Wal.layerMemory()).type.toBe<Layer.Layer<Wal.Wal, WalError.OpenError>>()
    expect(Wal.layerMemory({ segments: 2 })).type.toBe<Layer.Layer<Wal.Wal, WalError.OpenError>>()
  })

  test("the layers of a tag of one's own", () => {
    expect(Audit.layer(options)).type.toBe<Layer.Layer<Audit, WalError.OpenError, FileSystem.FileSystem>>()
    expect(Audit.layerConfig(Config.succeed(options))).type.toBe<
      Layer.Layer<Audit, WalError.OpenError | ConfigError.ConfigError, FileSystem.FileSystem>
    >()
    expect(Audit.layerMemory()).type.toBe<Layer.Layer<Audit, WalError.OpenError>>()
  })

  test("a tag gives the service, and asks for itself", () => {
    expect(Effect.flatMap(Wal.Wal, (wal) => wal.entryCount)).type.toBe<
      Effect.Effect<number, WalError.ReadError, Wal.Wal>
    >()
    expect(Effect.flatMap(Audit, (audit) => audit.entryCount)).type.toBe<
      Effect.Effect<number, WalError.ReadError, Audit>
    >()
    expect(Audit.key).type.toBe<"test/Audit">()
  })

  test("one log never stands in for another", () => {
    const audited = Effect.flatMap(Audit, (audit) => audit.entryCount)
    const provided = Effect.provide(audited, Wal.layerMemory())
    expect(provided).type.toBe<Effect.Effect<number, WalError.ReadError | WalError.OpenError, Audit>>()
    expect(Effect.provide(audited, Billing.layerMemory())).type.toBe<
      Effect.Effect<number, WalError.ReadError | WalError.OpenError, Audit>
    >()
    expect(Effect.provide(audited, Audit.layerMemory())).type.toBe<
      Effect.Effect<number, WalError.ReadError | WalError.OpenError>
    >()
    expect<Audit>().type.not.toBeAssignableTo<Wal.Wal>()
    expect<Audit>().type.not.toBeAssignableTo<Billing>()
    expect<Wal.Wal>().type.not.toBeAssignableTo<Audit>()
  })
})

describe("the options", () => {
  test("all but the directory may be left out, or be undefined", () => {
    expect<{ directory: string }>().type.toBeAssignableTo<WalOptions.WalOptions>()
    expect<{ directory: string; segments: undefined; compaction: undefined; retainBytes: undefined }>()
      .type.toBeAssignableTo<WalOptions.WalOptions>()
  })

  test("take durations and sizes as Effect does", () => {
    expect(Wal.layer).type.toBeCallableWith({
      directory: "./orders",
      entryRetention: "30 days",
      flushInterval: 5,
      syncInterval: "never",
      maxSegmentBytes: 1024n,
      retainBytes: 1_000_000,
      compaction: Schedule.spaced("5 minutes"),
      onDamage: "salvage"
    })
    expect(Wal.layer).type.toBeCallableWith({ directory: "./orders", compaction: "manual" })
  })

  test("are refused where they make no sense", () => {
    expect(Wal.layer).type.not.toBeCallableWith()
    expect(Wal.layer).type.not.toBeCallableWith({})
    expect(Wal.layer).type.not.toBeCallableWith({ directory: undefined })
    expect(Wal.layer).type.not.toBeCallableWith({ directory: "./orders", retention: "7 days" })
    expect(Wal.layer).type.not.toBeCallableWith({ directory: "./orders", entryRetention: "a week" })
    expect(Wal.layer).type.not.toBeCallableWith({ directory: "./orders", segments: "10" })
    expect(Wal.layer).type.not.toBeCallableWith({ directory: "./orders", maxSegmentBytes: "64 MiB" })
    expect(Wal.layer).type.not.toBeCallableWith({ directory: "./orders", durability: "always" })
    expect(Wal.layer).type.not.toBeCallableWith({ directory: "./orders", syncInterval: "always" })
    expect(Wal.layer).type.not.toBeCallableWith({ directory: "./orders", compaction: "5 minutes" })
    expect(Wal.layer).type.not.toBeCallableWith({ directory: "./orders", onDamage: "ignore" })
    expect(Wal.layerMemory).type.not.toBeCallableWith({ retention: "7 days" })
    expect(Wal.layerConfig).type.not.toBeCallableWith({ directory: "./orders" })
  })
})

class Audit extends Wal.Tag<Audit>()("test/Audit") {}

class Billing extends Wal.Tag<Billing>()("test/Billing") {}

class Codebook extends Context.Tag("test/Codebook")<Codebook, { readonly decode: (code: string) => string }>() {}

const needsCodebook = Schema.transformOrFail(Schema.String, Schema.String, {
  strict: true,
  decode: (code) => Effect.map(Codebook, (codebook) => codebook.decode(code)),
  encode: (text) => Effect.succeed(text)
})
