/**
 * An audit log: who did what, on disk before it takes effect, kept for a time and not longer.
 *
 *     npm run example -- audit-log
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { TypedWal } from "effect-wal"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const Action = Schema.Union(
  Schema.TaggedStruct("Read", { record: Schema.String }),
  Schema.TaggedStruct("Changed", { record: Schema.String, field: Schema.String }),
  Schema.TaggedStruct("Exported", { records: Schema.Int })
)

/** The key is who did it. */
class Audit extends TypedWal.Tag<Audit>()("app/Audit", { key: Schema.String, content: Action }) {}

/** On disk, then done: what cannot be written down is not done. */
const audited = <A, E, R>(who: string, action: typeof Action.Type, effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Audit, (audit) => Effect.zipRight(audit.logEntry(who, action), effect))

const describe = ({ content, key }: TypedWal.Entry<string, typeof Action.Type>): string => {
  switch (content._tag) {
    case "Read":
      return `${key} read ${content.record}`
    case "Changed":
      return `${key} changed ${content.field} of ${content.record}`
    case "Exported":
      return `${key} exported ${content.records} records`
  }
}

const list = <E, R>(entries: Stream.Stream<TypedWal.Entry<string, typeof Action.Type>, E, R>) =>
  Stream.runForEach(entries, (entry) => Console.log(`  ${entry.sequence}  ${describe(entry)}`))

const work = Effect.gen(function*() {
  yield* audited("ada", { _tag: "Read", record: "patient-17" }, Effect.void)
  yield* audited("bob", { _tag: "Exported", records: 250 }, Effect.void)
  yield* audited("ada", { _tag: "Changed", record: "patient-17", field: "address" }, Effect.void)
})

const later = Effect.gen(function*() {
  yield* Effect.sleep("3500 millis")
  yield* audited("eve", { _tag: "Read", record: "patient-4" }, Effect.void)
})

const program = Effect.gen(function*() {
  const audit = yield* Audit
  yield* work

  yield* Console.log("What Ada did:")
  yield* list(audit.enumerateRecords("ada"))

  const since = (yield* Clock.currentTimeMillis) - 60_000
  yield* Console.log("What was done in the last minute:")
  yield* list(audit.replay().pipe(Stream.filter(({ timestamp }) => timestamp >= since)))

  yield* later
  const { removed } = yield* audit.wal.compact
  const entries = removed.reduce((sum, segment) => sum + segment.entries, 0)
  yield* Console.log(`Later, ${entries} entries have had their time, and are gone with their segment. What is left:`)
  yield* list(audit.replay())
})

export const example = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  /**
   * Two seconds, so that there is something to see. An application says "365 days", and leaves out `compaction`: then the log looks
   * for what has expired by itself. Tamper evidence would be said here, too, once the library has it.
   */
  const AuditLive = Audit.layer({ directory, entryRetention: "2 seconds", segments: 2, compaction: "manual" })
  yield* Effect.provide(program, AuditLive)
})
