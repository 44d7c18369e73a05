/**
 * A directory that is entered over real files: the same as through the platform, and only where both mean the same by it.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { NodeWal } from "effect-wal/node"
import { SimulatedDisk } from "effect-wal/testing"
import * as Wal from "effect-wal/Wal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as nodeFs from "node:fs"
import { directCallsOf } from "../../../src/internal/segment/directCalls.js"
import { enterDirectory } from "../../../src/internal/segment/directNames.js"
import { probeSegment, probeSegments } from "../../../src/internal/segment/probe.js"
import { bytes, contents, session } from "../../support/entries.js"
import { outcomeOf } from "../segment/outcome.js"

/** The tuned file system over another one, the same entered, and what it was made of. */
const enteredOver = (wrapped: FileSystem.FileSystem, directory: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return { fs, inside: yield* enterDirectory(fs, directory) }
  }).pipe(Effect.provide(Layer.provide(NodeWal.layer, Layer.succeed(FileSystem.FileSystem, wrapped))))

const platform = Effect.provide(FileSystem.FileSystem, NodeFileSystem.layer)

const place = Effect.gen(function*() {
  const wrapped = yield* platform
  const directory = yield* wrapped.makeTempDirectoryScoped({ prefix: "effect-wal-" })
  const { fs, inside } = yield* enteredOver(wrapped, directory)
  assertTrue(inside !== undefined)
  return { wrapped, directory, fs, inside }
})

const openDescriptors = Effect.sync(() => nodeFs.readdirSync("/proc/self/fd").length)

/** Whom no permission holds back. */
const isRoot = process.getuid?.() === 0

const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at)

const makes: Record<string, (path: string) => void> = {
  "that is whole": (path) => nodeFs.writeFileSync(path, bytesOf(1_000)),
  "whose ends overlap": (path) => nodeFs.writeFileSync(path, bytesOf(200)),
  "that is shorter than a header": (path) => nodeFs.writeFileSync(path, bytesOf(100)),
  "that is empty": (path) => nodeFs.writeFileSync(path, ""),
  "that is missing": () => undefined,
  "that is a directory": (path) => nodeFs.mkdirSync(path),
  "that is a link to itself": (path) => nodeFs.symlinkSync(path, path),
  ...(isRoot ? {} : { "that may not be read": (path) => nodeFs.writeFileSync(path, "", { mode: 0 }) })
}

describe("a segment on real files", () => {
  for (const [name, make] of Object.entries(makes)) {
    it.scopedLive(`${name} is told of as through the platform, and closed`, () =>
      Effect.gen(function*() {
        const { directory, inside, wrapped } = yield* place
        const path = `${directory}/1.wal`
        make(path)
        const before = yield* openDescriptors
        const outcome = yield* outcomeOf(probeSegment(inside, path, 1))
        strictEqual(yield* openDescriptors, before)
        deepStrictEqual(outcome, yield* outcomeOf(probeSegment(wrapped, path, 1)))
      }))
  }

  it.scopedLive("below a file is told of as through the platform", () =>
    Effect.gen(function*() {
      const { directory, inside, wrapped } = yield* place
      nodeFs.writeFileSync(`${directory}/file`, "")
      const probe = (fs: FileSystem.FileSystem) => outcomeOf(probeSegment(fs, `${directory}/file/1.wal`, 1))
      deepStrictEqual(yield* probe(inside), yield* probe(wrapped))
    }))

  it.scopedLive("one after the other leave the event loop its turns", () =>
    Effect.gen(function*() {
      const { directory, inside } = yield* place
      nodeFs.writeFileSync(`${directory}/1.wal`, bytesOf(1_000))
      let turns = 0
      const count = () => {
        turns++
        next = setImmediate(count)
      }
      let next = setImmediate(count)
      const segments = Array.from({ length: 1_000 }, (_, id) => ({ id, path: `${directory}/1.wal` }))
      const probes = yield* probeSegments(inside, segments)
      clearImmediate(next)
      deepStrictEqual(probes.map(({ id, path }) => ({ id, path })), segments)
      assertTrue(turns >= 10)
    }))
})

/** What was asked for, each as it came out. */
const outcomes = (calls: Record<string, Effect.Effect<unknown, PlatformError>>) =>
  Effect.forEach(Object.entries(calls), ([name, call]) => Effect.map(outcomeOf(call), (outcome) => ({ name, outcome })))

describe("the names in a directory that was entered", () => {
  it.scopedLive("are read as through the platform", () =>
    Effect.gen(function*() {
      const { directory, inside, wrapped } = yield* place
      const path = (name: string) => `${directory}/${name}`
      nodeFs.mkdirSync(path("full/of"), { recursive: true })
      nodeFs.mkdirSync(path("other/names"), { recursive: true })
      nodeFs.writeFileSync(path("a"), "a")
      yield* inside.rename(path("a"), path("b"))
      strictEqual(nodeFs.readFileSync(path("b"), "utf8"), "a")
      const calls = (fs: FileSystem.FileSystem) => ({
        list: Effect.map(fs.readDirectory(directory), (names) => names.toSorted()),
        listAll: Effect.map(fs.readDirectory(directory, { recursive: true }), (names) => names.toSorted()),
        listMissing: fs.readDirectory(path("missing")),
        listFile: fs.readDirectory(path("b")),
        listElsewhere: Effect.map(fs.readDirectory("/sys"), (names) => names.toSorted()),
        renameMissing: fs.rename(path("missing"), path("c")),
        renameOnto: fs.rename(path("full"), path("other")),
        renameOut: fs.rename(path("missing"), "/nowhere/at-all"),
        process: fs.readFileString("/proc/sys/kernel/random/boot_id"),
        noProcess: fs.readFileString("/proc/none"),
        file: fs.readFileString(path("b")),
        namespace: fs.readLink("/proc/self/ns/pid"),
        noLink: fs.readLink("/proc/version")
      })
      deepStrictEqual(yield* outcomes(calls(inside)), yield* outcomes(calls(wrapped)))
    }))

  it.scopedLive("are opened as files that are read and written at once", () =>
    Effect.gen(function*() {
      const { directory, inside } = yield* place
      const created = yield* inside.open(`${directory}/1.wal`, { flag: "wx+" })
      assertTrue(directCallsOf(created) !== undefined)
      assertTrue(directCallsOf(yield* inside.open(directory, { flag: "r" })) !== undefined)
      deepStrictEqual(
        yield* outcomeOf(inside.open(`${directory}/2.wal`)),
        yield* outcomeOf(Effect.flatMap(platform, (fs) => fs.open(`${directory}/2.wal`)))
      )
    }))
})

/** The platform's, below another root: what a path means to it is something else than to Node. */
const below = (fs: FileSystem.FileSystem, root: string): FileSystem.FileSystem => {
  const inRoot = (path: string) => `${root}${path}`
  return FileSystem.make({
    ...fs,
    access: (path, options) => fs.access(inRoot(path), options),
    makeDirectory: (path, options) => fs.makeDirectory(inRoot(path), options),
    open: (path, options) => fs.open(inRoot(path), options),
    readDirectory: (path, options) => fs.readDirectory(inRoot(path), options),
    readFile: (path) => fs.readFile(inRoot(path)),
    readLink: (path) => fs.readLink(inRoot(path)),
    remove: (path, options) => fs.remove(inRoot(path), options),
    rename: (from, to) => fs.rename(inRoot(from), inRoot(to)),
    stat: (path) => fs.stat(inRoot(path)),
    writeFile: (path, data, options) => fs.writeFile(inRoot(path), data, options)
  })
}

const appendTo = (wrapped: FileSystem.FileSystem, directory: string, content: string) =>
  session((wal) => Effect.zipRight(wal.logEntry("key", bytes(content)), contents(wal.replay())))(
    Wal.make({ directory })
  ).pipe(Effect.provide(Layer.provide(NodeWal.layer, Layer.succeed(FileSystem.FileSystem, wrapped))))

describe("a file system that means other files by the same paths", () => {
  it.scopedLive("is not entered, and a log on it is not Node's of that path", () =>
    Effect.gen(function*() {
      const { directory, wrapped } = yield* place
      const log = `${directory}/log`
      const jail = `${directory}/jail`
      nodeFs.mkdirSync(`${jail}${log}`, { recursive: true })
      deepStrictEqual(yield* appendTo(wrapped, log, "Node's"), ["Node's"])
      const jailed = below(wrapped, jail)
      strictEqual((yield* enteredOver(jailed, log)).inside, undefined)
      deepStrictEqual(yield* appendTo(jailed, log, "jailed"), ["jailed"])
      deepStrictEqual(yield* appendTo(wrapped, log, "again"), ["Node's", "again"])
      deepStrictEqual(yield* appendTo(jailed, log, "again"), ["jailed", "again"])
    }))

  it.scopedLive("is not entered where Node has nothing, or something else than a directory", () =>
    Effect.gen(function*() {
      const { directory, wrapped } = yield* place
      nodeFs.writeFileSync(`${directory}/file`, "")
      for (const path of [`${directory}/missing`, `${directory}/file`]) {
        strictEqual((yield* enteredOver(wrapped, path)).inside, undefined)
      }
    }))

  it.scopedLive("is not entered on a simulated disk, whose log goes on as ever", () =>
    Effect.gen(function*() {
      const { directory } = yield* place
      const { fileSystem } = yield* SimulatedDisk.make()
      yield* fileSystem.makeDirectory(directory, { recursive: true })
      strictEqual((yield* enteredOver(fileSystem, directory)).inside, undefined)
      deepStrictEqual(yield* appendTo(fileSystem, directory, "simulated"), ["simulated"])
      deepStrictEqual(nodeFs.readdirSync(directory), [])
    }))

  it.scopedLive("is asked itself where it is laid over a tuned one", () =>
    Effect.gen(function*() {
      const { directory, fs } = yield* place
      strictEqual(yield* enterDirectory({ ...fs }, directory), undefined)
      assertTrue((yield* enterDirectory(fs, directory)) !== undefined)
    }))

  it.scopedLive("is asked itself for what lies outside of the directory", () =>
    Effect.gen(function*() {
      const { directory, wrapped } = yield* place
      const asked: Array<string> = []
      const { inside } = yield* enteredOver({
        ...wrapped,
        readDirectory: (path, options) => {
          asked.push(path)
          return wrapped.readDirectory(path, options)
        }
      }, directory)
      nodeFs.mkdirSync(`${directory}-beside`)
      yield* Effect.addFinalizer(() => Effect.sync(() => nodeFs.rmdirSync(`${directory}-beside`)))
      yield* inside?.readDirectory(directory) ?? Effect.dieMessage("not entered")
      yield* inside?.readDirectory(`${directory}-beside`) ?? Effect.dieMessage("not entered")
      deepStrictEqual(asked, [`${directory}-beside`])
    }))
})
