/**
 * The state of a simulated disk: its tree of nodes, the changes not yet durable, and the space that is taken.
 */
import { Errno } from "./errno.js"
import { FileContent } from "./fileContent.js"
import type { Change } from "./journal.js"
import { Journal } from "./journal.js"
import type { Attributes, DirectoryNode, FileNode, LinkNode, Node } from "./nodes.js"

const fileType = 0o100000
const directoryType = 0o040000
const linkType = 0o120000
const umask = 0o022

export class Volume {
  readonly journal = new Journal()
  readonly root: DirectoryNode
  /** The most bytes that all files together may have. */
  capacity: number
  /** The bytes of all files that have a name or a handle. */
  used = 0
  /** The present, in milliseconds since the epoch. */
  readonly now: () => number
  private lastId: number

  constructor(options: {
    readonly capacity: number
    readonly now: () => number
    readonly root?: DirectoryNode | undefined
    readonly lastId?: number | undefined
  }) {
    this.capacity = options.capacity
    this.now = options.now
    this.lastId = options.lastId ?? 0
    // Not `newDirectory`: the root is there on the fullest disk.
    this.root = options.root ?? this.makeDirectory(0o777)
  }

  get free(): number {
    return Math.max(0, this.capacity - this.used)
  }

  get highestId(): number {
    return this.lastId
  }

  newFile(mode = 0o666): FileNode {
    this.needSpace(1)
    return { kind: "file", content: new FileContent(), ...this.newNode(fileType | mode & ~umask) }
  }

  newDirectory(mode = 0o777): DirectoryNode {
    this.needSpace(1)
    return this.makeDirectory(mode)
  }

  newLink(target: string): LinkNode {
    this.needSpace(1)
    return { kind: "symlink", target, ...this.newNode(linkType | 0o777) }
  }

  /** Changes entries in one atomic step. */
  change(changes: ReadonlyArray<Omit<Change, "before">>): void {
    const step = changes.map((change) => ({ ...change, before: change.directory.entries.get(change.name) }))
    for (const { after, directory, name } of step) {
      if (after === undefined) {
        directory.entries.delete(name)
      } else {
        directory.entries.set(name, after)
        after.place = { parent: directory, name }
        after.links++
      }
      directory.attributes.modified = this.now()
    }
    // Only now: a renamed node has one link all the time.
    for (const { before } of step) {
      if (before !== undefined) this.unlinked(before)
    }
    this.journal.record(step)
  }

  opened(node: Node): void {
    node.handles++
  }

  closed(node: Node): void {
    node.handles--
    this.release(node)
  }

  /** Writes what there is space for; fails when there is none for any byte. */
  write(file: FileNode, bytes: Uint8Array, offset: number): number {
    const size = file.content.size
    const room = Math.max(size, size + this.free) - offset
    const count = Math.min(bytes.length, room)
    if (bytes.length > 0 && count <= 0) throw new Errno("ENOSPC")
    file.content.write(bytes.subarray(0, count), offset)
    this.used += file.content.size - size
    file.attributes.modified = this.now()
    return count
  }

  resize(file: FileNode, length: number): void {
    const growth = length - file.content.size
    if (growth > 0) this.needSpace(growth)
    file.content.truncate(length)
    this.used += growth
    file.attributes.modified = this.now()
  }

  private makeDirectory(mode: number): DirectoryNode {
    return { kind: "directory", entries: new Map(), durable: new Map(), ...this.newNode(directoryType | mode & ~umask) }
  }

  private needSpace(bytes: number): void {
    if (this.free < bytes) throw new Errno("ENOSPC")
  }

  private unlinked(node: Node): void {
    node.links--
    this.release(node)
  }

  private release(node: Node): void {
    if (node.links === 0 && node.handles === 0 && node.kind === "file") this.used -= node.content.size
  }

  private newNode(mode: number) {
    const now = this.now()
    const attributes: Attributes = { mode, uid: 0, gid: 0, accessed: now, modified: now, born: now }
    return { id: ++this.lastId, attributes, links: 0, handles: 0, place: undefined }
  }
}
