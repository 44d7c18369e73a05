/**
 * Opens the log in a directory and says what came of it.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Wal from "../../src/Wal.js"

const program = Wal.make({ directory: process.argv[2] ?? "" }).pipe(
  Effect.match({
    onFailure: (error) => `${error._tag}: ${error.message}`,
    onSuccess: () => "opened"
  }),
  Effect.scoped,
  Effect.provide(NodeFileSystem.layer)
)

console.log(await Effect.runPromise(program))
