/**
 * Random histories of a file, and the little that must be true of it after any crash.
 */
import * as FastCheck from "effect/FastCheck"

export type FileStep =
  | { readonly _tag: "Write"; readonly offset: number; readonly length: number }
  | { readonly _tag: "Truncate"; readonly length: number }
  | { readonly _tag: "Sync" }

const largest = 2200

const position = FastCheck.integer({ min: 0, max: largest })

const write = FastCheck.record({
  _tag: FastCheck.constant("Write" as const),
  offset: position,
  length: FastCheck.integer({ min: 0, max: 700 })
})
const truncate = FastCheck.record({ _tag: FastCheck.constant("Truncate" as const), length: position })
const sync = FastCheck.constant({ _tag: "Sync" as const })

export const fileSteps: FastCheck.Arbitrary<ReadonlyArray<FileStep>> = FastCheck.array(
  FastCheck.oneof({ arbitrary: write, weight: 5 }, { arbitrary: truncate, weight: 2 }, { arbitrary: sync, weight: 1 }),
  { maxLength: 12 }
)

/** What a naive implementation knows: two full copies, and which bytes were touched in between. */
export class FileModel {
  bytes: ReadonlyArray<number> = []
  durable: ReadonlyArray<number> = []
  readonly written = new Set<number>()
  /** The smallest and the largest size since the last sync. */
  floor = 0
  peak = 0

  write(offset: number, data: Uint8Array): void {
    if (data.length === 0) return
    const bytes = [...this.bytes]
    while (bytes.length < offset) bytes.push(0)
    data.forEach((byte, index) => {
      bytes[offset + index] = byte
      this.written.add(offset + index)
    })
    this.resized(bytes)
  }

  truncate(length: number): void {
    this.resized(Array.from({ length }, (_, index) => this.bytes[index] ?? 0))
  }

  sync(): void {
    this.durable = this.bytes
    this.written.clear()
    this.floor = this.peak = this.bytes.length
  }

  private resized(bytes: ReadonlyArray<number>): void {
    this.bytes = bytes
    this.floor = Math.min(this.floor, bytes.length)
    this.peak = Math.max(this.peak, bytes.length)
  }
}
