/**
 * What zeros behind some bytes make of their checksum, without a look at them: so the checksums of parts tell that of the whole.
 *
 * The register of a CRC is linear: that of A followed by B is that of A followed by as many zeros as B is long, exclusive or
 * that of B behind a register of zeros. Zeros, 2^k of them, turn over a set of bits that depends on each bit of the register by
 * itself, so one table for each k and each of its four bytes says what they do.
 */
import { afterZeroByte } from "./crc32.js"

/** Up to 2^13 - 1 zeros at a time. */
const POWERS = 13

const TABLE_LENGTH = 4 * 256

/**
 * Table k, at k * 1024, is for 2^k zeros: 256 values for each byte of the register, the lowest first. All zeros until they are
 * first needed, which in many programs is never.
 */
const tables = /* @__PURE__ */ new Int32Array(POWERS * TABLE_LENGTH)

const fillTables = (): void => {
  const ofBits = Array.from({ length: 32 }, (_, bit) => afterZeroByte(1 << bit))
  for (let power = 0; power < POWERS; power++) {
    const table = tables.subarray(power * TABLE_LENGTH, (power + 1) * TABLE_LENGTH)
    fillTable(table, ofBits)
    ofBits.forEach((register, bit) => {
      ofBits[bit] = lookUp(table, 0, register)
    })
  }
}

/** Each value by that of the same bits without the lowest one. */
const fillTable = (table: Int32Array, ofBits: ReadonlyArray<number>): void => {
  for (let at = 0; at < TABLE_LENGTH; at++) {
    const bits = at & 0xff
    if (bits !== 0) {
      const lowest = 31 - Math.clz32(bits & -bits)
      table[at] = (table[at & ~(1 << lowest)] ?? 0) ^ (ofBits[(at >>> 8) * 8 + lowest] ?? 0)
    }
  }
}

const lookUp = (table: Int32Array, start: number, register: number): number =>
  (table[start + (register & 0xff)] ?? 0) ^ (table[start + 256 + ((register >>> 8) & 0xff)] ?? 0)
  ^ (table[start + 512 + ((register >>> 16) & 0xff)] ?? 0) ^ (table[start + 768 + (register >>> 24)] ?? 0)

/** The longest run of zeros that `afterZeros` takes. */
export const MOST_ZEROS = 2 ** POWERS - 1

/** The register, an i32, after so many bytes of zeros. */
export const afterZeros = (register: number, zeros: number): number => {
  if (tables[1] === 0) {
    fillTables()
  }
  let value = register
  for (let rest = zeros, start = 0; rest !== 0; rest >>>= 1, start += TABLE_LENGTH) {
    if ((rest & 1) === 1) {
      value = lookUp(tables, start, value)
    }
  }
  return value
}
