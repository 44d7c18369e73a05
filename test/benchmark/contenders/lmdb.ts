/**
 * LMDB: transactions at once where one writer waits for them anyway, asynchronous puts where several do, mapped reads.
 */
import { type Database, type Key, open as openDatabase } from "lmdb"
import { join } from "node:path"
import { around, BATCH, contents, keyAndSequence, keyRange, KEYS, records, STORED_ENTRIES } from "../data.js"
import { type Appending, type Contender, type Opened, type Operation, type Session, sink } from "./contender.js"

/** `"number"` is the order of appending, which writes fastest; `"binary"` the order by key, which finds entries by key. */
type Layout = "number" | "binary"

const openIn = (directory: string, layout: Layout, isSynced: boolean): Database =>
  openDatabase({
    path: join(directory, "lmdb"),
    encoding: "binary",
    keyEncoding: layout === "number" ? "uint32" : "binary",
    noSync: !isSynced
  })

const session = (database: Database, entriesPerRun: number, operation: Operation): Promise<Session> =>
  Promise.resolve({ operation, entriesPerRun, close: () => database.close() })

/** A database for appending, and what it stores of an entry. */
const appendTo = ({ contentLength, directory, durability, isReadLater }: Appending) => {
  const database = openIn(directory, isReadLater ? "binary" : "number", durability === "synced")
  const keyAt: (index: number) => Key = isReadLater ? keyAndSequence : (index) => index
  return { database, keyAt, valueAt: isReadLater ? contents(contentLength) : records(contentLength) }
}

const append = (appending: Appending): Promise<Session> => {
  const { database, keyAt, valueAt } = appendTo(appending)
  return session(database, 1, appendOperation(appending, database, keyAt, valueAt))
}

const appendOperation = (
  { concurrency, durability }: Appending,
  database: Database,
  keyAt: (index: number) => Key,
  valueAt: (index: number) => Buffer
): Operation => {
  if (durability === "synced") {
    return {
      _tag: "Async",
      run: async (index) => {
        await database.put(keyAt(index), valueAt(index))
        await database.flushed
      }
    }
  }
  return concurrency > 1
    ? { _tag: "Async", run: (index) => database.put(keyAt(index), valueAt(index)) }
    : { _tag: "Sync", run: (index) => database.putSync(keyAt(index), valueAt(index)) }
}

/** All puts of one turn of the event loop are one transaction. */
const batch = (appending: Appending): Promise<Session> => {
  const { database, keyAt, valueAt } = appendTo(appending)
  const run = async (index: number) => {
    const first = index * BATCH
    for (let at = first; at < first + BATCH - 1; at++) {
      void database.put(keyAt(at), valueAt(at))
    }
    await database.put(keyAt(first + BATCH - 1), valueAt(first + BATCH - 1))
    if (appending.durability === "synced") {
      await database.flushed
    }
  }
  return session(database, BATCH, { _tag: "Async", run })
}

/** Opening maps the file and reads nothing; so one entry is read. */
const open = (directory: string): Promise<Opened> => {
  const database = openIn(directory, "binary", true)
  look(database.getRange({ reverse: true, limit: 1 }))
  return Promise.resolve({ close: () => database.close() })
}

const readKey = (directory: string): Promise<Session> => {
  const database = openIn(directory, "binary", true)
  const rangeOf = around(Array.from({ length: KEYS }, (_, index) => keyRange(index)))
  return session(database, STORED_ENTRIES / KEYS, {
    _tag: "Sync",
    run: (index) => look(database.getRange(rangeOf(index)))
  })
}

const replay = (directory: string): Promise<Session> => {
  const database = openIn(directory, "binary", true)
  return session(database, STORED_ENTRIES, { _tag: "Sync", run: () => look(database.getRange({})) })
}

const look = (entries: Iterable<{ readonly value: Buffer }>): void => {
  for (const { value } of entries) {
    sink.bytes += value.length
  }
}

const readAt = (directory: string, numbers: ReadonlyArray<number>): Promise<Session> => {
  const database = openIn(directory, "binary", true)
  const keyAt = around(numbers.map(keyAndSequence))
  const run = (index: number): void => {
    sink.bytes += database.getBinary(keyAt(index))?.length ?? NaN
  }
  return session(database, 1, { _tag: "Sync", run })
}

export const contender: Contender = { append, batch, open, readKey, replay, readAt }
