/**
 * On what it was measured.
 */
import { readFileSync, statfsSync } from "node:fs"
import { cpus, release, totalmem, type } from "node:os"
import type { Machine } from "../model.js"
import peers from "../package.json" with { type: "json" }

const LIBRARIES = ["effect", "@effect/platform", "@effect/platform-node"]

/** By the number that the kernel knows them by. */
const FILE_SYSTEMS = new Map([
  [0xef53, "ext4"],
  [0x58465342, "xfs"],
  [0x9123683e, "btrfs"],
  [0x01021994, "tmpfs"],
  [0x794c7630, "overlayfs"],
  [0x2fc12fc1, "zfs"],
  [0x1a, "apfs"]
])

export const describeMachine = (directory: string): Machine => {
  const processors = cpus()
  const fileSystem = statfsSync(directory).type
  return {
    date: new Date().toISOString().slice(0, 10),
    hardware: `${processors.length} × ${processors[0]?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()}, ${
      FILE_SYSTEMS.get(fileSystem) ?? `file system 0x${fileSystem.toString(16)}`
    }, Node ${process.versions.node}`,
    versions: [
      ...LIBRARIES.map((name) => `${name} ${installedVersion(name)}`),
      ...Object.entries(peers.dependencies).map(([name, version]) => `${name} ${version}`)
    ].join(", ")
  }
}

const installedVersion = (name: string): string => {
  const path = new URL(`../../../node_modules/${name}/package.json`, import.meta.url)
  const manifest: { readonly version: string } = JSON.parse(readFileSync(path, "utf8"))
  return manifest.version
}
