/**
 * SQLite with its write-ahead log: prepared statements, one transaction for each append, batch, or group made by hand.
 */
import Database from "better-sqlite3"
import { join } from "node:path"
import { around, BATCH, contents, keyOf, KEYS, STORED_ENTRIES } from "../data.js"
import {
  type Appending,
  type Contender,
  nothing,
  type Opened,
  type Operation,
  type Session,
  sink
} from "./contender.js"
import { groupCommit } from "./groupCommit.js"

const openIn = (directory: string, isSynced: boolean): Database.Database => {
  const database = new Database(join(directory, "entries.sqlite"))
  database.pragma("journal_mode = WAL")
  database.pragma(`synchronous = ${isSynced ? "FULL" : "OFF"}`)
  return database
}

const session = (database: Database.Database, entriesPerRun: number, operation: Operation): Promise<Session> =>
  Promise.resolve({
    operation,
    entriesPerRun,
    close: () => {
      database.close()
      return nothing()
    }
  })

/** An index by key costs writers more than half of their speed, so it is there only where entries are read by key. */
const appendTo = ({ contentLength, directory, durability, isReadLater }: Appending) => {
  const database = openIn(directory, durability === "synced")
  database.exec("CREATE TABLE entry (sequence INTEGER PRIMARY KEY, key BLOB NOT NULL, content BLOB NOT NULL)")
  if (isReadLater) {
    database.exec("CREATE INDEX entry_key ON entry (key)")
  }
  const statement = database.prepare("INSERT INTO entry (sequence, key, content) VALUES (?, ?, ?)")
  const contentOf = contents(contentLength)
  const insert = (index: number): void => {
    statement.run(index, keyOf(index), contentOf(index))
  }
  return { database, insert, insertAll: inTransaction(database, insert) }
}

const inTransaction = (database: Database.Database, insert: (index: number) => void) => {
  const begin = database.prepare("BEGIN")
  const commit = database.prepare("COMMIT")
  return (indices: ReadonlyArray<number>): undefined => {
    begin.run()
    for (const index of indices) {
      insert(index)
    }
    commit.run()
    return undefined
  }
}

const append = (appending: Appending): Promise<Session> => {
  const { database, insert, insertAll } = appendTo(appending)
  return session(
    database,
    1,
    appending.concurrency > 1
      ? { _tag: "Async", run: groupCommit(insertAll, setImmediate) }
      : { _tag: "Sync", run: insert }
  )
}

const batch = (appending: Appending): Promise<Session> => {
  const { database, insertAll } = appendTo(appending)
  const run = (index: number): void => {
    insertAll(Array.from({ length: BATCH }, (_, place) => index * BATCH + place))
  }
  return session(database, BATCH, { _tag: "Sync", run })
}

/** Opening reads nothing; so it is asked for the newest entry. */
const open = (directory: string): Promise<Opened> => {
  const database = openIn(directory, true)
  database.prepare("SELECT max(sequence) FROM entry").all()
  return Promise.resolve({
    close: () => {
      database.close()
      return nothing()
    }
  })
}

const readKey = (directory: string): Promise<Session> => {
  const database = openIn(directory, true)
  const select = database.prepare("SELECT content FROM entry WHERE key = ? ORDER BY sequence").pluck()
  return session(database, STORED_ENTRIES / KEYS, {
    _tag: "Sync",
    run: (index) => look(select.all(keyOf(index)))
  })
}

const replay = (directory: string): Promise<Session> => {
  const database = openIn(directory, true)
  const select = database.prepare("SELECT content FROM entry ORDER BY sequence").pluck()
  return session(database, STORED_ENTRIES, { _tag: "Sync", run: () => look(select.iterate()) })
}

const look = (contents: Iterable<Buffer>): void => {
  for (const content of contents) {
    sink.bytes += content.length
  }
}

const readAt = (directory: string, numbers: ReadonlyArray<number>): Promise<Session> => {
  const database = openIn(directory, true)
  const select = database.prepare("SELECT content FROM entry WHERE sequence = ?").pluck()
  const numberOf = around(numbers)
  const run = (index: number): void => {
    sink.bytes += select.get(numberOf(index))?.length ?? NaN
  }
  return session(database, 1, { _tag: "Sync", run })
}

export const contender: Contender = { append, batch, open, readKey, replay, readAt }
