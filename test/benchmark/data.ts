/**
 * Keys, contents and records, made before anything is measured and used again and again.
 */

/** How many keys there are; entry after entry takes the next one. */
export const KEYS = 1_000

/** How many entries a store is filled with before it is read. */
export const STORED_ENTRIES = 1_000_000

export const BATCH = 1_000

/** A prime, so that the entries of one key have different contents. */
const CONTENTS = 1_009

export const KEY_LENGTH = 16

/** Of the entries in the stores that are read. */
export const STORED_CONTENT_LENGTH = 100

/** How many places the random reads go round. */
const PICKS = 20_000

export type ByIndex = (index: number) => Buffer

export const keyOf: ByIndex = (index) => sharedKeys(index)

/** The bytes of a key of 16: as many different ones as one likes. */
export const makeKey = (number: number): Buffer => Buffer.from(`key-${String(number).padStart(12, "0")}`)

/** Contents that do not compress, also not with their neighbours of the same key, the same ones in each process. */
export const contents = (length: number): ByIndex => {
  const random = randomNumbers(length)
  return cycle(CONTENTS, () => Buffer.from(Array.from({ length }, () => random() & 255)))
}

/** Key and content in one piece, as a store takes them that knows no keys. */
export const records = (contentLength: number): ByIndex => {
  const contentOf = contents(contentLength)
  return cycle(KEYS, (index) => Buffer.concat([keyOf(index), contentOf(index)]))
}

/** The records of one batch in one piece. */
export const batchBytes = (contentLength: number): Buffer => {
  const recordOf = records(contentLength)
  return Buffer.concat(Array.from({ length: BATCH }, (_, index) => recordOf(index)))
}

/** Key and sequence in one piece: the order by key, and within a key by sequence, of stores that sort. */
export const keyAndSequence = (index: number): Buffer => {
  const bytes = Buffer.allocUnsafe(KEY_LENGTH + 8)
  keyOf(index).copy(bytes)
  bytes.writeBigUInt64BE(BigInt(index), KEY_LENGTH)
  return bytes
}

/** Before the first entry of a key in that order, and behind the last one. */
export const keyRange = (index: number): { readonly start: Buffer; readonly end: Buffer } => ({
  start: Buffer.concat([keyOf(index), Buffer.alloc(8)]),
  end: Buffer.concat([keyOf(index), Buffer.alloc(8, 255)])
})

/** The numbers of the entries that are read at random. */
export const picks = (): ReadonlyArray<number> => {
  const random = randomNumbers(1)
  return Array.from({ length: PICKS }, () => random() % STORED_ENTRIES)
}

/** Goes round a list for ever. */
export const around = <A>(list: ReadonlyArray<A>) => (index: number): A => {
  const item = list[index % list.length]
  if (item === undefined) {
    throw new Error("there is nothing to go round")
  }
  return item
}

const cycle = (count: number, make: (index: number) => Buffer): ByIndex =>
  around(Array.from({ length: count }, (_, index) => make(index)))

const sharedKeys = cycle(KEYS, makeKey)

/** Marsaglia's xorshift: numbers of 32 bits. */
const randomNumbers = (seed: number) => {
  let state = seed * 2_654_435_761 >>> 0 || 1
  return (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}
