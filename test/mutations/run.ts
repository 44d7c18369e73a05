/**
 * Applies each mutation to a copy of the project, runs the tests that must catch it, and reports those that survive.
 *
 * Run with `npm run mutations`, or `npm run mutations -- <part of a name>` for some.
 */
import { spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type Mutation, mutations } from "./mutations.js"

type Verdict = "caught" | "survived" | "undecided" | "not applicable"

const root = fileURLToPath(new URL("../..", import.meta.url))

const copyProject = (): string => {
  const copy = mkdtempSync(join(tmpdir(), "mutations-"))
  for (const name of ["src", "test", "docs", "README.md", "package.json", "tsconfig.json"]) {
    cpSync(join(root, name), join(copy, name), { recursive: true })
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"))
  return copy
}

const runTests = (copy: string, tests: ReadonlyArray<string>): "passed" | "failed" | "not ended" => {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs")
  const args = [vitest, "run", "--bail", "1", "--config", "test/vitest.config.ts", ...tests]
  const result = spawnSync(process.execPath, args, { cwd: copy, stdio: "ignore", timeout: 600_000 })
  return result.error !== undefined ? "not ended" : result.status === 0 ? "passed" : "failed"
}

const judge = (copy: string, mutation: Mutation): Verdict => {
  const path = join(copy, mutation.file)
  const original = readFileSync(path, "utf8")
  if (!original.includes(mutation.find)) {
    return "not applicable"
  }
  writeFileSync(path, original.replace(mutation.find, mutation.replace))
  const outcome = runTests(copy, mutation.tests)
  writeFileSync(path, original)
  return VERDICTS[outcome]
}

/** Tests that do not end tell nothing: the machine may be busy. */
const VERDICTS = { failed: "caught", passed: "survived", "not ended": "undecided" } as const

const wanted = process.argv[2] ?? ""
const copy = copyProject()
try {
  const survivors = mutations.filter(({ name }) => name.includes(wanted)).filter((mutation) => {
    const verdict = judge(copy, mutation)
    console.log(`${verdict.padEnd(14)} ${mutation.name}`)
    return verdict !== "caught"
  })
  console.log(survivors.length === 0 ? "every mutation was caught" : `${survivors.length} were not caught`)
  process.exitCode = survivors.length === 0 ? 0 : 1
} finally {
  rmSync(copy, { recursive: true, force: true })
}
