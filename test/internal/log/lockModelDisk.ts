/**
 * A directory tree in memory in which every single step of an operation waits for a scheduler: the model that tries all interleavings.
 *
 * A listing reads one place of the directory at a time, so it misses an entry that moves to a place already read, and shows one
 * under two names that moves to a later one, as POSIX allows. New entries take the first place that is free.
 */
import { SystemError, type SystemErrorReason } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"

type Node = "file" | Directory
type Place = { readonly name: string; readonly node: Node } | undefined

class Directory {
  readonly places: Array<Place> = []

  find(name: string): Node | undefined {
    return this.places.find((place) => place?.name === name)?.node
  }

  put(name: string, node: Node): void {
    const existing = this.places.findIndex((place) => place?.name === name)
    const free = existing >= 0 ? existing : this.places.indexOf(undefined)
    this.places[free >= 0 ? free : this.places.length] = { name, node }
  }

  drop(name: string): void {
    this.places[this.places.findIndex((place) => place?.name === name)] = undefined
  }

  get names(): ReadonlyArray<string> {
    return this.places.flatMap((place) => place === undefined ? [] : [place.name])
  }
}

const failure = (reason: SystemErrorReason, code: string, path: string) =>
  new SystemError({
    module: "FileSystem",
    method: "model",
    reason,
    pathOrDescriptor: path,
    cause: Object.assign(new Error(code), { code })
  })

export class ModelDisk {
  readonly root = new Directory()

  /** `undefined` is a place that is free. */
  constructor(tokens: ReadonlyArray<string | undefined> | "absent") {
    if (tokens === "absent") return
    const lock = new Directory()
    tokens.forEach((name, index) => lock.places[index] = name === undefined ? undefined : { name, node: "file" })
    this.root.put("LOCK", lock)
  }

  get tokens(): ReadonlyArray<string> | "absent" {
    const lock = this.root.find("LOCK")
    return lock instanceof Directory ? lock.names : "absent"
  }

  /** The disk as one process sees it, whose every step waits for `step`. */
  fileSystem(step: Effect.Effect<void>, reading: "forwards" | "backwards"): FileSystem.FileSystem {
    const atomically = <A>(run: () => A | SystemError) =>
      Effect.flatMap(step, () => {
        const result = run()
        return result instanceof SystemError ? Effect.fail(result) : Effect.succeed(result)
      })
    const removeOne = (path: string) => atomically(() => this.remove(path))
    const removeTree = (path: string): Effect.Effect<void, SystemError> =>
      Effect.catchIf(
        removeOne(path),
        (error) => hasCode(error, "ENOTEMPTY"),
        () =>
          atomically(() => this.names(path)).pipe(
            Effect.flatMap(Effect.forEach((name) => Effect.ignore(removeTree(`${path}/${name}`)))),
            Effect.zipRight(removeOne(path))
          )
      )
    return FileSystem.makeNoop({
      readDirectory: (path) =>
        Effect.gen(this, function*() {
          const found = yield* atomically(() => this.directory(path))
          const names = new Set<string>()
          const size = found.places.length
          for (let i = 0; i < (reading === "forwards" ? found.places.length : size); i++) {
            yield* step
            const entry = found.places[reading === "forwards" ? i : size - 1 - i]
            if (entry !== undefined) names.add(entry.name)
          }
          return [...names]
        }),
      makeDirectory: (path) => atomically(() => this.create(path, new Directory())),
      writeFileString: (path) => atomically(() => this.create(path, "file")),
      rename: (from, to) => atomically(() => this.rename(from, to)),
      remove: (path, options) =>
        Effect.catchIf(
          options?.recursive ? removeTree(path) : removeOne(path),
          (error) => options?.force === true && error.reason === "NotFound",
          () => Effect.void
        )
    })
  }

  private locate(path: string): readonly [parent: Directory, name: string] | undefined {
    const [, first = "", second] = path.split("/")
    if (second === undefined) return [this.root, first]
    const parent = this.root.find(first)
    return parent instanceof Directory ? [parent, second] : undefined
  }

  private directory(path: string): Directory | SystemError {
    const [parent, name] = this.locate(path) ?? []
    const node = path === "" ? this.root : parent?.find(name ?? "")
    if (node === undefined) return failure("NotFound", "ENOENT", path)
    return node === "file" ? failure("BadResource", "ENOTDIR", path) : node
  }

  private names(path: string): ReadonlyArray<string> | SystemError {
    const found = this.directory(path)
    return found instanceof Directory ? found.names : found
  }

  private create(path: string, node: Node): void | SystemError {
    const located = this.locate(path)
    if (located === undefined) return failure("NotFound", "ENOENT", path)
    const [parent, name] = located
    if (parent.find(name) !== undefined) return failure("AlreadyExists", "EEXIST", path)
    parent.put(name, node)
  }

  private rename(from: string, to: string): void | SystemError {
    const [source, target] = [this.locate(from), this.locate(to)]
    const node = source?.[0].find(source[1])
    if (source === undefined || target === undefined || node === undefined) return failure("NotFound", "ENOENT", from)
    const replaced = target[0].find(target[1])
    if (replaced instanceof Directory && replaced.names.length > 0) return failure("Unknown", "ENOTEMPTY", to)
    target[0].put(target[1], node)
    source[0].drop(source[1])
  }

  private remove(path: string): void | SystemError {
    const located = this.locate(path)
    const node = located?.[0].find(located[1])
    if (located === undefined || node === undefined) return failure("NotFound", "ENOENT", path)
    if (node instanceof Directory && node.names.length > 0) return failure("Unknown", "ENOTEMPTY", path)
    located[0].drop(located[1])
  }
}

const hasCode = (error: SystemError, code: string): boolean =>
  error.cause instanceof Error && "code" in error.cause && error.cause.code === code
