/**
 * A file system that is a map from path to bytes: no faults and no crashes, but thousands of openings take seconds.
 */
import { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

type Node = Uint8Array | "directory"

export const makeMemoryDisk = (): FileSystem.FileSystem => {
  const nodes = new Map<string, Node>([["/", "directory"]])

  const notFound = (method: string, path: string) =>
    new SystemError({ reason: "NotFound", module: "FileSystem", method, pathOrDescriptor: path })

  const within = (path: string) => [...nodes.keys()].filter((candidate) => candidate.startsWith(`${path}/`))

  const read = (path: string) =>
    Effect.suspend(() => {
      const bytes = nodes.get(path)
      return bytes === undefined || bytes === "directory"
        ? Effect.fail(notFound("readFile", path))
        : Effect.succeed(bytes)
    })

  const write = (path: string, bytes: Uint8Array) => Effect.sync(() => void nodes.set(path, bytes.slice()))

  return FileSystem.makeNoop({
    exists: (path) => Effect.sync(() => nodes.has(path)),
    makeDirectory: (path) => Effect.sync(() => void nodes.set(path, "directory")),
    readDirectory: (path) =>
      Effect.suspend(() =>
        nodes.has(path)
          ? Effect.succeed(
            within(path).map((name) => name.slice(path.length + 1)).filter((name) => !name.includes("/"))
          )
          : Effect.fail(notFound("readDirectory", path))
      ),
    readLink: (path) => Effect.fail(notFound("readLink", path)),
    readFile: read,
    readFileString: (path) => Effect.map(read(path), (bytes) => new TextDecoder().decode(bytes)),
    writeFile: write,
    writeFileString: (path, text) => write(path, new TextEncoder().encode(text)),
    remove: (path) =>
      Effect.sync(() => {
        for (const name of [path, ...within(path)]) {
          nodes.delete(name)
        }
      }),
    rename: (from, to) =>
      Effect.suspend(() => {
        if (!nodes.has(from)) {
          return Effect.fail(notFound("rename", from))
        }
        for (const name of [from, ...within(from)]) {
          nodes.set(to + name.slice(from.length), nodes.get(name) ?? "directory")
          nodes.delete(name)
        }
        return Effect.void
      }),
    open: (path, options) =>
      Effect.suspend(() => {
        const flag = options?.flag ?? "r"
        if (!nodes.has(path) && flag.startsWith("r")) {
          return Effect.fail(notFound("open", path))
        }
        if (flag.startsWith("w")) {
          nodes.set(path, new Uint8Array(0))
        }
        return Effect.succeed(openFile(nodes, path))
      })
  })
}

const openFile = (nodes: Map<string, Node>, path: string): FileSystem.File => {
  let position = 0
  const bytes = (): Uint8Array => {
    const node = nodes.get(path)
    return node === undefined || node === "directory" ? new Uint8Array(0) : node
  }
  const resize = (length: number): Uint8Array => {
    const resized = new Uint8Array(length)
    resized.set(bytes().subarray(0, length))
    nodes.set(path, resized)
    return resized
  }
  const write = (buffer: Uint8Array) =>
    Effect.sync(() => {
      resize(Math.max(bytes().length, position + buffer.length)).set(buffer, position)
      position += buffer.length
      return FileSystem.Size(buffer.length)
    })
  return {
    [FileSystem.FileTypeId]: FileSystem.FileTypeId,
    fd: FileSystem.FileDescriptor(0),
    stat: Effect.sync(() => info(bytes().length)),
    seek: (offset) =>
      Effect.sync(() => {
        position = Number(offset)
      }),
    sync: Effect.void,
    read: (buffer) =>
      Effect.sync(() => {
        const found = bytes().subarray(position, position + buffer.length)
        buffer.set(found)
        position += found.length
        return FileSystem.Size(found.length)
      }),
    readAlloc: () => Effect.succeedNone,
    truncate: (length) => Effect.sync(() => void resize(Number(length ?? 0))),
    write,
    writeAll: (buffer) => Effect.asVoid(write(buffer))
  }
}

const info = (size: number): FileSystem.File.Info => ({
  type: "File",
  mtime: Option.none(),
  atime: Option.none(),
  birthtime: Option.none(),
  dev: 0,
  ino: Option.none(),
  mode: 0o644,
  nlink: Option.none(),
  uid: Option.none(),
  gid: Option.none(),
  rdev: Option.none(),
  size: FileSystem.Size(size),
  blksize: Option.none(),
  blocks: Option.none()
})
