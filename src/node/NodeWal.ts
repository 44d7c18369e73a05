/**
 * A file system tuned for logs on Node: the one that is provided, whose open files can also be read and written at positions, at once
 * where that is quicker than the way through the thread pool.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { fstatSync } from "node:fs"
import { nodeCalls } from "../internal/node/nodeCalls.js"
import { withDirectCalls } from "../internal/segment/directCalls.js"

/**
 * Wraps the provided `FileSystem`, which is platform-node's. A log over it appends and reads several times faster: a small write or
 * read is one system call in the calling thread, a sync an `fdatasync`. Large writes and every sync stay in the thread pool, so that
 * the event loop is free meanwhile; and after about a millisecond of small ones, it has its turn. What is promised, and what is on
 * the disk, is the same.
 *
 * Everything but open files passes through, and so do files whose descriptor is not one of this process, such as those of a simulated disk.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as NodeContext from "@effect/platform-node/NodeContext"
 * import * as Wal from "effect-wal/Wal"
 * import { NodeWal } from "effect-wal/node"
 * import * as Layer from "effect/Layer"
 *
 * export const WalLive = Wal.layer({ directory: "./orders" }).pipe(
 *   Layer.provide(NodeWal.layer),
 *   Layer.provide(NodeContext.layer)
 * )
 */
export const layer: Layer.Layer<FileSystem.FileSystem, never, FileSystem.FileSystem> = Layer.effect(
  FileSystem.FileSystem,
  Effect.map(FileSystem.FileSystem, (fs): FileSystem.FileSystem => ({
    ...fs,
    open: (path, options) => Effect.flatMap(fs.open(path, options), tune)
  }))
)

const tune = (file: FileSystem.File): Effect.Effect<FileSystem.File> =>
  Effect.match(file.stat, {
    onFailure: () => file,
    onSuccess: (info) => (isOfThisProcess(file, info) ? withDirectCalls(file, nodeCalls(file.fd)) : file)
  })

/** Whether the descriptor means the same file to Node as to the file system that gave it: a number alone may mean anything. */
const isOfThisProcess = (file: FileSystem.File, info: FileSystem.File.Info): boolean => {
  try {
    const stats = fstatSync(file.fd)
    return stats.dev === info.dev && Option.contains(info.ino, stats.ino)
  } catch {
    return false
  }
}
