import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as os from "node:os"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import * as Lock from "../../../src/internal/log/lock.js"
import * as LockOwner from "../../../src/LockOwner.js"

const script = fileURLToPath(new URL("children/lockContender.ts", import.meta.url))

/**
 * Several processes that contend for one lock; some are killed, and others take their place.
 */
class Race {
  readonly directory = fs.mkdtempSync(`${os.tmpdir()}/effect-wal-race-`)
  readonly journal = `${this.directory}/journal`
  readonly stop = `${this.directory}/stop`
  readonly killed = new Set<number>()
  readonly complaints: Array<string> = []
  private readonly gone = spawnSync(process.execPath, ["--version"]).pid
  private readonly contenders = new Set<ChildProcess>()

  start(role: "survivor" | "victim") {
    const args = [script, this.directory, this.journal, this.stop, String(this.gone), role]
    const child = spawn(process.execPath, ["--import", "tsx", ...args], { stdio: ["ignore", "pipe", "pipe"] })
    child.stderr.on("data", (text) => this.complaints.push(String(text)))
    child.once("exit", (code, signal) => {
      this.contenders.delete(child)
      if (signal === "SIGKILL" && child.pid !== undefined) this.killed.add(child.pid)
      else if (code !== 0) this.complaints.push(`exit ${code} ${signal}`)
    })
    this.contenders.add(child)
    return child
  }

  /** Has one process after the other die: as the owner, or else anywhere. */
  async sacrifice(deaths: number): Promise<void> {
    while (this.killed.size < deaths || findOverlaps(this.entries, this.killed).inherited === 0) {
      const victim = this.start("victim")
      const end = once(victim, "exit")
      await once(victim.stdout, "data")
      await setTimeout(Math.random() * 500)
      victim.kill("SIGKILL")
      await end
    }
  }

  async finish(): Promise<void> {
    fs.writeFileSync(this.stop, "")
    await Promise.all([...this.contenders].map((child) => once(child, "exit")))
  }

  get entries() {
    const lines = fs.existsSync(this.journal) ? fs.readFileSync(this.journal, "utf8").trimEnd().split("\n") : []
    return lines.map((line) => {
      const [event, pid, fiber] = line.split(" ")
      return { event, pid: Number(pid), who: `${pid} ${fiber}` }
    })
  }
}

/**
 * Where two owned the lock at a time. Whoever was killed may have entered without leaving, if nothing was heard of it afterwards.
 */
const findOverlaps = (entries: Race["entries"], killed: ReadonlySet<number>) => {
  const overlaps: Array<string> = []
  const buried = new Set<number>()
  let owner: { readonly pid: number; readonly who: string } | undefined
  for (const [line, { event, pid, who }] of entries.entries()) {
    if (buried.has(pid)) overlaps.push(`line ${line}: ${who} still writes`)
    if (event === "leave") {
      if (owner?.who !== who) overlaps.push(`line ${line}: ${who} leaves what ${owner?.who} owns`)
      owner = undefined
      continue
    }
    if (owner !== undefined && !killed.has(owner.pid)) {
      overlaps.push(`line ${line}: ${who} enters what ${owner.who} owns`)
    }
    if (owner !== undefined) buried.add(owner.pid)
    owner = { pid, who }
  }
  return { overlaps, inherited: buried.size }
}

describe("lock, raced for by processes", () => {
  it("the judge of the journal sees overlaps", () => {
    const entry = (event: string, pid: number) => ({ event, pid, who: `${pid} 1` })
    const lives = new Set<number>()
    expect(findOverlaps([entry("enter", 1), entry("leave", 1), entry("enter", 2)], lives).overlaps).toEqual([])
    expect(findOverlaps([entry("enter", 1), entry("enter", 2)], lives).overlaps).toHaveLength(1)
    expect(findOverlaps([entry("enter", 1), entry("enter", 2)], new Set([1]))).toEqual({ overlaps: [], inherited: 1 })
    const ghost = [entry("enter", 1), entry("enter", 2), entry("leave", 1)]
    expect(findOverlaps(ghost, new Set([1])).overlaps.length).toBeGreaterThan(0)
  })

  it("thousands of times, with owners that die and ids that are used again: never two owners", async () => {
    const race = new Race()
    for (let i = 0; i < 2; i++) race.start("survivor")
    await Promise.all([race.sacrifice(6), race.sacrifice(6)])
    while (race.entries.length < 4_000) await setTimeout(100)
    await race.finish()

    const { entries, killed } = race
    const { inherited, overlaps } = findOverlaps(entries, killed)
    expect(overlaps).toEqual([])
    expect(race.complaints).toEqual([])
    expect(inherited).toBeGreaterThan(0)
    expect(killed.size).toBeGreaterThanOrEqual(6)
    expect(entries.filter(({ event }) => event === "enter").length).toBeGreaterThan(1_900)

    const last = await Effect.runPromise(
      Effect.scoped(Lock.scoped(race.directory)).pipe(
        Effect.zipRight(
          Effect.flatMap(FileSystem.FileSystem, (platform) => platform.readDirectory(`${race.directory}/LOCK`))
        ),
        Effect.provideService(LockOwner.LockOwner, LockOwner.node()),
        Effect.provide(NodeFileSystem.layer)
      )
    )
    expect(last).toEqual(["free"])
    fs.rmSync(race.directory, { recursive: true })
  })
})
