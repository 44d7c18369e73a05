/**
 * async-append-only-log: answers an append before it writes it, and tells when all that was appended is on the disk.
 */
import openLog, { type Log } from "async-append-only-log"
import { join } from "node:path"
import { around, BATCH, records, STORED_ENTRIES } from "../data.js"
import { type Appending, type Contender, type Opened, type Operation, type Session, sink } from "./contender.js"

/** In milliseconds: the shortest it takes. */
const SOON = 1

const openIn = async (directory: string, isWaitedFor: boolean): Promise<Log> => {
  const log = openLog(join(directory, "async.log"), isWaitedFor ? { writeTimeout: SOON } : {})
  await new Promise<void>((loaded) => log.onDrain(loaded))
  return log
}

const session = (log: Log, entriesPerRun: number, operation: Operation): Session => ({
  operation,
  entriesPerRun,
  close: () => close(log)
})

const close = (log: Log): Promise<void> =>
  new Promise((resolve, reject) => log.close((cause) => cause ? reject(cause) : resolve()))

const onDisk = (log: Log): Promise<void> => new Promise((resolve) => log.onDrain(resolve))

const rethrow = (cause: unknown): void => {
  if (cause) {
    throw cause
  }
}

/** What is appended by `add` is durable once the log has drained. */
const appendOperation = (log: Log, isSynced: boolean, add: (index: number) => void): Operation =>
  isSynced
    ? {
      _tag: "Async",
      run: (index) => {
        add(index)
        return onDisk(log)
      }
    }
    : { _tag: "Sync", run: add }

const append = async (appending: Appending): Promise<Session> => {
  const recordOf = records(appending.contentLength)
  return appendSession(appending, 1, recordOf)
}

const batch = async (appending: Appending): Promise<Session> => {
  const recordOf = records(appending.contentLength)
  const batch = Array.from({ length: BATCH }, (_, index) => recordOf(index))
  return appendSession(appending, BATCH, () => batch)
}

const appendSession = async (
  { directory, durability, mode }: Appending,
  entriesPerRun: number,
  dataOf: (index: number) => Buffer | ReadonlyArray<Buffer>
): Promise<Session> => {
  const isSynced = durability === "synced"
  const isUntilWritten = mode === "until-written"
  const log = await openIn(directory, isSynced || isUntilWritten)
  const operation = appendOperation(log, isSynced, (index) => log.append(dataOf(index), rethrow))
  return { ...session(log, entriesPerRun, operation), ...(isUntilWritten ? { settle: () => onDisk(log) } : {}) }
}

const open = async (directory: string): Promise<Opened> => {
  const log = await openIn(directory, true)
  return { close: () => close(log) }
}

const replay = async (directory: string): Promise<Session> => {
  const log = await openIn(directory, true)
  const run = () =>
    stream(log, { offsets: false }, (value: Buffer) => {
      sink.bytes += value.length
    })
  return session(log, STORED_ENTRIES, { _tag: "Async", run })
}

const stream = <A>(
  log: Log,
  options: { readonly offsets?: boolean; readonly values?: boolean },
  write: (item: A) => void
): Promise<void> =>
  new Promise((resolve, reject) => {
    log.stream<A>(options).pipe({ paused: false, write, end: (cause) => cause ? reject(cause) : resolve() })
  })

const readAt = async (directory: string, numbers: ReadonlyArray<number>): Promise<Session> => {
  const log = await openIn(directory, true)
  const offsets: Array<number> = []
  await stream(log, { values: false }, (offset: number) => offsets.push(offset))
  const offsetAt = around(numbers.map((number) => offsets[number] ?? NaN))
  const run = (index: number) =>
    new Promise<void>((resolve, reject) =>
      log.get(offsetAt(index), (cause, value) => {
        sink.bytes += value?.length ?? NaN
        return cause ? reject(cause) : resolve()
      })
    )
  return session(log, 1, { _tag: "Async", run })
}

export const contender: Contender = { append, batch, open, replay, readAt }
