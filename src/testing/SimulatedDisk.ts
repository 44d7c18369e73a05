/**
 * A disk in memory that knows what a disk knows: what an fsync has made durable, what a power loss may do to the rest, and how operations fail.
 *
 * It behaves as the file system of `@effect/platform-node` does on Linux, for a process of root (so permissions hold nobody back).
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as internal from "../internal/disk/simulatedDisk.js"

/**
 * A process on a simulated machine, with the machine's disk.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatedDisk {
  /** The disk as this process sees it. When the process is dead or the machine off, every operation fails with `EIO`. */
  readonly fileSystem: FileSystem.FileSystem
  /** The file system, and this process as the owner of the locks that it takes. */
  readonly layer: Layer.Layer<FileSystem.FileSystem>
  readonly machine: Machine
  /** Whether a process of this machine still runs: one of this boot that was not killed. */
  readonly isRunning: (process: Pick<Machine, "boot" | "process">) => Effect.Effect<boolean>

  /** All operations since the boot, in the order in which they took effect. */
  readonly operations: Effect.Effect<ReadonlyArray<Operation>>
  /** How many operations have taken effect since the boot; it counts when nothing is recorded, too. */
  readonly operationCount: Effect.Effect<number>
  /** What this process holds open. */
  readonly openFiles: Effect.Effect<ReadonlyArray<OpenFile>>
  /** Calls `hook` just before each operation takes effect. In it, `crashed` and `killed` show the state before that operation. */
  readonly onOperation: (hook: (event: OperationEvent) => void) => Effect.Effect<Lifted>

  /** Adds a rule by which operations go wrong. */
  readonly fault: (rule: FaultRule) => Effect.Effect<Fault>
  /** How many bytes all files together may have from now on. What is there stays, even if it is more. */
  readonly setCapacity: (bytes: number) => Effect.Effect<void>
  /** How many bytes all files have together. */
  readonly used: Effect.Effect<number>

  /** Another process on the same machine, with the same disk. */
  readonly spawn: Effect.Effect<SimulatedDisk>
  /** The process dies, with all its handles; the operating system, and what is in its cache, live on for the new process that this gives. */
  readonly kill: Effect.Effect<SimulatedDisk>
  /** What `kill` would give, on a copy of the machine: this one is not touched. */
  readonly killed: Effect.Effect<SimulatedDisk>
  /** Power loss: gives the disk as the next boot finds it. This machine is off from then on. */
  readonly crash: (outcome: CrashOutcome) => Effect.Effect<SimulatedDisk>
  /** What `crash` would give; this machine runs on, so one state can crash in many ways. */
  readonly crashed: (outcome: CrashOutcome) => Effect.Effect<SimulatedDisk>
  /**
   * The machine goes off after operation `index` (counted from the boot): later ones fail with `EIO`. What it leaves is what `crashed` gives.
   */
  readonly crashAfter: (index: number) => Effect.Effect<void>
}

/**
 * Who runs: enough for the lock of a log (`LockOwner.make`). A crash changes boot and process, a kill the process only.
 *
 * @since 0.1.0
 * @category models
 */
export interface Machine {
  readonly host: string
  readonly boot: string
  readonly process: string
}

/**
 * What becomes of all that no fsync has made durable. What an fsync did make durable survives every crash.
 *
 * - `"lose-all"`: only what is durable survives.
 * - `"keep-all"`: everything had reached the disk just in time.
 * - `"keep-last"`: of each file, the later half of the sectors, with its size; of the changes of directories, the later half.
 *   Records behind a hole are the worst case for a log.
 * - `"garble-all"`: names and sizes are kept, but every byte that was written is garbage.
 * - `{ seed }`: each sector of 512 bytes is kept, lost, torn or garbled, each change of a directory kept or lost, and each file's size is
 *   something between. The same seed does the same.
 *
 * Bytes of a sector that were durable and have not been written since never change ("powersafe overwrite"). Of a rename, a crash
 * leaves the old name or the new one.
 *
 * @since 0.1.0
 * @category models
 */
export type CrashOutcome = "lose-all" | "keep-all" | "keep-last" | "garble-all" | { readonly seed: number }

/**
 * @since 0.1.0
 * @category models
 */
export type OperationKind =
  | "access"
  | "chmod"
  | "chown"
  | "copyFile"
  | "link"
  | "makeDirectory"
  | "open"
  | "read"
  | "readDirectory"
  | "readLink"
  | "realPath"
  | "remove"
  | "rename"
  | "stat"
  | "symlink"
  | "sync"
  | "truncate"
  | "utimes"
  | "write"

/**
 * An operation that is about to take effect. Methods that do several things are several operations: `writeFile` opens and writes.
 * Closing a file is none: it changes nothing, and cannot fail here.
 *
 * @since 0.1.0
 * @category models
 */
export interface OperationEvent {
  /** Its number since the boot, from 1. */
  readonly index: number
  readonly kind: OperationKind
  /** Absolute. For an open file, the name that the file has now. */
  readonly path: string
  /** The other path of `rename`, `link` and `copyFile`, as it was given. */
  readonly to: string | undefined
  /** Where `read` and `write` begin; undefined for appending. */
  readonly offset: number | undefined
  /** Of the buffer of `read` and `write`; the size that `truncate` sets. */
  readonly length: number | undefined
}

/**
 * An operation that has taken effect.
 *
 * @since 0.1.0
 * @category models
 */
export interface Operation extends OperationEvent {
  /** `"ok"`, or the code of its error. */
  readonly outcome: string
}

/**
 * @since 0.1.0
 * @category models
 */
export interface OpenFile {
  readonly path: string
  readonly flag: FileSystem.OpenFlag
}

/**
 * The codes with which operations fail.
 *
 * @since 0.1.0
 * @category models
 */
export type ErrorCode =
  | "EACCES"
  | "EAGAIN"
  | "EBADF"
  | "EBUSY"
  | "EDQUOT"
  | "EEXIST"
  | "EFBIG"
  | "EINVAL"
  | "EIO"
  | "EISDIR"
  | "ELOOP"
  | "EMFILE"
  | "ENAMETOOLONG"
  | "ENFILE"
  | "ENOENT"
  | "ENOSPC"
  | "ENOTDIR"
  | "ENOTEMPTY"
  | "EPERM"
  | "EROFS"

/**
 * Which operations go wrong, and how. Without `on`, `path`, `from` and `times`: all of them from now on.
 *
 * @since 0.1.0
 * @category models
 */
export interface FaultRule {
  /** Default: all kinds that the effect makes sense for. */
  readonly on?: OperationKind | ReadonlyArray<OperationKind> | undefined
  /** The end of the operation's path, or a predicate of it. */
  readonly path?: string | ((path: string) => boolean) | undefined
  /** The first operation that is struck, of those that match since the rule was added; from 1, which is the default. */
  readonly from?: number | undefined
  /** How many operations are struck. Default: no limit. */
  readonly times?: number | undefined
  readonly effect: FaultEffect
}

/**
 * How an operation goes wrong.
 *
 * @since 0.1.0
 * @category models
 */
export type FaultEffect =
  | { readonly _tag: "Fail"; readonly code: ErrorCode }
  | { readonly _tag: "FailAfter"; readonly code: ErrorCode }
  | { readonly _tag: "FailSync"; readonly cache: "new" | "old" }
  | { readonly _tag: "ShortRead"; readonly bytes: number }
  | { readonly _tag: "ShortWrite"; readonly bytes: number; readonly code?: ErrorCode | undefined }
  | { readonly _tag: "Slow"; readonly duration: Duration.DurationInput }

/**
 * Something that was added and can be taken away.
 *
 * @since 0.1.0
 * @category models
 */
export interface Lifted {
  readonly lift: Effect.Effect<void>
}

/**
 * A rule that is in force.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fault extends Lifted {
  /** How many operations it has struck. */
  readonly hits: Effect.Effect<number>
}

/**
 * @since 0.1.0
 * @category options
 */
export interface Options {
  /** How many bytes all files together may have. Default: no limit. */
  readonly capacity?: number | undefined
  /**
   * `"asynchronous"` (the default): an operation takes effect a microtask after it began, so fibers interleave as with real files.
   * `"immediate"`: at once, which is faster.
   */
  readonly completion?: "asynchronous" | "immediate" | undefined
  /** How long every operation takes. Default: no time. Interrupting who waits for it does not undo it, as with real files. */
  readonly latency?: Duration.DurationInput | undefined
  /** Whether `operations` are recorded. Default: `"on"`. */
  readonly recording?: "on" | "off" | undefined
  /** `"tuned"`: open files and directories have what `NodeWal.layer` adds to Node's, so that a log writes and reads at once. Default: `"platform"`. */
  readonly files?: "platform" | "tuned" | undefined
  /** The machine's name. Default: `"simulated"`. */
  readonly host?: string | undefined
  /** For the names of temporary files. Default: 0. */
  readonly seed?: number | undefined
}

/**
 * A machine that has just booted, with an empty disk: there is `/tmp`, and `/` is where relative paths begin.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import * as FileSystem from "@effect/platform/FileSystem"
 * import * as Effect from "effect/Effect"
 * import { SimulatedDisk } from "effect-wal/testing"
 *
 * const save = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.writeFileString("/settings", "dark"))
 *
 * export const isLost = Effect.gen(function*() {
 *   const disk = yield* SimulatedDisk.make()
 *   yield* Effect.provide(save, disk.layer)
 *   const rebooted = yield* disk.crash("lose-all")
 *   return !(yield* rebooted.fileSystem.exists("/settings")) // true: nothing was synced
 * })
 * ```
 */
export const make: (options?: Options) => Effect.Effect<SimulatedDisk> = internal.make

/**
 * An empty disk for applications: a file system in memory, of which nothing is recorded.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<FileSystem.FileSystem> =>
  Layer.effect(FileSystem.FileSystem, internal.makeFileSystem({ recording: "off", ...options }))

/**
 * The operation fails and does nothing. An fsync that fails so can be tried again; for the ones that cannot, see `failSync`.
 *
 * @since 0.1.0
 * @category faults
 */
export const fail = (code: ErrorCode): FaultEffect => ({ _tag: "Fail", code })

/**
 * The operation takes effect, but fails all the same.
 *
 * @since 0.1.0
 * @category faults
 */
export const failAfter = (code: ErrorCode): FaultEffect => ({ _tag: "FailAfter", code })

/**
 * The fsync of a file fails with `EIO`, nothing reaches the disk, and the cache counts everything as clean: a later fsync succeeds, and does not
 * write it either. Reads find the `"new"` contents (as on ext4 and XFS) or the `"old"` ones (as on Btrfs and ZFS).
 *
 * @since 0.1.0
 * @category faults
 */
export const failSync = (cache: "new" | "old"): FaultEffect => ({ _tag: "FailSync", cache })

/**
 * The read gives at most so many bytes, although there are more.
 *
 * @since 0.1.0
 * @category faults
 */
export const shortRead = (bytes: number): FaultEffect => ({ _tag: "ShortRead", bytes })

/**
 * The write takes only the first bytes and says so (`writeAll` then writes the rest). With `next`, the next write to that file fails.
 *
 * @since 0.1.0
 * @category faults
 */
export const shortWrite = (bytes: number, options?: { readonly next?: ErrorCode | undefined }): FaultEffect => ({
  _tag: "ShortWrite",
  bytes,
  code: options?.next
})

/**
 * The operation takes effect only after that time has passed on the `Clock`, even if nobody waits for it any more. Such a rule counts operations as
 * they begin; all others count them as they take effect.
 *
 * @since 0.1.0
 * @category faults
 */
export const slow = (duration: Duration.DurationInput): FaultEffect => ({ _tag: "Slow", duration })
