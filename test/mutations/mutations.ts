/**
 * The promises, broken on purpose: each mutation is a small change to the source, and the tests that must fail of it.
 */
export interface Mutation {
  /** The promise that it breaks. */
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
  readonly tests: ReadonlyArray<string>
}

const CRASH = ["test/crash/crashPoints.test.ts"]
const FAILING = ["test/crash/failedWrites.test.ts", "test/crash/failingOperations.test.ts"]
const TYPED = ["test/TypedWal.test.ts"]
const KEY_VALUE = ["test/WalKeyValueStore.test.ts", "test/crash/keyValue.test.ts"]
const CONSUMERS = ["test/crash/consumers.test.ts"]
const RECONCILE = ["test/internal/consumer/reconcile.test.ts", "test/crash/consumers.test.ts"]
const RECOVERY = ["test/internal/log/recovery.test.ts"]

export const mutations: ReadonlyArray<Mutation> = [
  {
    name: "a synced append is acknowledged before its fsync",
    file: "src/internal/log/writeState.ts",
    find: "this.synced.waitFor(target, waiter)\n",
    replace: "waiter.succeed()\n",
    tests: CRASH
  },
  {
    name: "a new segment's directory entry is not synced",
    file: "src/internal/segment/createSegment.ts",
    find: "Effect.zipRight(syncDirectory(fs, directory), openSegmentFile(fs, path, \"r+\"))",
    replace: "openSegmentFile(fs, path, \"r+\")",
    tests: CRASH
  },
  {
    name: "a segment gets its name before its header is synced",
    file: "src/internal/segment/createSegment.ts",
    find: "Effect.zipRight(file.writeAt(encodeSegmentHeader(header), 0), file.sync)",
    replace: "file.writeAt(encodeSegmentHeader(header), 0)",
    tests: CRASH
  },
  {
    name: "the old segment is not synced when the log moves to a new one",
    file: "src/internal/log/activeSegments.ts",
    find: "syncer.syncWritten.pipe(\n      Effect.mapError(unknown),",
    replace: "Effect.void.pipe(",
    tests: CRASH
  },
  {
    name: "a failed write is not taken back",
    file: "src/internal/log/writer.ts",
    find: "Effect.zipRight(open.file.truncate(writtenEnd), open.file.sync)",
    replace: "open.file.sync",
    tests: FAILING
  },
  {
    name: "a failed write is taken back without an fsync",
    file: "src/internal/log/writer.ts",
    find: "Effect.zipRight(open.file.truncate(writtenEnd), open.file.sync)",
    replace: "open.file.truncate(writtenEnd)",
    tests: FAILING
  },
  {
    name: "the sequences of a failed group are not used again",
    file: "src/internal/log/writeState.ts",
    find: "this.nextSequence = this.writtenSequence + 1\n    this.takenOffEnd",
    replace: "this.takenOffEnd",
    tests: FAILING
  },
  {
    name: "the log goes on after a failed fsync",
    file: "src/internal/log/syncer.ts",
    find: "state.fail(cause)\n            return Effect.fail(cause)",
    replace: "state.reachSynced(writtenEnd, writtenEntryEnd, writtenSequence)\n            return Effect.fail(cause)",
    tests: FAILING
  },
  {
    name: "the members of a batch are not tied together",
    file: "src/internal/log/appender.ts",
    find: "position === last ? 0 : FLAG_MORE",
    replace: "position === last ? 0 : FLAG_MORE * 0",
    tests: CRASH
  },
  {
    name: "a mark claims what was written, not what was synced",
    file: "src/internal/log/writeState.ts",
    find: "this.filling.addMark(this.nextSequence - 1, this.synced.entryEnd)",
    replace: "this.filling.addMark(this.nextSequence - 1, this.filling.end)",
    tests: ["test/crash/overlap.test.ts"]
  },
  {
    name: "bytes behind a recovered tail stay in the file",
    file: "src/internal/log/repair.ts",
    find: "Effect.zipRight(file.truncate(dataLength)),",
    replace: "",
    tests: RECOVERY
  },
  {
    name: "recovery serves what it did not make durable",
    file: "src/internal/log/repair.ts",
    find: "Effect.zipRight(file.sync),\n    Effect.zipRight(syncDirectory(fs, directory)),\n    Effect.uninterruptible",
    replace: "Effect.uninterruptible",
    tests: CRASH
  },
  {
    name: "recovery writes synced bytes anew without having kept them",
    file: "src/internal/log/repair.ts",
    find: "return from >= dataLength ? rewrite :",
    replace: "return from >= 0 ? rewrite :",
    tests: CRASH
  },
  {
    name: "a kept tail is dropped without having been put back",
    file: "src/internal/log/keptTail.ts",
    find: "header === undefined || header.id !== id ? Effect.void :",
    replace: "header === undefined || header.id > 0 ? Effect.void :",
    tests: CRASH
  },
  {
    name: "a kept tail is relied on before it is on disk",
    file: "src/internal/log/keptTail.ts",
    find: "      yield* tail.sync\n",
    replace: "",
    tests: CRASH
  },
  {
    name: "a half-written tail is put back",
    file: "src/internal/log/keptTail.ts",
    find: "(checksum === header.checksum ? header : undefined)",
    replace: "(checksum >= 0 ? header : undefined)",
    tests: ["test/internal/log/keptTail.test.ts"]
  },
  {
    name: "frames that are checked together are believed unchecked",
    file: "src/internal/format/frameRun.ts",
    find: "at > from && crc32Of(view, from, at, NOTHING_BEFORE) === ~register",
    replace: "at > from",
    tests: ["test/internal/format/frameRun.test.ts"]
  },
  {
    name: "a salvage's record gets its name before it is synced",
    file: "src/internal/log/salvageRecord.ts",
    find: "(file) => Effect.zipRight(file.writeAt(new TextEncoder().encode(text), 0), file.sync)",
    replace: "(file) => file.writeAt(new TextEncoder().encode(text), 0)",
    tests: ["test/crash/salvage.test.ts"]
  },
  {
    name: "what recovery read is not written anew after a failed fsync",
    file: "src/internal/log/repair.ts",
    find: "  copyRange(file, file, from, dataLength, from).pipe(\n    Effect.zipRight(file.truncate(dataLength)),",
    replace: "  file.truncate(dataLength).pipe(",
    tests: ["test/crash/failedSync.test.ts"]
  },
  {
    name: "damage to acknowledged data is taken for a torn tail",
    file: "src/internal/log/segmentEnd.ts",
    find: "scan.dataLength < strongest.offset",
    replace: "scan.dataLength < 0",
    tests: RECOVERY
  },
  {
    name: "newer segments are removed before older ones",
    file: "src/internal/log/compaction.ts",
    find: "doomed = [...doomed, ...condemned]",
    replace: "doomed = [...doomed, ...condemned].toReversed()",
    tests: CRASH
  },
  {
    name: "a segment is judged by its first entry",
    file: "src/internal/log/retention.ts",
    find: "segment.createdAt : segment.highestTimestamp",
    replace: "segment.createdAt : segment.lowestTimestamp",
    tests: ["test/internal/log/retention.test.ts", "test/internal/log/retentionRules.test.ts"]
  },
  {
    name: "a key is found by its hash alone",
    file: "src/internal/segment/activeIndex.ts",
    find: "equalRange(",
    replace: "((..._: ReadonlyArray<unknown>) => true)(",
    tests: ["test/internal/segment/activeIndex.test.ts"]
  },
  {
    name: "a damaged index is trusted",
    file: "src/internal/format/sealIndexSections.ts",
    find: "crc32(content, 0, content.length, 0) === section.checksum",
    replace: "crc32(content, 0, content.length, 0) >= 0",
    tests: ["test/internal/format/sealIndex.test.ts"]
  },
  {
    name: "a block of an index is believed without its checksum",
    file: "src/internal/format/indexBlocks.ts",
    find: "bytes.length), 0) !== blocks.checksums[block]",
    replace: "bytes.length), 0) < 0",
    tests: ["test/internal/format/sealIndexMap.test.ts", "test/internal/log/indexBeyondMemory.test.ts"]
  },
  {
    name: "what was known of a segment's keys is believed although it has grown",
    file: "src/internal/log/indexStore.ts",
    find: "found?.dataLength === dataLength ? found : undefined",
    replace: "found",
    tests: ["test/internal/log/indexStore.test.ts"]
  },
  {
    name: "a living owner's lock is taken over",
    file: "src/internal/log/lock.ts",
    find: "refuseAlive(site, token.name, token.holder)",
    replace: "Effect.void",
    tests: ["test/internal/log/lock.test.ts"]
  },
  {
    name: "a reopened log is appended to without its seal being cut off",
    file: "src/internal/log/activeSegments.ts",
    find: "Effect.zipRight(Effect.mapError(file.truncate(segment.dataLength), absent)),\n",
    replace: "",
    tests: CRASH
  },
  {
    name: "a batch is appended without the entries that do not fit",
    file: "src/internal/typed/encoding.ts",
    find: "encodeInput(codecs), \"fail\"), ({ failures, values }) =>\n    failures === undefined",
    replace: "encodeInput(codecs), \"skip\"), ({ failures, values }) =>\n    values.length > 0",
    tests: TYPED
  },
  {
    name: "what comes before an entry that does not fit is lost",
    file: "src/internal/typed/convert.ts",
    find: "writeAll(converted.values),",
    replace: "converted._tag === \"Whole\" ? writeAll(converted.values) : Channel.void,",
    tests: TYPED
  },
  {
    name: "what comes behind an entry that had to wait is lost",
    file: "src/internal/typed/convert.ts",
    find: "run.take(awaited) ? goOn() : Effect.succeed(run)",
    replace: "run.take(awaited) ? Effect.succeed(run) : goOn()",
    tests: TYPED
  },
  {
    name: "entries that are left out are counted as one",
    file: "src/internal/typed/skipping.ts",
    find: "\"log\", directory), count)",
    replace: "\"log\", directory), 1)",
    tests: TYPED
  },
  {
    name: "what JSON has no text for is written as nothing",
    file: "src/internal/typed/json.ts",
    find: "text === undefined",
    replace: "text === null",
    tests: TYPED
  },
  {
    name: "a typed log's schemas take their services from whoever calls",
    file: "src/internal/typed/codecs.ts",
    find: "Context.merge(own, context)",
    replace: "Context.merge(context, own)",
    tests: TYPED
  },
  {
    name: "a read cannot say what it does with what does not fit",
    file: "src/internal/typed/service.ts",
    find: "options?.onDecodeError ?? onDecodeError",
    replace: "onDecodeError",
    tests: TYPED
  },
  {
    name: "a typed entry is encoded when the append is made",
    file: "src/internal/typed/encoding.ts",
    find:
      "Effect.suspend(() => ParseResult.mapError(encodeInput(codecs)(input), (mismatch) => refusedInput(mismatch)))",
    replace: "ParseResult.mapError(encodeInput(codecs)(input), (mismatch) => refusedInput(mismatch))",
    tests: TYPED
  },
  {
    name: "key-value: segments go before the copies of what they held are on disk",
    file: "src/internal/keyValue/compaction.ts",
    find: "yield* wal.sync\n",
    replace: "",
    tests: KEY_VALUE
  },
  {
    name: "key-value: segments go while a write that may lie in them is under way",
    file: "src/internal/keyValue/compaction.ts",
    find: "turns.everything(Effect.void)",
    replace: "Effect.void",
    tests: KEY_VALUE
  },
  {
    name: "key-value: a value is copied without waiting for the key's turn",
    file: "src/internal/keyValue/turns.ts",
    find: "waiting.push(start)",
    replace: "start()",
    tests: KEY_VALUE
  },
  {
    name: "key-value: clear does not wait for writes that are under way",
    file: "src/internal/keyValue/turns.ts",
    find: "next._tag === \"All\" && this.taken.size > 0",
    replace: "next._tag === \"All\" && this.taken.size < 0",
    tests: KEY_VALUE
  },
  {
    name: "key-value: a copy counts as a new value",
    file: "src/internal/keyValue/rebuild.ts",
    find: "record.version < this.seen(record.key)",
    replace: "record.version < 0",
    tests: KEY_VALUE
  },
  {
    name: "key-value: what is needed of a segment goes with it",
    file: "src/internal/keyValue/table.ts",
    find: "live.segment <= segment",
    replace: "live.segment < segment",
    tests: KEY_VALUE
  },
  {
    name: "a cursor is saved before the log is synced past it",
    file: "src/internal/consumer/saver.ts",
    find: "this.wal.cursors.synced >= sequence ? Effect.void : this.wal.sync",
    replace: "this.wal.cursors.synced >= sequence ? Effect.void : Effect.void",
    tests: CONSUMERS
  },
  {
    name: "a cursor gets its name before it is synced",
    file: "src/internal/log/cursorFile.ts",
    find: "0), file.sync)",
    replace: "0), Effect.void)",
    tests: CONSUMERS
  },
  {
    name: "a cursor's directory entry is not synced",
    file: "src/internal/log/cursorFile.ts",
    find: "Effect.zipRight(syncDirectory(fs, directory)),",
    replace: "Effect.zipRight(Effect.void),",
    tests: CONSUMERS
  },
  {
    name: "a cursor goes by the last entry that was processed, whatever is before it",
    file: "src/internal/consumer/flight.ts",
    find: "      passenger.stage = \"processed\"\n    }",
    replace:
      "      passenger.stage = \"processed\"\n      this.processed = { sequence: passenger.entry.sequence, entry: passenger.entry.ref }\n    }",
    tests: ["test/WalConsumer.test.ts"]
  },
  {
    name: "an entry counts as processed before its handler has ended",
    file: "src/internal/consumer/lanes.ts",
    find: "known.push(passenger)",
    replace: "known.push(passenger)\n      passenger.stage = \"processed\"",
    tests: ["test/WalConsumer.test.ts"]
  },
  {
    name: "a cursor beyond the end of its log waits there",
    file: "src/internal/consumer/reconcile.ts",
    find: "position.sequence === oldest - 1\n",
    replace: "position.sequence === oldest - 1\n  || position.sequence > end\n",
    tests: RECONCILE
  },
  {
    name: "a cursor trusts its sequence alone",
    file: "src/internal/consumer/findings.ts",
    find: "? Effect.succeed<Finding>(\"other\")",
    replace: "? Effect.succeed<Finding>(\"unproved\")",
    tests: CONSUMERS
  },
  {
    name: "a damaged cursor is taken for none",
    file: "src/internal/log/cursorFile.ts",
    find: "json === undefined || checksum !== checksumOf(json)",
    replace: "json === undefined",
    tests: ["test/WalConsumer.test.ts"]
  },
  {
    name: "retention does not wait for the slowest consumer",
    file: "src/internal/log/holds.ts",
    find: "Math.min(...all",
    replace: "Math.max(...all",
    tests: ["test/internal/log/holds.test.ts"]
  }
]
