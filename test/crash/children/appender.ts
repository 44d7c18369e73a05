/**
 * Appends for ever, and says of each entry on standard output that it was acknowledged, before it appends the next; it
 * ends when it is killed.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import { writeSync } from "node:fs"
import * as Wal from "../../../src/Wal.js"
import { type Durability, type EntryRef, Sequence } from "../../../src/WalEntry.js"

const [, , directory = "", seed = "0"] = process.argv

const say = (line: string): void => {
  writeSync(1, `${line}\n`)
}

const contentOf = (id: string, length: number): Uint8Array => {
  const content = new Uint8Array(id.length + 1 + length).fill(46)
  content.set(new TextEncoder().encode(`${id} `))
  return content
}

const acknowledged = (id: string) => (ref: EntryRef): Effect.Effect<void> =>
  Effect.sync(() => say(`ack ${ref.sequence} ${id}`))

const DURABILITIES: ReadonlyArray<Durability> = ["written", "synced", "written", "written"]

const appendOne = (wal: Wal.Service, fiber: number, index: number) => {
  const id = `${seed}-${fiber}-${index}`
  const durability = DURABILITIES[index % DURABILITIES.length] ?? "written"
  const length = (index * 7919) % 3000
  return Effect.flatMap(wal.appendEntry(`key-${fiber}`, contentOf(id, length), { durability }), acknowledged(id))
}

const appendBatch = (wal: Wal.Service, index: number) => {
  const ids = [0, 1, 2].map((member) => `${seed}-batch-${index}-${member}`)
  return Effect.flatMap(
    wal.appendBatch(ids.map((id) => ({ key: "batch", content: contentOf(id, 200) }))),
    (refs) => Effect.forEach(refs, (ref, member) => acknowledged(ids[member] ?? "")(ref), { discard: true })
  )
}

/** Keeps the last few hundred entries, and says what may be gone before it goes. */
const truncate = (wal: Wal.Service) =>
  Effect.flatMap(wal.stats, ({ newest }) => {
    const before = Math.max(1, (newest?.sequence ?? 1) - 300)
    say(`removing ${before}`)
    return wal.truncateBefore(Sequence.make(before))
  })

const program = Effect.gen(function*() {
  const wal = yield* Wal.make({ directory, maxSegmentBytes: 32_768 })
  say("open")
  const forever = <E>(step: (index: number) => Effect.Effect<unknown, E>) =>
    Effect.iterate(0, { while: () => true, body: (index) => Effect.as(step(index), index + 1) })
  yield* Effect.all([
    forever((index) => appendOne(wal, 0, index)),
    forever((index) => appendOne(wal, 1, index)),
    forever((index) => Effect.delay(appendBatch(wal, index), "2 millis")),
    forever(() => Effect.delay(truncate(wal), "25 millis"))
  ], { concurrency: "unbounded" })
})

Effect.runFork(program.pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))
