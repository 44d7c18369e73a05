/**
 * The bytes of a file as its readers see them, and what the disk would still have of them after a power loss.
 */
import { noBytes, Sector, sectorSize } from "./sector.js"

/** What an fsync that failed leaves in the cache: the new contents, or those of the disk. */
export type CacheAfterFailedSync = "new" | "old"

/**
 * Only the volatile bytes are held as a whole. A sector's durable bytes are put aside when it is first changed after a sync.
 *
 * Invariants:
 * - the buffer is zero from `size` on;
 * - the durable bytes of a sector that `sectors` does not have are those of the buffer, cut at `durableSize`;
 * - `floor <= durableSize <= peak`, `floor <= size <= peak`.
 */
export class FileContent {
  private buffer: Uint8Array
  /** The size that readers see. */
  size: number
  /** The size on disk. */
  durableSize: number
  /** The smallest size since the last sync: from here on, what was on disk was cut off. */
  floor: number
  /** The largest size since the last sync. */
  peak: number
  readonly sectors = new Map<number, Sector>()

  /** Takes over bytes that are on disk. */
  constructor(bytes: Uint8Array = noBytes) {
    this.buffer = bytes
    this.size =
      this.durableSize =
      this.floor =
      this.peak =
        bytes.length
  }

  /** A view, valid until the next change. */
  view(from = 0, to: number = this.size): Uint8Array {
    return this.buffer.subarray(from, Math.min(to, this.size))
  }

  read(into: Uint8Array, offset: number): number {
    if (offset >= this.size) return 0
    const bytes = this.view(offset, offset + into.length)
    into.set(bytes)
    return bytes.length
  }

  write(bytes: Uint8Array, offset: number): void {
    const end = offset + bytes.length
    if (bytes.length === 0) return
    this.markWritten(offset, end)
    this.reserve(end)
    this.buffer.set(bytes, offset)
    this.grow(end)
  }

  truncate(length: number): void {
    if (length >= this.size) {
      this.reserve(length)
      this.grow(length)
      return
    }
    this.putAside(length, this.size)
    this.buffer.fill(0, length, this.size)
    this.size = length
    this.floor = Math.min(this.floor, length)
  }

  /** A successful fsync: all is on disk but for what an earlier, failed one made the cache forget. */
  sync(): void {
    for (const [index, sector] of this.sectors) {
      if (sector.state === "dirty" || sector.written.isEmpty) {
        this.sectors.delete(index)
      } else {
        sector.cutDurable(this.floor - index * sectorSize)
        sector.discarded = undefined
      }
    }
    this.durableSize = this.floor = this.peak = this.size
  }

  /** A failed fsync: no byte reaches the disk, and the cache takes all for clean. The size stays to be synced. */
  failSync(cache: CacheAfterFailedSync): void {
    for (const [index, sector] of this.sectors) {
      if (sector.written.isEmpty) continue
      if (cache === "new") {
        sector.state = "forgotten"
      } else {
        this.revert(index, sector)
      }
    }
  }

  clone(): FileContent {
    const copy = new FileContent(this.buffer.slice(0, this.size))
    copy.durableSize = this.durableSize
    copy.floor = this.floor
    copy.peak = this.peak
    for (const [index, sector] of this.sectors) copy.sectors.set(index, sector.clone())
    return copy
  }

  private grow(size: number): void {
    if (size > this.size) this.size = size
    if (size > this.peak) this.peak = size
  }

  private reserve(length: number): void {
    if (length <= this.buffer.length) return
    const larger = new Uint8Array(Math.max(length, this.buffer.length * 2, sectorSize))
    larger.set(this.buffer.subarray(0, this.size))
    this.buffer = larger
  }

  private markWritten(from: number, to: number): void {
    for (let index = Math.floor(from / sectorSize); index * sectorSize < to; index++) {
      const start = index * sectorSize
      this.sectorAt(index).write(Math.max(from - start, 0), Math.min(to - start, sectorSize))
    }
  }

  private sectorAt(index: number): Sector {
    const known = this.sectors.get(index)
    if (known !== undefined) return known
    const sector = new Sector(this.durableBytes(index))
    this.sectors.set(index, sector)
    return sector
  }

  private durableBytes(index: number): Uint8Array {
    const start = index * sectorSize
    return start >= this.durableSize
      ? noBytes
      : this.buffer.slice(start, Math.min(start + sectorSize, this.durableSize))
  }

  // What is cut off stays possible until the truncation is synced.
  private putAside(from: number, to: number): void {
    for (let index = Math.floor(from / sectorSize); index * sectorSize < to; index++) {
      const start = index * sectorSize
      if (start >= this.durableSize && !this.sectors.has(index)) continue
      const sector = this.sectorAt(index)
      if (sector.written.end > from - start) {
        sector.discarded = { bytes: this.buffer.slice(start, start + sectorSize), written: sector.written.clone() }
        sector.written.cut(Math.max(from - start, 0))
      }
    }
  }

  private revert(index: number, sector: Sector): void {
    const start = index * sectorSize
    for (let at = sector.written.start; at < sector.written.end; at++) {
      if (sector.written.has(at)) this.buffer[start + at] = start + at < this.floor ? sector.durable[at] ?? 0 : 0
    }
    sector.written.clear()
    sector.state = "dirty"
  }
}
