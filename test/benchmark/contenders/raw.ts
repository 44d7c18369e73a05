/**
 * Bare `node:fs`, without an index, a checksum or a promise that a reader could rely on: the limit of what a log can reach.
 */
import * as fs from "node:fs"
import { join } from "node:path"
import { around, BATCH, batchBytes, KEY_LENGTH, KEYS, records, STORED_CONTENT_LENGTH, STORED_ENTRIES } from "../data.js"
import { type Appending, type Contender, nothing, type Operation, type Session, sink } from "./contender.js"
import { type Commit, groupCommit } from "./groupCommit.js"

const MEBIBYTE = 2 ** 20
const PREALLOCATED_BYTES = 64 * MEBIBYTE
const STORED_RECORD = KEY_LENGTH + STORED_CONTENT_LENGTH
const STORED_PER_BLOCK = Math.floor(MEBIBYTE / STORED_RECORD)

const fileIn = (directory: string): string => join(directory, "raw")

const create = (directory: string): number => fs.openSync(fileIn(directory), "w")

const openToRead = (directory: string): number => fs.openSync(fileIn(directory), "r")

const session = (file: number, entriesPerRun: number, operation: Operation): Promise<Session> =>
  Promise.resolve({
    operation,
    entriesPerRun,
    close: () => {
      fs.closeSync(file)
      return nothing()
    }
  })

const append = (appending: Appending): Promise<Session> => {
  switch (appending.mode) {
    case "group-async":
      return grouped(appending, committingAsync)
    case "group-sync":
      return grouped(appending, committingSync)
    case "preallocated":
      return appendPreallocated(appending)
    default:
      return appendEach(appending)
  }
}

const appendEach = ({ contentLength, directory, durability }: Appending): Promise<Session> => {
  const file = create(directory)
  const recordOf = records(contentLength)
  const length = KEY_LENGTH + contentLength
  const write = (index: number): void => {
    fs.writeSync(file, recordOf(index), 0, length)
  }
  const writeAndSync = (index: number): void => {
    write(index)
    fs.fdatasyncSync(file)
  }
  return session(file, 1, { _tag: "Sync", run: durability === "synced" ? writeAndSync : write })
}

/** Overwrites space that is allocated already, so that a sync has no metadata to write. */
const appendPreallocated = ({ contentLength, directory }: Appending): Promise<Session> => {
  const file = create(directory)
  fs.writeSync(file, Buffer.alloc(PREALLOCATED_BYTES))
  fs.fsyncSync(file)
  const recordOf = records(contentLength)
  const length = KEY_LENGTH + contentLength
  const places = Math.floor(PREALLOCATED_BYTES / length)
  const run = (index: number): void => {
    fs.writeSync(file, recordOf(index), 0, length, (index % places) * length)
    fs.fdatasyncSync(file)
  }
  return session(file, 1, { _tag: "Sync", run })
}

/** Copies the records of a group into one buffer, and answers how many bytes there are. */
type Gather = (indices: ReadonlyArray<number>) => number

const grouped = (
  { contentLength, directory, durability }: Appending,
  committing: (file: number, buffer: Buffer, gather: Gather, isSynced: boolean) => Commit
): Promise<Session> => {
  const file = create(directory)
  const recordOf = records(contentLength)
  const length = KEY_LENGTH + contentLength
  const buffer = Buffer.alloc(MEBIBYTE)
  const gather: Gather = (indices) => {
    for (let at = 0; at < indices.length; at++) {
      buffer.set(recordOf(indices[at] ?? 0), at * length)
    }
    return indices.length * length
  }
  const commit = committing(file, buffer, gather, durability === "synced")
  return session(file, 1, { _tag: "Async", run: groupCommit(commit, queueMicrotask) })
}

/** One group is under way at a time, so one buffer is enough. */
const committingAsync = (file: number, buffer: Buffer, gather: Gather, isSynced: boolean): Commit => (indices) =>
  new Promise((resolve, reject) => {
    const settle = (cause: unknown): void => cause === null ? resolve() : reject(cause)
    fs.write(file, buffer, 0, gather(indices), null, (cause) => {
      if (isSynced && cause === null) {
        fs.fdatasync(file, settle)
      } else {
        settle(cause)
      }
    })
  })

const committingSync = (file: number, buffer: Buffer, gather: Gather, isSynced: boolean): Commit => (indices) => {
  fs.writeSync(file, buffer, 0, gather(indices))
  if (isSynced) {
    fs.fdatasyncSync(file)
  }
  return undefined
}

const batch = ({ contentLength, directory, durability, mode }: Appending): Promise<Session> => {
  const file = create(directory)
  const perRun = mode === "one-mebibyte" ? Math.floor(MEBIBYTE / (KEY_LENGTH + contentLength)) : BATCH
  const bytes = repeated(batchBytes(contentLength), perRun * (KEY_LENGTH + contentLength))
  const run = (): void => {
    fs.writeSync(file, bytes)
    if (durability === "synced") {
      fs.fdatasyncSync(file)
    }
  }
  return session(file, perRun, { _tag: "Sync", run })
}

const repeated = (bytes: Buffer, length: number): Buffer => Buffer.alloc(length, bytes)

/** The entries of a key lie `KEYS` records apart. */
const readKey = (directory: string): Promise<Session> => {
  const file = openToRead(directory)
  const perKey = STORED_ENTRIES / KEYS
  const run = (index: number): void => {
    const found = Buffer.allocUnsafe(perKey * STORED_RECORD)
    for (let entry = 0; entry < perKey; entry++) {
      const position = (entry * KEYS + index % KEYS) * STORED_RECORD
      sink.bytes += fs.readSync(file, found, entry * STORED_RECORD, STORED_RECORD, position)
    }
  }
  return session(file, perKey, { _tag: "Sync", run })
}

/** Reads block after block, and makes a view of each content. */
const replay = (directory: string): Promise<Session> => {
  const file = openToRead(directory)
  const blockBytes = STORED_PER_BLOCK * STORED_RECORD
  const run = (): void => {
    let length = blockBytes
    for (let position = 0; length === blockBytes; position += blockBytes) {
      const block = Buffer.allocUnsafe(blockBytes)
      length = fs.readSync(file, block, 0, blockBytes, position)
      for (let at = 0; at < length; at += STORED_RECORD) {
        sink.bytes += block.subarray(at + KEY_LENGTH, at + STORED_RECORD).length
      }
    }
  }
  return session(file, STORED_ENTRIES, { _tag: "Sync", run })
}

const readAt = (directory: string, numbers: ReadonlyArray<number>): Promise<Session> => {
  const file = openToRead(directory)
  const numberOf = around(numbers)
  const run = (index: number): void => {
    const found = Buffer.allocUnsafe(STORED_RECORD)
    sink.bytes += fs.readSync(file, found, 0, STORED_RECORD, numberOf(index) * STORED_RECORD)
  }
  return session(file, 1, { _tag: "Sync", run })
}

export const contender: Contender = { append, batch, readKey, replay, readAt }
