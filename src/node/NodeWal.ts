/**
 * A file system tuned for logs on Node: the one that is provided, whose open files can also be read and written at positions, at once
 * where that is quicker than the way through the thread pool. A log finds and opens its segments so, too.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { nodeCalls } from "../internal/node/nodeCalls.js"
import { nodeEnter } from "../internal/node/nodeNames.js"
import { isOfThisProcess } from "../internal/node/sameInode.js"
import { withDirectCalls } from "../internal/segment/directCalls.js"
import { withEnter } from "../internal/segment/directNames.js"

/**
 * Wraps the provided `FileSystem`, which is platform-node's. A log over it appends and reads several times faster: a small write or
 * read is one system call in the calling thread, a sync an `fdatasync`. Large writes and every sync stay in the thread pool, so that
 * the event loop is free meanwhile; and after about a millisecond of small ones, it has its turn. What is promised, and what is on
 * the disk, is the same.
 *
 * Everything but open files passes through, and so do files whose descriptor is not one of this process, such as those of a simulated disk.
 * Only a log that is opened lists its directory, takes its lock and looks at its segments by `node:fs` itself, after the provided file system has
 * named the same device and inode for the directory as `node:fs`.
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
  Effect.map(FileSystem.FileSystem, (fs): FileSystem.FileSystem => {
    const tuned = { ...fs, open: (...args: Parameters<typeof fs.open>) => Effect.flatMap(fs.open(...args), tune) }
    return withEnter(tuned, nodeEnter(fs, tuned))
  })
)

const tune = (file: FileSystem.File): Effect.Effect<FileSystem.File> =>
  Effect.map(isOfThisProcess(file), (isOurs) => (isOurs ? withDirectCalls(file, nodeCalls(file.fd)) : file))
