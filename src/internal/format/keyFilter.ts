/**
 * A small filter of keys that stays in memory, so that segments without a key are passed over unread.
 *
 * It is a split block Bloom filter (as in Apache Parquet): blocks of 8 words of 32 bits, and every key sets one bit in
 * each word of one block. With one block for 24 keys that is 10.7 bits a key, and about 1 % false positives.
 */

/** Blocks of 2^3 words. */
const BLOCK_SHIFT = 3

export const FILTER_BLOCK_WORDS = 1 << BLOCK_SHIFT

const KEYS_PER_BLOCK = 24

// Parquet's constants: odd, so that each is a bijection, and the top five bits of each product are its word's bit.
const SALT_0 = 0x47b6137b
const SALT_1 = 0x44974d91
const SALT_2 = 0x8824ad5b
const SALT_3 = 0xa2b7289d
const SALT_4 = 0x705495c7
const SALT_5 = 0x2df1424b
const SALT_6 = 0x9efc4947
const SALT_7 = 0x5c6bfb31

/** No words at all where there are no keys. */
export const encodeKeyFilter = (hashes: Uint32Array): Uint32Array => {
  const filter = new Uint32Array(Math.ceil(hashes.length / KEYS_PER_BLOCK) * FILTER_BLOCK_WORDS)
  for (const hash of hashes) {
    insert(filter, firstWordOf(hash, filter.length), hash)
  }
  return filter
}

/** False is certain. */
export const mayContain = (filter: Uint32Array, hash: number): boolean => {
  if (filter.length === 0) {
    return false
  }
  const block = firstWordOf(hash, filter.length)
  return hasBit(filter, block, hash, SALT_0)
    && hasBit(filter, block + 1, hash, SALT_1)
    && hasBit(filter, block + 2, hash, SALT_2)
    && hasBit(filter, block + 3, hash, SALT_3)
    && hasBit(filter, block + 4, hash, SALT_4)
    && hasBit(filter, block + 5, hash, SALT_5)
    && hasBit(filter, block + 6, hash, SALT_6)
    && hasBit(filter, block + 7, hash, SALT_7)
}

const insert = (filter: Uint32Array, block: number, hash: number): void => {
  setBit(filter, block, hash, SALT_0)
  setBit(filter, block + 1, hash, SALT_1)
  setBit(filter, block + 2, hash, SALT_2)
  setBit(filter, block + 3, hash, SALT_3)
  setBit(filter, block + 4, hash, SALT_4)
  setBit(filter, block + 5, hash, SALT_5)
  setBit(filter, block + 6, hash, SALT_6)
  setBit(filter, block + 7, hash, SALT_7)
}

/**
 * The first word of the hash's block in a filter of so many words; with one block at least, the block lies inside it. Alone,
 * it answers for that hash as the whole filter does.
 */
export const firstWordOf = (hash: number, wordCount: number): number =>
  ((hash >>> 0) % (wordCount >>> BLOCK_SHIFT)) << BLOCK_SHIFT

const bitOf = (hash: number, salt: number): number => 1 << (Math.imul(hash, salt) >>> 27)

const setBit = (filter: Uint32Array, word: number, hash: number, salt: number): void => {
  filter[word] = (filter[word] ?? 0) | bitOf(hash, salt)
}

const hasBit = (filter: Uint32Array, word: number, hash: number, salt: number): boolean =>
  ((filter[word] ?? 0) & bitOf(hash, salt)) !== 0
