/**
 * LevelDB: one write for each append, batch, or group made by hand, and reads that do not leave the thread.
 */
import { ClassicLevel } from "classic-level"
import { join } from "node:path"
import { around, BATCH, contents, keyAndSequence, keyRange, KEYS, STORED_ENTRIES } from "../data.js"
import { type Appending, type Contender, type Opened, type Operation, type Session, sink } from "./contender.js"
import { groupCommit } from "./groupCommit.js"

type Level = ClassicLevel<Buffer, Buffer>

const openIn = async (directory: string): Promise<Level> => {
  const level: Level = new ClassicLevel(join(directory, "level"), { keyEncoding: "buffer", valueEncoding: "buffer" })
  await level.open()
  return level
}

const session = (level: Level, entriesPerRun: number, operation: Operation): Session => ({
  operation,
  entriesPerRun,
  close: () => level.close()
})

/** Writes the entries with these indices in one go. */
const writing = (level: Level, { contentLength, durability }: Appending) => {
  const contentOf = contents(contentLength)
  const options = { sync: durability === "synced" }
  return {
    one: (index: number): Promise<void> => level.put(keyAndSequence(index), contentOf(index), options),
    all: (indices: ReadonlyArray<number>): Promise<void> => {
      const batch = level.batch()
      for (const index of indices) {
        batch.put(keyAndSequence(index), contentOf(index))
      }
      return batch.write(options)
    }
  }
}

const append = async (appending: Appending): Promise<Session> => {
  const level = await openIn(appending.directory)
  const write = writing(level, appending)
  const run = appending.concurrency > 1 ? groupCommit(write.all, queueMicrotask) : write.one
  return session(level, 1, { _tag: "Async", run })
}

const batch = async (appending: Appending): Promise<Session> => {
  const level = await openIn(appending.directory)
  const write = writing(level, appending)
  const run = (index: number) => write.all(Array.from({ length: BATCH }, (_, place) => index * BATCH + place))
  return session(level, BATCH, { _tag: "Async", run })
}

const open = async (directory: string): Promise<Opened> => {
  const level = await openIn(directory)
  return { close: () => level.close() }
}

const readKey = async (directory: string): Promise<Session> => {
  const level = await openIn(directory)
  const rangeOf = around(Array.from({ length: KEYS }, (_, index) => keyRange(index)))
  const run = (index: number) => look(level, { gte: rangeOf(index).start, lt: rangeOf(index).end })
  return session(level, STORED_ENTRIES / KEYS, { _tag: "Async", run })
}

const replay = async (directory: string): Promise<Session> => {
  const level = await openIn(directory)
  return session(level, STORED_ENTRIES, { _tag: "Async", run: () => look(level, {}) })
}

const look = async (level: Level, range: { readonly gte?: Buffer; readonly lt?: Buffer }): Promise<void> => {
  const values = level.values({ ...range, highWaterMarkBytes: 1024 * 1024 })
  for (let some = await values.nextv(BATCH); some.length > 0; some = await values.nextv(BATCH)) {
    for (const value of some) {
      sink.bytes += value.length
    }
  }
  await values.close()
}

const readAt = async (directory: string, numbers: ReadonlyArray<number>): Promise<Session> => {
  const level = await openIn(directory)
  const keyAt = around(numbers.map(keyAndSequence))
  const run = (index: number): void => {
    sink.bytes += level.getSync(keyAt(index))?.length ?? NaN
  }
  return session(level, 1, { _tag: "Sync", run })
}

export const contender: Contender = { append, batch, open, readKey, replay, readAt }
