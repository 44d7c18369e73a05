/**
 * A database's log: a table that is checkpointed, its process killed, and nothing that was acknowledged missing.
 *
 *     npm run example -- database-log
 */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"
import { Changes, changesIn, openTable } from "./table.js"

const KILL_AFTER = 3456

/** The last change that the server acknowledged before it died. */
const killServer = (directory: string) =>
  Effect.gen(function*() {
    const script = fileURLToPath(new URL("server.ts", import.meta.url))
    const server = yield* Command.start(
      Command.make(process.execPath, "--import", "tsx", script, directory).pipe(Command.stderr("inherit"))
    )
    return yield* server.stdout.pipe(
      Stream.decodeText(),
      Stream.splitLines,
      Stream.map(Number),
      Stream.tap((change) => change === KILL_AFTER ? server.kill("SIGKILL") : Effect.void),
      Stream.runFold(0, Math.max)
    )
  }).pipe(Effect.scoped)

/** What the rows must be after so many of the server's changes. */
const rowsAfter = (changes: number): ReadonlyMap<string, number> => {
  const rows = new Map<string, number>()
  for (let change = 1; change <= changes; change++) {
    const account = `account-${change % 100}`
    if (change % 250 === 0) {
      rows.delete(account)
    } else {
      rows.set(account, change)
    }
  }
  return rows
}

const textOf = (rows: ReadonlyMap<string, number>): string => JSON.stringify([...rows].sort())

const recover = (directory: string, acknowledged: number) =>
  Effect.gen(function*() {
    const table = yield* openTable(directory)
    const changes = yield* Changes
    const { sequence } = table.checkpoint
    yield* Console.log(`The checkpoint has the rows as they were after change ${sequence};`)
    yield* Console.log(`${table.replayed} changes behind it were replayed from the log.`)
    const last = sequence + table.replayed
    if (last < acknowledged || textOf(table.rows) !== textOf(rowsAfter(last))) {
      return yield* Effect.dieMessage("changes are missing in the table")
    }
    yield* Console.log("Every acknowledged change is in the table.")

    const before = yield* changes.wal.entryCount
    yield* table.makeCheckpoint
    const after = yield* changes.wal.entryCount
    yield* Console.log(`Another checkpoint: the log had ${before} entries, and now has ${after}.`)
  })

export const example = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  yield* Console.log("A process changes a table of accounts, with a checkpoint every 1000 changes.")
  const acknowledged = yield* killServer(directory)
  yield* Console.log(`It was killed with SIGKILL; change ${acknowledged} was the last one that it acknowledged.`)
  yield* Effect.provide(recover(directory, acknowledged), changesIn(directory))
})
