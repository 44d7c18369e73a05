/**
 * What is in memory of sealed segments' indexes and key filters, within a budget.
 */
import type { SealIndex } from "../format/sealIndex.js"

/**
 * Invariants: `indexes` is in the order of last use and `filters` in that of their arrival, and `bytes` is the sum of their
 * sizes; it is within `budget` but for what is of the segment that is in use. A filter is small and saves its index: it
 * stays when that goes, and only goes itself when no index is left.
 */
export class IndexStore {
  private readonly indexes = new Map<number, SealIndex>()
  private readonly filters = new Map<number, Uint32Array>()
  private bytes = 0

  constructor(private readonly budget: number) {}

  index(id: number): SealIndex | undefined {
    const found = this.indexes.get(id)
    if (found !== undefined) {
      this.indexes.delete(id)
      this.indexes.set(id, found)
    }
    return found
  }

  filter(id: number): Uint32Array | undefined {
    return this.filters.get(id)
  }

  keepIndex(id: number, index: SealIndex): void {
    this.dropIndex(id)
    this.indexes.set(id, index)
    this.bytes += index.byteLength
    if (this.filters.has(id)) {
      this.shrink(id)
    } else {
      this.keepFilter(id, index.filter.slice())
    }
  }

  keepFilter(id: number, filter: Uint32Array): void {
    this.dropFilter(id)
    this.filters.set(id, filter)
    this.bytes += filter.byteLength
    this.shrink(id)
  }

  forget(id: number): void {
    this.dropIndex(id)
    this.dropFilter(id)
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
    for (const id of this.filters.keys()) {
      if (this.bytes <= this.budget) {
        return
      }
      if (id !== inUse) {
        this.dropFilter(id)
      }
    }
  }

  private dropIndex(id: number): void {
    this.bytes -= this.indexes.get(id)?.byteLength ?? 0
    this.indexes.delete(id)
  }

  private dropFilter(id: number): void {
    this.bytes -= this.filters.get(id)?.byteLength ?? 0
    this.filters.delete(id)
  }
}
