/**
 * The process that is killed: changes rows for ever, makes a checkpoint every 1,000 changes, and says which change was acknowledged.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { changesIn, openTable } from "./table.js"

const directory = process.argv[2] ?? ""

const server = Effect.gen(function*() {
  const table = yield* openTable(directory)
  for (let change = 1;; change++) {
    const account = `account-${change % 100}`
    yield* change % 250 === 0 ? table.delete(account) : table.put(account, change)
    yield* Console.log(change)
    if (change % 1000 === 0) {
      yield* table.makeCheckpoint
    }
  }
})

server.pipe(Effect.provide(changesIn(directory)), Effect.provide(NodeContext.layer), NodeRuntime.runMain)
