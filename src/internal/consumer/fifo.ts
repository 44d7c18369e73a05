/**
 * First in, first out; taking costs nothing for those that stay.
 */
export class Fifo<A> {
  private items: Array<A> = []
  private head = 0

  get length(): number {
    return this.items.length - this.head
  }

  get first(): A | undefined {
    return this.items[this.head]
  }

  push(item: A): void {
    this.items.push(item)
  }

  /** The first ones, `most` at most. */
  take(most: number): ReadonlyArray<A> {
    const taken = this.items.slice(this.head, this.head + most)
    this.head += taken.length
    if (this.head * 2 >= this.items.length) {
      this.items = this.items.slice(this.head)
      this.head = 0
    }
    return taken
  }
}
