/**
 * What is in memory of sealed segments' indexes, key filters and maps, within a budget.
 */
import type { SealIndex } from "../format/sealIndex.js"
import { mapBytes, type SealIndexMap } from "../format/sealIndexMap.js"
import type { Segment } from "../segment/segment.js"

/** Which segment, as far as its index goes: one that was closed and has grown again has another one. */
export type Indexed = Pick<Segment, "id" | "dataLength">

interface KeptIndex {
  readonly dataLength: number
  readonly index: SealIndex
  lastUse: number
}

/** What saves reading an index, and is small beside it. */
interface Digest {
  readonly dataLength: number
  readonly filter: Uint32Array | undefined
  readonly map: SealIndexMap | undefined
}

/** What was read of an index by blocks since that use. */
interface Demand {
  readonly since: number
  bytes: number
}

/**
 * Invariants: `indexes` is in the order of last use and `digests` in that of their arrival, and `bytes` is the sum of their
 * sizes, `digestBytes` that of the digests; `bytes` is within `budget` but for what is of the segment that is in use. A digest
 * stays when its index goes, and only goes itself when no index is left. `uses` is at least every `lastUse` and every `since`.
 */
export class IndexStore {
  private readonly indexes = new Map<number, KeptIndex>()
  private readonly digests = new Map<number, Digest>()
  private readonly demands = new Map<number, Demand>()
  private bytes = 0
  private digestBytes = 0
  private uses = 0

  constructor(private readonly budget: number) {}

  index(segment: Indexed): SealIndex | undefined {
    const found = this.indexes.get(segment.id)
    if (found === undefined || found.dataLength !== segment.dataLength) {
      return undefined
    }
    found.lastUse = ++this.uses
    this.indexes.delete(segment.id)
    this.indexes.set(segment.id, found)
    return found.index
  }

  filter(segment: Indexed): Uint32Array | undefined {
    return this.digest(segment)?.filter
  }

  map(segment: Indexed): SealIndexMap | undefined {
    return this.digest(segment)?.map
  }

  /** Whether an index of that length fits in beside all that is there. */
  hasRoomForIndex(length: number): boolean {
    return this.bytes + length <= this.budget
  }

  /** Whether something that small fits in beside all that is as small; indexes make room for it. */
  hasRoomForDigest(length: number): boolean {
    return this.digestBytes + length <= this.budget
  }

  /**
   * Whether as much was read of an index by blocks as it is long, and it fits in if those go that were not used since that
   * began. If they leave it no room, it begins anew.
   */
  isWorthLoading(segment: Indexed, length: number): boolean {
    const demand = this.demands.get(segment.id)
    if (demand === undefined || demand.bytes < length) {
      return false
    }
    this.demands.delete(segment.id)
    let bytes = this.bytes
    for (const { index, lastUse } of this.indexes.values()) {
      bytes -= lastUse > demand.since ? 0 : index.byteLength
    }
    return bytes + length <= this.budget
  }

  /** So much was read of the segment's index by blocks. */
  countRead(segment: Indexed, bytes: number): void {
    const demand = this.demands.get(segment.id)
    if (demand === undefined) {
      this.demands.set(segment.id, { since: this.uses, bytes })
    } else {
      demand.bytes += bytes
    }
  }

  keepIndex(segment: Indexed, index: SealIndex): void {
    this.dropIndex(segment.id)
    this.demands.delete(segment.id)
    this.indexes.set(segment.id, { dataLength: segment.dataLength, index, lastUse: ++this.uses })
    this.bytes += index.byteLength
    if (this.filter(segment) === undefined) {
      this.keepFilter(segment, index.filter.slice())
    } else {
      this.shrink(segment.id)
    }
  }

  keepFilter(segment: Indexed, filter: Uint32Array): void {
    this.keepDigest(segment, { dataLength: segment.dataLength, filter, map: this.map(segment) })
  }

  keepMap(segment: Indexed, map: SealIndexMap): void {
    this.keepDigest(segment, { dataLength: segment.dataLength, filter: this.filter(segment), map })
  }

  forget(id: number): void {
    this.dropIndex(id)
    this.dropDigest(id)
    this.demands.delete(id)
  }

  private digest({ dataLength, id }: Indexed): Digest | undefined {
    const found = this.digests.get(id)
    return found?.dataLength === dataLength ? found : undefined
  }

  private keepDigest({ id }: Indexed, digest: Digest): void {
    this.dropDigest(id)
    this.digests.set(id, digest)
    this.addDigestBytes(digestLength(digest))
    this.shrink(id)
  }

  private shrink(inUse: number): void {
    for (const id of this.indexes.keys()) {
      if (this.bytes <= this.budget) {
        return
      }
      if (id !== inUse) {
        this.dropIndex(id)
      }
    }
    for (const id of this.digests.keys()) {
      if (this.bytes <= this.budget) {
        return
      }
      if (id !== inUse) {
        this.dropDigest(id)
      }
    }
  }

  private dropIndex(id: number): void {
    this.bytes -= this.indexes.get(id)?.index.byteLength ?? 0
    this.indexes.delete(id)
  }

  private dropDigest(id: number): void {
    const digest = this.digests.get(id)
    this.addDigestBytes(digest === undefined ? 0 : -digestLength(digest))
    this.digests.delete(id)
  }

  private addDigestBytes(length: number): void {
    this.bytes += length
    this.digestBytes += length
  }
}

const digestLength = ({ filter, map }: Digest): number =>
  (filter?.byteLength ?? 0) + (map === undefined ? 0 : mapBytes(map))
