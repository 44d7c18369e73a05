/**
 * One 512-byte sector of a file that differs, or may differ, from what is on disk.
 */

export const sectorSize = 512

const nothing = new Uint8Array(0)

/** A version of a sector that was written, and then cut off by a truncation that is not synced. */
export interface Discarded {
  readonly bytes: Uint8Array
  readonly written: WrittenBytes
}

/**
 * Which bytes of a sector were written since they were last synced. Powersafe overwrite rests on this: no other byte may change in a crash.
 */
export class WrittenBytes {
  // Every written byte lies in [from, to). Without a mask, all of these are written.
  private from = 0
  private to = 0
  private mask: Uint8Array | undefined

  get isEmpty(): boolean {
    return this.from === this.to
  }

  get start(): number {
    return this.from
  }

  get end(): number {
    return this.to
  }

  has(position: number): boolean {
    return position >= this.from && position < this.to && (this.mask === undefined || this.mask[position] === 1)
  }

  add(from: number, to: number): void {
    if (from >= to) return
    if (this.isEmpty) {
      this.from = from
      this.to = to
      return
    }
    if (this.mask === undefined && (from > this.to || to < this.from)) {
      this.mask = new Uint8Array(sectorSize).fill(1, this.from, this.to)
    }
    this.mask?.fill(1, from, to)
    this.from = Math.min(this.from, from)
    this.to = Math.max(this.to, to)
  }

  /** Forgets what lies at or behind a position. */
  cut(position: number): void {
    this.mask?.fill(0, position)
    this.to = Math.min(this.to, position)
    if (this.from >= this.to) this.clear()
  }

  clear(): void {
    this.from = 0
    this.to = 0
    this.mask = undefined
  }

  clone(): WrittenBytes {
    const copy = new WrittenBytes()
    copy.from = this.from
    copy.to = this.to
    copy.mask = this.mask?.slice()
    return copy
  }
}

export class Sector {
  readonly written: WrittenBytes
  /**
   * `"dirty"`: the next fsync writes it. `"forgotten"`: an fsync failed, and the cache now counts it as clean although the disk never got it.
   */
  state: "dirty" | "forgotten" = "dirty"
  discarded: Discarded | undefined

  constructor(
    /** Its bytes on disk; what is missing is zero. */
    public durable: Uint8Array,
    written: WrittenBytes = new WrittenBytes()
  ) {
    this.written = written
  }

  write(from: number, to: number): void {
    // The cache writes whole sectors: what it had forgotten of this one goes along.
    this.state = "dirty"
    this.written.add(from, to)
  }

  cutDurable(length: number): void {
    if (this.durable.length > length) {
      this.durable = length <= 0 ? nothing : this.durable.slice(0, length)
    }
  }

  clone(): Sector {
    const copy = new Sector(this.durable, this.written.clone())
    copy.state = this.state
    copy.discarded = this.discarded
    return copy
  }
}

export const noBytes = nothing
