/**
 * The disk that a machine finds when it boots after a power loss.
 */
import { FileContent } from "./fileContent.js"
import type { DirectoryNode, FileNode, Node } from "./nodes.js"
import type { Fates } from "./outcome.js"
import type { Discarded, Sector } from "./sector.js"
import { sectorSize } from "./sector.js"
import { Volume } from "./volume.js"

/** Leaves the volume as it is. What survives is on disk in the new one. */
export const crashedVolume = (volume: Volume, fates: Fates): Volume => {
  const entriesOf = volume.journal.survivors(volume.root, fates.entry)
  const survivors = new Map<Node, Node>()
  let used = 0

  const survive = (node: Node, parent: DirectoryNode, name: string): Node => {
    const known = survivors.get(node)
    const survivor = known ?? copyOf(node)
    survivor.links++
    survivor.place = { parent, name }
    survivors.set(node, survivor)
    if (known === undefined && node.kind === "directory" && survivor.kind === "directory") fill(node, survivor)
    return survivor
  }

  const copyOf = (node: Node): Node => {
    switch (node.kind) {
      case "file": {
        const copy = crashedFile(node, fates)
        used += copy.content.size
        return copy
      }
      case "directory":
        return emptied(node)
      case "symlink":
        return { ...node, attributes: { ...node.attributes }, links: 0, handles: 0, place: undefined }
    }
  }

  const fill = (directory: DirectoryNode, survivor: DirectoryNode): void => {
    for (const [name, node] of sorted(entriesOf(directory))) {
      const child = survive(node, survivor, name)
      survivor.entries.set(name, child)
      survivor.durable.set(name, child)
    }
  }

  const root = emptied(volume.root)
  fill(volume.root, root)
  const crashed = new Volume({ capacity: volume.capacity, now: volume.now, root, lastId: volume.highestId })
  crashed.used = used
  return crashed
}

/** The bytes of a file after a power loss. */
export const crashedBytes = (content: FileContent, fates: Fates): Uint8Array => {
  const truncation = isTruncated(content) ? fates.truncation() : "kept"
  const size = truncation === "kept"
    ? fates.size(Math.min(content.floor, content.durableSize), content.size)
    : fates.size(content.durableSize, content.peak)
  const bytes = new Uint8Array(size)
  bytes.set(content.view(0, size))
  const sectors = Array.from(content.sectors).sort(([left], [right]) => left - right)
  const inDoubt = sectors.filter(([, sector]) => versionOf(content, sector, 0, truncation) !== undefined)
  const places = new Map(inDoubt.map(([index], place) => [index, place]))
  for (const [index, sector] of sectors) {
    const start = index * sectorSize
    const target = bytes.subarray(start, start + sectorSize)
    restoreDurable(target, sector.durable, truncation === "kept" ? content.floor - start : sectorSize)
    const version = versionOf(content, sector, start, truncation)
    const place = places.get(index)
    if (version !== undefined && place !== undefined) overwrite(target, version, place, inDoubt.length, sector, fates)
  }
  return bytes
}

const isTruncated = (content: FileContent): boolean =>
  content.floor < content.durableSize
  || content.size < content.peak
  || Array.from(content.sectors.values()).some((sector) => sector.discarded !== undefined)

// What a sector has that is not on disk. If the truncation is lost, that is what was cut off by it.
const versionOf = (
  content: FileContent,
  sector: Sector,
  start: number,
  truncation: "kept" | "lost"
): Discarded | undefined => {
  if (truncation === "lost" && sector.discarded !== undefined) return sector.discarded
  if (sector.written.isEmpty) return undefined
  return { bytes: content.view(start, start + sectorSize), written: sector.written }
}

const restoreDurable = (target: Uint8Array, durable: Uint8Array, floor: number): void => {
  const length = Math.max(0, Math.min(durable.length, floor, target.length))
  target.set(durable.subarray(0, length))
  target.fill(0, length)
}

const overwrite = (
  target: Uint8Array,
  version: Discarded,
  place: number,
  count: number,
  sector: Sector,
  fates: Fates
): void => {
  const fate = fates.sector(place, count)
  // The cache never wrote it, so nothing can have reached the disk.
  if (sector.state === "forgotten" || fate._tag === "Lost") return
  const end = Math.min(version.written.end, target.length)
  for (let at = version.written.start; at < end; at++) {
    if (!version.written.has(at)) continue
    if (fate._tag === "Garbled") {
      target[at] = fates.garbage()
    } else if (fate._tag === "Kept" || (at < fate.at) === (fate.kept === "before")) {
      target[at] = version.bytes[at] ?? 0
    }
  }
}

const crashedFile = (file: FileNode, fates: Fates): FileNode => ({
  ...file,
  content: new FileContent(crashedBytes(file.content, fates)),
  attributes: { ...file.attributes },
  links: 0,
  handles: 0,
  place: undefined
})

const emptied = (directory: DirectoryNode): DirectoryNode => ({
  ...directory,
  entries: new Map(),
  durable: new Map(),
  attributes: { ...directory.attributes },
  links: 0,
  handles: 0,
  place: undefined
})

const sorted = (entries: ReadonlyMap<string, Node>) =>
  Array.from(entries).sort(([left], [right]) => left < right ? -1 : 1)
