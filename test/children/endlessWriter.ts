/**
 * Appends numbered entries to the log in the given directory until it is killed, and says so of each that was acknowledged.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeWal from "../../src/node/NodeWal.js"
import * as Wal from "../../src/Wal.js"

const [directory = ""] = process.argv.slice(2)

const write = Effect.gen(function*() {
  const wal = yield* Wal.make({ directory, maxSegmentBytes: 16_384, compaction: "manual" })
  let next = yield* wal.entryCount
  yield* Effect.forever(
    Effect.suspend(() => {
      next++
      return Effect.zipRight(
        wal.appendEntry(`k${next % 3}`, new TextEncoder().encode(`${next}`.padEnd(next % 200, "."))),
        Effect.sync(() => process.stdout.write(`${next}\n`))
      )
    }).pipe(Effect.zipRight(Effect.yieldNow()))
  )
})

Effect.runFork(
  Effect.scoped(write).pipe(Effect.provide(Layer.provide(NodeWal.layer, NodeFileSystem.layer)))
)
