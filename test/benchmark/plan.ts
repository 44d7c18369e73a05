/**
 * What is measured: every workload with its cases, the first of which the others are relative to.
 */
import type { Case, ContenderId, Group, Mode, Task, Workload } from "./model.js"

const one = (contender: ContenderId, mode: Mode, label: string): Case => ({ contender, mode, label })

const raw = (label: string, mode: Mode = "plain"): Case => one("raw", mode, `raw ${label}`)

/** Over both file systems. */
const ours = (mode: Mode, suffix: string): ReadonlyArray<Case> => [
  one("effect-wal-node", mode, `effect-wal/node${suffix}`),
  one("effect-wal-platform", mode, `effect-wal over platform-node${suffix}`)
]

const oursPlain = ours("plain", "")
const oursWritten = [...ours("no-sync", ", never syncs"), ...ours("plain", ", defaults")]
const oursBuffered = ours("buffered", ", buffered")

const platform = one("platform", "plain", "FileSystem of platform-node")
const lmdb = one("lmdb", "plain", "lmdb")
const sqlite = one("sqlite", "plain", "better-sqlite3")
const level = one("level", "plain", "classic-level")
const asyncLog = one("async-log", "plain", "async-append-only-log")
const asyncLogEarly = one("async-log", "plain", "async-append-only-log, answers before it writes")

const peers = [asyncLog, lmdb, sqlite, level]
const asyncLogWritten = one("async-log", "until-written", "async-append-only-log, until written")
const writtenPeers = [asyncLogEarly, asyncLogWritten, lmdb, sqlite, level, platform]
const syncedPeers = [...peers, platform]

const workload = (
  id: string,
  title: string,
  task: Task,
  figure: Workload["figure"],
  baseline: Case | undefined,
  others: ReadonlyArray<Case>
): Workload => ({
  id,
  title,
  task,
  figure,
  baseline,
  cases: baseline === undefined ? others : [baseline, ...others]
})

const append = (durability: "written" | "synced", concurrency: number): Task => ({
  kind: "append",
  durability,
  contentLength: 100,
  concurrency,
  timesEach: durability === "synced"
})

const batches = (id: string, contentLength: number, title: string): Workload =>
  workload(id, title, { kind: "batch", durability: "written", contentLength }, "rate", raw("writeSync per batch"), [
    raw("writeSync of 1 MiB", "one-mebibyte"),
    ...oursWritten,
    ...writtenPeers
  ])

const writers = (concurrency: number): Workload =>
  workload(
    `W5-${concurrency}`,
    `${concurrency} writers`,
    append("synced", concurrency),
    "rate",
    raw("group commit, write and fdatasync", "group-async"),
    [...oursPlain, ...peers]
  )

const readers = (concurrency: number, title: string): Workload =>
  workload(`W8-${concurrency}`, title, { kind: "readAt", concurrency }, "rate", raw("readSync"), [
    ...oursPlain,
    ...peers
  ])

export const groups: ReadonlyArray<Group> = [
  {
    id: "W1",
    title: "One writer, `\"written\"`",
    explanation: "One append after the other, 100 bytes each, acknowledged once it is written.",
    workloads: [
      workload("W1", "", append("written", 1), "rate", raw("writeSync per record"), [
        ...oursWritten,
        ...oursBuffered,
        ...writtenPeers
      ])
    ]
  },
  {
    id: "W2",
    title: "64 appends in flight, `\"written\"`",
    explanation: "64 writers, each with one append of 100 bytes on its way.",
    workloads: [
      workload("W2", "", append("written", 64), "rate", raw("group commit, asynchronous writes", "group-async"), [
        raw("group commit, synchronous writes", "group-sync"),
        ...oursWritten,
        ...writtenPeers
      ])
    ]
  },
  {
    id: "W3",
    title: "Batches of 1,000, `\"written\"`",
    explanation: "One batch after the other. The raw writes take buffers that are ready: nothing is copied or framed.",
    workloads: [batches("W3-100", 100, "entries of 100 B"), batches("W3-1024", 1024, "entries of 1 KiB")]
  },
  {
    id: "W3d",
    title: "Batches of 1,000, `\"synced\"`",
    explanation: "One batch after the other, entries of 100 bytes, acknowledged once the batch is on the disk.",
    workloads: [
      workload(
        "W3d",
        "",
        { kind: "batch", durability: "synced", contentLength: 100 },
        "rate",
        raw("write and fdatasync per batch"),
        [...oursPlain, ...syncedPeers]
      )
    ]
  },
  {
    id: "W4",
    title: "One writer, `\"synced\"`",
    explanation: "One append after the other, 100 bytes each, acknowledged once it is on the disk.",
    workloads: [
      workload("W4", "", append("synced", 1), "rate", raw("writeSync and fdatasyncSync"), [
        raw("the same into preallocated space", "preallocated"),
        ...oursPlain,
        ...syncedPeers
      ])
    ]
  },
  {
    id: "W5",
    title: "Many writers, `\"synced\"`",
    explanation: "Each writer has one append of 100 bytes on its way, acknowledged once it is on the disk.",
    workloads: [writers(8), writers(64), writers(512)]
  },
  {
    id: "W6",
    title: "Opening a million entries",
    explanation: "From the call until the store answers; less is better. Its code is loaded, but has not run before. "
      + "\"Again\" is the second time in the same process.",
    workloads: [
      workload("W6-closed", "closed cleanly", { kind: "open", ending: "closed" }, "firstMs", undefined, [
        ...oursPlain,
        ...peers
      ]),
      workload("W6-killed", "killed", { kind: "open", ending: "killed" }, "firstMs", undefined, [
        ...oursPlain,
        ...peers
      ])
    ]
  },
  {
    id: "W7",
    title: "Reading one key, and everything",
    explanation: "Of a million entries of 100 bytes over 1,000 keys, entry after entry of another key.",
    workloads: [
      workload(
        "W7-key",
        "the 1,000 entries of one key",
        { kind: "readKey" },
        "rate",
        raw("readSync per entry"),
        [...oursPlain, lmdb, sqlite, level]
      ),
      workload("W7-replay", "all entries", { kind: "replay" }, "rate", raw("readSync of 1 MiB"), [
        ...oursPlain,
        ...peers
      ])
    ]
  },
  {
    id: "W8",
    title: "Reading at random",
    explanation: "One entry of the million at a time, by its ref, or by what the other stores find an entry by.",
    workloads: [readers(1, "one reader"), readers(64, "64 readers")]
  },
  {
    id: "W9",
    title: "Bytes an entry",
    explanation: "Bytes for each of the million entries, of which 116 are key and content; less is better.",
    workloads: [
      workload("W9-memory", "in memory, all indexes loaded", { kind: "memory" }, "bytes", undefined, [
        one("effect-wal-node", "plain", "effect-wal")
      ]),
      workload("W9-disk", "on disk", { kind: "disk" }, "bytes", undefined, [
        one("effect-wal-node", "plain", "effect-wal"),
        ...peers
      ])
    ]
  }
]
