import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, expect, it } from "@effect/vitest"
import { assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** The examples, each with what differs from run to run in what it prints. */
const examples: ReadonlyArray<readonly [name: string, varies: RegExp]> = [
  ["event-sourcing", /(?!)/g],
  ["database-log", /\d+/g],
  ["message-queue", /\d+(?= after a compaction)/g],
  ["audit-log", /(?!)/g],
  ["warm-cache", /[\d.]+(?= KiB)/g]
]

describe("npm run example", () => {
  it.scoped.each(examples)(
    "-- %s prints what its page shows, and leaves nothing behind",
    ([name, varies]) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped()
        const { code, stderr, stdout } = yield* run(directory, name)
        strictEqual(stderr, "")
        strictEqual(code, 0)
        strictEqual(stdout.replaceAll(varies, "#"), shownBy(`docs/${name}.md`).replaceAll(varies, "#"))
        deepStrictEqual((yield* fs.readDirectory(directory)).filter((file) => !file.startsWith("tsx-")), [])
      }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("lists the names where there is none, or another one", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      for (const names of [[], ["nonesuch"], ["toString"]]) {
        const { code, stderr, stdout } = yield* run(directory, ...names)
        strictEqual(stdout, "")
        assertTrue(code !== 0)
        for (const [name] of examples) {
          assertInclude(stderr, `\n  ${name}\n`)
        }
      }
    }).pipe(Effect.provide(NodeContext.layer)))

  it("has a page for each example, which the README names", () => {
    const readme = readFileSync(`${root}/README.md`, "utf8")
    for (const [name] of examples) {
      expect(readme).toContain(`](docs/${name}.md)`)
      expect(readFileSync(`${root}/docs/${name}.md`, "utf8")).toContain(`npm run example -- ${name}\n`)
    }
  })
})

/** What stands in a page's first fence of text. */
const shownBy = (page: string): string => /```text\n([^]*?)```/.exec(readFileSync(`${root}/${page}`, "utf8"))?.[1] ?? ""

const run = (temporary: string, ...names: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const example = yield* Command.make(process.execPath, "--import", "tsx", "docs/examples/run.ts", ...names).pipe(
      Command.workingDirectory(root),
      Command.env({ TMPDIR: temporary, NO_COLOR: undefined, FORCE_COLOR: undefined }),
      Command.start
    )
    const [stdout, stderr] = yield* Effect.all([textOf(example.stdout), textOf(example.stderr)], { concurrency: 2 })
    return { stdout, stderr, code: Number(yield* example.exitCode) }
  })

const textOf = <E>(bytes: Stream.Stream<Uint8Array, E>) => Stream.mkString(Stream.decodeText(bytes))
