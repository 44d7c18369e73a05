import { describe, expect, it } from "@effect/vitest"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import manifest from "../../package.json" with { type: "json" }
import benchmark from "../benchmark/package.json" with { type: "json" }
import { undocumentedExports } from "./support/exports.js"
import { examples, fences, markdownFiles, snippetsOf } from "./support/extract.js"
import { globFiles } from "./support/files.js"
import { brokenLinks } from "./support/links.js"
import { typeErrors } from "./support/typeCheck.js"

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "")

describe("code in the documentation", () => {
  it("compiles", () => {
    const snippets = snippetsOf(root)
    const files = new Set(snippets.map(({ file }) => file))
    expect(files).toContain("README.md")
    expect(files).toContain("src/Wal.ts")
    expect(typeErrors(root, snippets)).toEqual([])
  }, 180_000)

  it("is found between fences", () => {
    const text = [
      "# Title",
      "```ts",
      "const a = 1",
      "const b = 2",
      "```",
      "```sh",
      "ls",
      "```",
      "- item",
      "  ```ts",
      "  c()",
      "  ```"
    ]
    expect(fences("a.md", text)).toEqual([
      { file: "a.md", line: 3, code: "const a = 1\nconst b = 2" },
      { file: "a.md", line: 11, code: "  c()" }
    ])
  })

  it("is found in doc comments, with fences and without", () => {
    const text = [
      "/**",
      " * @example",
      " * const a = 1",
      " *",
      " * const b = 2",
      " * @since 0.1.0",
      " */",
      "  /**",
      "   * @example",
      "   * ```ts",
      "   * const c = 3",
      "   * ```",
      "   */"
    ]
    expect(examples("a.ts", text)).toEqual([
      { file: "a.ts", line: 3, code: "const a = 1\n\nconst b = 2" },
      { file: "a.ts", line: 11, code: "const c = 3" }
    ])
  })

  it("that does not compile is reported with its file and line", () => {
    const errors = typeErrors(root, [
      { file: "docs/good.md", line: 1, code: "import { Wal } from \"effect-wal\"\nexport const tag = Wal.Wal" },
      {
        file: "docs/bad.md",
        line: 7,
        code: "const a = 1\nconst b: string = a\nimport * as Wal from \"effect-wal/Wall\""
      },
      { file: "docs/worse.md", line: 3, code: "const = 1" }
    ])
    expect([...new Set(errors.map((error) => error.split(": ")[0]))]).toEqual([
      "docs/bad.md:8",
      "docs/bad.md:9",
      "docs/worse.md:3"
    ])
  })
})

describe("the public modules", () => {
  it("have a doc comment with @since for each export", () => {
    const modules = [
      ...globFiles(root, "src/testing", ".ts"),
      ...globFiles(root, "src/node", ".ts"),
      ...sourceModules()
    ]
    expect(modules.length).toBeGreaterThan(8)
    expect(undocumentedExports(root, modules)).toEqual([])
  })

  it("would be reported without one", () =>
    inTemporaryFile(
      "a.ts",
      "/**\n * @since 0.1.0\n */\nexport const a = 1\nexport const b = 2\n/** Text. */\nexport interface c {}\n",
      (directory) => {
        writeFileSync(join(directory, "tsconfig.json"), "{}")
        expect(undocumentedExports(directory, ["a.ts"])).toEqual(["a.ts:5: b", "a.ts:7: c"])
      }
    ))
})

describe("links", () => {
  it("lead to files and headings that exist", () => {
    expect(markdownFiles(root).flatMap((file) => brokenLinks(root, file))).toEqual([])
  })

  it("that lead nowhere are reported", () =>
    inTemporaryFile(
      "a.md",
      "# A `heading`, here\n[file](a.md) [none](b.md)\n[here](#a-heading-here) [nowhere](#a) [web](https://example.org)\n",
      (directory) => expect(brokenLinks(directory, "a.md")).toEqual(["a.md:2: b.md", "a.md:3: #a"])
    ))
})

describe("docs/dependencies.md", () => {
  it("has a row for each dependency, and for nothing else", () => {
    const { devDependencies, peerDependencies } = manifest
    const rows = readFileSync(`${root}/docs/dependencies.md`, "utf8").matchAll(/^\| `([^`]+)`/gm)
    expect([...rows].map(([, name]) => name)).toEqual([
      ...Object.keys(peerDependencies).sort().toReversed(),
      ...Object.keys(devDependencies).sort(),
      ...Object.keys(benchmark.dependencies).sort()
    ])
  })
})

function sourceModules(): ReadonlyArray<string> {
  return globFiles(root, "src", ".ts").filter((file) => file.split("/").length === 2)
}

function inTemporaryFile(name: string, text: string, use: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "effect-wal-docs-"))
  try {
    writeFileSync(join(directory, name), text)
    use(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
