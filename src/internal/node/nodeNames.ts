/**
 * A file system for one directory of this process: what has to do with the names in it goes to `node:fs`, at once.
 *
 * Why a path may be taken to mean there what it means to the file system that is wrapped: that one was asked what the directory is, and named
 * the same device and inode as `node:fs`. An inode has one set of names, so both see the same ones, now and later: they would differ only if what
 * is wrapped gave a directory for what it is, and then other names in it. (Nobody's file system gives a file for what it is, and then other
 * bytes; that is what reading an open file at once relies on.) A directory of a simulated disk, or below another root, is another inode
 * or none, and then everything goes on through what is wrapped.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, renameSync } from "node:fs"
import { withDirectCalls } from "../segment/directCalls.js"
import { type DirectNames, type Enter, withDirectNames } from "../segment/directNames.js"
import { nodeCalls, turn } from "./nodeCalls.js"
import { toPlatformError } from "./nodeError.js"
import { readsOf } from "./nodeReads.js"
import { isOpened, isSameDirectory } from "./sameInode.js"

/**
 * Where Linux tells of itself and of its processes, by which a lock's owner is described. What Node sees there is what is asked for, whatever
 * another file system has at such a path: the number of this process, and whether another one lives, come from Node as well, and the directory
 * that is locked is one of Node's.
 */
const PROC = "/proc/"

/** About what a name takes to be read, in bytes that could be copied meanwhile. */
const NAME = 512

/** Of the wrapped file system, and of the tuned one, whose methods are for what has to do with other directories. */
export const nodeEnter = (wrapped: FileSystem.FileSystem, tuned: FileSystem.FileSystem): Enter => (directory) =>
  Effect.map(isSameDirectory(wrapped, directory), (isSame) => {
    if (!isSame) {
      return undefined
    }
    const isIn = (path: string): boolean => path === directory || path.startsWith(`${directory}/`)
    return withDirectNames({
      ...tuned,
      open: (path, options) =>
        isIn(path)
          ? Effect.map(
            wrapped.open(path, options),
            (file) => (isOpened(file, path) ? withDirectCalls(file, nodeCalls(file.fd)) : file)
          )
          : tuned.open(path, options),
      readDirectory: (path, options) =>
        isIn(path) && options === undefined
          ? call("readDirectory", path, () => namesIn(path))
          : tuned.readDirectory(path, options),
      rename: (from, to) =>
        isIn(from) && isIn(to) ? call("rename", from, () => renameSync(from, to)) : tuned.rename(from, to),
      readFileString: (path, encoding) =>
        path.startsWith(PROC) && encoding === undefined
          ? call("readFile", path, () => readFileSync(path, "utf8"))
          : tuned.readFileString(path, encoding),
      readLink: (path) =>
        path.startsWith(PROC) ? call("readLink", path, () => readlinkSync(path)) : tuned.readLink(path)
    }, names)
  })

type Trying<A> = Effect.Effect<A, PlatformError>

const call = <A>(method: string, path: string, run: () => A): Trying<A> =>
  turn.during(() => {
    turn.count(0)
    try {
      return Effect.succeed(run())
    } catch (cause) {
      return Effect.fail(toPlatformError(method, path, cause))
    }
  })

const namesIn = (path: string): Array<string> => {
  const names = readdirSync(path)
  turn.count(names.length * NAME)
  return names
}

const names: DirectNames = {
  turn,
  openNow: (path) => {
    try {
      const fd = openSync(path, "r")
      return Object.assign(readsOf(fd), { turn, closeNow: () => closeSync(fd) })
    } catch (cause) {
      return toPlatformError("open", path, cause)
    }
  }
}
