/**
 * Open files for reading, kept for a while: one for each read at a time, because a platform `File` has one position.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { WalClosedError, type WalIoError } from "../../WalError.js"
import { type FileNow, openSegmentFile, type SegmentFile } from "../segment/segmentFile.js"

export interface ReadHandles {
  /** A handle that nobody else uses until it is given back. */
  readonly take: (path: string) => Effect.Effect<SegmentFile, WalIoError | WalClosedError>
  readonly giveBack: (file: SegmentFile) => Effect.Effect<void>
  /** For reads that are over before anything else runs, so that no handle has to be taken: undefined where none is idle. */
  readonly now: (path: string) => FileNow | undefined
  /** Closes the idle handles of a file that is removed; those in use are closed when they are given back. */
  readonly forget: (path: string) => Effect.Effect<void>
  /** Closes all that are idle, and from then on gives none out. */
  readonly close: Effect.Effect<void>
}

const MOST_IDLE = 64

export const makeReadHandles = (fs: FileSystem.FileSystem, directory: string): ReadHandles => {
  const idle = new IdleHandles()
  const forgotten = new Set<string>()
  let life: "open" | "closed" = "open"

  const take: ReadHandles["take"] = (path) =>
    Effect.suspend((): Effect.Effect<SegmentFile, WalIoError | WalClosedError> => {
      if (life === "closed") {
        return Effect.fail(new WalClosedError({ directory }))
      }
      const found = idle.remove(path)
      return found === undefined ? openSegmentFile(fs, path, "r") : Effect.succeed(found)
    })

  const giveBack: ReadHandles["giveBack"] = (file) =>
    Effect.suspend(() => {
      if (life === "closed" || forgotten.has(file.path)) {
        return file.close
      }
      idle.add(file)
      return idle.count > MOST_IDLE ? idle.removeOldest()?.close ?? Effect.void : Effect.void
    })

  const closeAll = (files: ReadonlyArray<SegmentFile>): Effect.Effect<void> =>
    Effect.forEach(files, (file) => file.close, { discard: true })

  return {
    take,
    giveBack,
    now: (path) => idle.find(path)?.now,
    forget: (path) =>
      Effect.suspend(() => {
        forgotten.add(path)
        return closeAll(idle.removeAllOf(path))
      }),
    close: Effect.suspend(() => {
      life = "closed"
      return closeAll(idle.removeAll())
    })
  }
}

interface Idle {
  readonly file: SegmentFile
  lastUse: number
}

/**
 * Invariants: every list in `byPath` has a handle at least, the one used longest ago first, and `count` is how many they have
 * together. A handle in a list belongs to nobody else. `uses` is at least every `lastUse`.
 */
class IdleHandles {
  count = 0
  private readonly byPath = new Map<string, Array<Idle>>()
  private uses = 0

  /** It stays idle. */
  find(path: string): SegmentFile | undefined {
    const found = this.byPath.get(path)?.at(-1)
    if (found === undefined) {
      return undefined
    }
    found.lastUse = ++this.uses
    return found.file
  }

  add(file: SegmentFile): void {
    const handles = this.byPath.get(file.path)
    const added: Idle = { file, lastUse: ++this.uses }
    this.count++
    if (handles === undefined) {
      this.byPath.set(file.path, [added])
    } else {
      handles.push(added)
    }
  }

  remove(path: string): SegmentFile | undefined {
    return this.removeOne(path, "newest")
  }

  /** Looks at all of them: that is little beside closing a file. */
  removeOldest(): SegmentFile | undefined {
    let oldest: Idle | undefined = undefined
    for (const [first] of this.byPath.values()) {
      oldest = first !== undefined && (oldest === undefined || first.lastUse < oldest.lastUse) ? first : oldest
    }
    return oldest === undefined ? undefined : this.removeOne(oldest.file.path, "oldest")
  }

  removeAllOf(path: string): ReadonlyArray<SegmentFile> {
    const handles = this.byPath.get(path) ?? []
    this.byPath.delete(path)
    this.count -= handles.length
    return handles.map(({ file }) => file)
  }

  removeAll(): ReadonlyArray<SegmentFile> {
    return Array.from(this.byPath.keys()).flatMap((path) => this.removeAllOf(path))
  }

  private removeOne(path: string, which: "oldest" | "newest"): SegmentFile | undefined {
    const handles = this.byPath.get(path)
    const removed = which === "oldest" ? handles?.shift() : handles?.pop()
    if (handles?.length === 0) {
      this.byPath.delete(path)
    }
    this.count -= removed === undefined ? 0 : 1
    return removed?.file
  }
}
