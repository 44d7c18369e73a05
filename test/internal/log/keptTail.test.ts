/**
 * The end of a segment that is kept while it is written anew: when it is put back, and when it is not.
 */
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { SimulatedDisk } from "effect-wal/testing"
import * as Wal from "effect-wal/Wal"
import * as Effect from "effect/Effect"
import { crc32 } from "../../../src/internal/format/crc32.js"
import { segmentFileName, tailFileName } from "../../../src/internal/format/fileName.js"
import { encodeTailHeader, TAIL_HEADER_LENGTH, type TailHeader } from "../../../src/internal/format/tailHeader.js"
import { bytes, contents, sequence } from "../../support/entries.js"
import { headerOf } from "./support/crashImage.js"

const options = { directory: "/log", compaction: "manual", syncInterval: "never" } as const

const SEGMENT = `/log/${segmentFileName(1)}`
const TAIL = `/log/${tailFileName(1)}`

/** A log of three entries, of which the last two are garbled, as a power loss leaves what was being written anew. */
const garbled = Effect.gen(function*() {
  const disk = yield* SimulatedDisk.make()
  const wal = yield* Effect.provide(Wal.make(options), disk.layer)
  const refs = yield* Effect.forEach(["one", "two", "three"], (content) => wal.appendEntry("k", bytes(content)))
  const whole = yield* disk.fileSystem.readFile(SEGMENT)
  const machine = yield* disk.killed
  const from = refs[1]?.offset ?? 0
  yield* machine.fileSystem.writeFile(SEGMENT, whole.slice().fill(0xaa, from))
  return { machine, whole, from }
})

const tailHeaderOf = (whole: Uint8Array, from: number): TailHeader => ({
  id: 1,
  salt: headerOf(whole).salt,
  from,
  length: whole.length - from,
  checksum: crc32(whole, from, whole.length, 0)
})

const tailOf = (header: TailHeader, whole: Uint8Array, from: number): Uint8Array => {
  const tail = new Uint8Array(TAIL_HEADER_LENGTH + whole.length - from)
  tail.set(encodeTailHeader(header))
  tail.set(whole.subarray(from), TAIL_HEADER_LENGTH)
  return tail
}

/** What the log has after it was opened with that tail beside it, and what is left of the tail. */
const openWith = (machine: SimulatedDisk.SimulatedDisk, tail: Uint8Array, path = TAIL) =>
  Effect.gen(function*() {
    yield* machine.fileSystem.writeFile(path, tail)
    const wal = yield* Effect.provide(Wal.make(options), machine.layer)
    const found = yield* contents(wal.replay())
    strictEqual((yield* wal.appendEntry("k", bytes("more"))).sequence, sequence(found.length + 1))
    return { found, isThere: yield* machine.fileSystem.exists(path) }
  })

describe("the end of a segment that was kept", () => {
  it.scoped("is put back, and then dropped for good", () =>
    Effect.gen(function*() {
      const { from, machine, whole } = yield* garbled
      const { found, isThere } = yield* openWith(machine, tailOf(tailHeaderOf(whole, from), whole, from))
      deepStrictEqual(found, ["one", "two", "three"])
      strictEqual(isThere, false)
      const later = yield* machine.crashed("lose-all")
      strictEqual(yield* later.fileSystem.exists(TAIL), false)
      const again = yield* Effect.provide(Wal.make(options), later.layer)
      deepStrictEqual((yield* contents(again.replay())).slice(0, 3), ["one", "two", "three"])
    }))

  it.scoped("cuts off what was to be cut off", () =>
    Effect.gen(function*() {
      const { from, machine, whole } = yield* garbled
      const rest = new Uint8Array(1_000).fill(0xaa)
      yield* machine.fileSystem.writeFile(SEGMENT, Buffer.concat([whole, rest]))
      const wal = yield* Effect.zipRight(
        machine.fileSystem.writeFile(TAIL, tailOf(tailHeaderOf(whole, from), whole, from)),
        Effect.provide(Wal.make(options), machine.layer)
      )
      deepStrictEqual(wal.recovery.tornTails, [])
      deepStrictEqual(yield* contents(wal.replay()), ["one", "two", "three"])
    }))

  it.scoped("is left out where it was not written to its end, wherever it ends", () =>
    Effect.gen(function*() {
      const { from, machine, whole } = yield* garbled
      const tail = tailOf(tailHeaderOf(whole, from), whole, from)
      for (let length = 0; length < tail.length; length += 8) {
        const copy = yield* machine.killed
        const { found, isThere } = yield* openWith(copy, tail.slice(0, length))
        deepStrictEqual(found, ["one"])
        strictEqual(isThere, false)
      }
    }))

  it.scoped("is left out where any bit of it is another one", () =>
    Effect.gen(function*() {
      const { from, machine, whole } = yield* garbled
      const tail = tailOf(tailHeaderOf(whole, from), whole, from)
      for (let at = 0; at < tail.length; at++) {
        const copy = yield* machine.killed
        const flipped = tail.slice()
        flipped[at] = (flipped[at] ?? 0) ^ (1 << at % 8)
        deepStrictEqual((yield* openWith(copy, flipped)).found, ["one"])
      }
    }), 300_000)

  it.scoped("is left out where it is another segment's, and left alone where that is not the last one", () =>
    Effect.gen(function*() {
      const { from, machine, whole } = yield* garbled
      const header = tailHeaderOf(whole, from)
      for (const other of [{ ...header, salt: header.salt ^ 1 }, { ...header, id: 2 }]) {
        const { found } = yield* openWith(yield* machine.killed, tailOf(other, whole, from))
        deepStrictEqual(found, ["one"])
      }
      const elsewhere = `/log/${tailFileName(2)}`
      const { found, isThere } = yield* openWith(yield* machine.killed, tailOf(header, whole, from), elsewhere)
      deepStrictEqual(found, ["one"])
      assertTrue(isThere)
    }))

  it.scoped("is as long as what was not synced for certain, however long its segment is", () =>
    Effect.gen(function*() {
      const disk = yield* SimulatedDisk.make()
      const wal = yield* Effect.provide(Wal.make(options), disk.layer)
      yield* wal.appendEntry("k", new Uint8Array(3_000_000))
      yield* wal.sync
      yield* wal.appendEntry("k", bytes("after the mark"))
      const machine = yield* disk.killed
      const again = yield* Effect.provide(Wal.make(options), machine.layer)
      strictEqual(yield* again.entryCount, 2)
      const written = (yield* machine.operations).filter(({ kind, path }) => kind === "write" && path === TAIL)
      const lengths = written.map(({ length = 0 }) => length)
      assertTrue(lengths.length > 1 && lengths.reduce((sum, length) => sum + length, 0) < 500)
    }))
})
