/**
 * Real processes, killed with SIGKILL at random moments, over the same directory again and again: nothing that one of them
 * reported as acknowledged is missing, and batches are whole.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual } from "@effect/vitest/utils"
import * as EffectArray from "effect/Array"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as Wal from "../../src/Wal.js"
import { readAll } from "./check.js"

const APPENDER = fileURLToPath(new URL("./children/appender.ts", import.meta.url))

const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? 12)

/** Ends the process a while after it has opened the log; answers the whole lines that it wrote. */
const runAndKill = (directory: string, round: number): Effect.Effect<ReadonlyArray<string>> =>
  Effect.async<ReadonlyArray<string>>((resume) => {
    const child = spawn(process.execPath, ["--import", "tsx", APPENDER, directory, String(round)], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    let output = ""
    child.stdout.on("data", (data: Buffer) => {
      if (output === "") {
        setTimeout(() => child.kill("SIGKILL"), Math.random() * 150)
      }
      output += data.toString()
    })
    child.on("close", () => resume(Effect.succeed(output.split("\n").slice(0, -1))))
  })

/** What was acknowledged, by sequence, and what may be gone by now. */
interface Account {
  readonly acknowledged: Map<number, string>
  removable: number
}

const enter = (account: Account, lines: ReadonlyArray<string>): void => {
  for (const line of lines) {
    const [word, number, id] = line.split(" ")
    if (word === "ack" && id !== undefined) {
      account.acknowledged.set(Number(number), id)
    } else if (word === "removing") {
      account.removable = Math.max(account.removable, Number(number))
    }
  }
}

const idOf = (content: Uint8Array): string => new TextDecoder().decode(content).split(" ")[0] ?? ""

const wrongIn = (directory: string, account: Account) =>
  Effect.gen(function*() {
    const wal = yield* Wal.make({ directory })
    const found = new Map((yield* readAll(wal)).map((entry) => [Number(entry.sequence), idOf(entry.content)]))
    const lost = Array.from(account.acknowledged).filter(([sequence, id]) =>
      sequence >= account.removable && found.get(sequence) !== id
    )
    const batches = EffectArray.groupBy(
      Array.from(found.values()).filter((id) => id.includes("batch")),
      (id) => id.split("-").slice(0, 3).join("-")
    )
    const cut = Object.entries(batches).filter(([, members]) => members.length !== 3)
    return [...lost.map(([sequence, id]) => `${id} with sequence ${sequence}`), ...cut.map(([batch]) => batch)]
  }).pipe(Effect.scoped)

describe("a process that is killed", () => {
  it.scopedLive("loses nothing that it reported as acknowledged, however often", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = `${yield* fs.makeTempDirectoryScoped()}/log`
      const account: Account = { acknowledged: new Map(), removable: 0 }
      for (let round = 0; round < ROUNDS; round++) {
        enter(account, yield* runAndKill(directory, round))
        deepStrictEqual(yield* wrongIn(directory, account), [])
      }
      assertTrue(account.acknowledged.size > ROUNDS)
    }).pipe(Effect.provide(NodeFileSystem.layer)), 60_000 + ROUNDS * 5_000)
})
