/**
 * Little-endian numbers, alignment and comparison: what every structure of the format is made of.
 */

/** What is not a safe integer on disk; no length, offset or sequence is ever negative. */
export const UNSAFE = -1

export const ALIGNMENT = 8

export const TWO_32 = 0x1_0000_0000
export const HIGHEST_SAFE_WORD = 0x1f_ffff

export const EMPTY: Uint8Array = new Uint8Array(0)

const encoder = new TextEncoder()

/** The next multiple of 8. Not with bit operators: a segment may end beyond 2^31. */
export const align = (length: number): number => length + ((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT)

export const readU16 = (bytes: Uint8Array, at: number): number => byte(bytes, at) | (byte(bytes, at + 1) << 8)

export const readU32 = (bytes: Uint8Array, at: number): number =>
  (byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24)) >>> 0

/** A u64 as a number, or `UNSAFE` above 2^53 - 1. */
export const readU64 = (bytes: Uint8Array, at: number): number => {
  const high = readU32(bytes, at + 4)
  return high > HIGHEST_SAFE_WORD ? UNSAFE : high * TWO_32 + readU32(bytes, at)
}

export const writeU16 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
}

export const writeU32 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

export const writeU64 = (bytes: Uint8Array, at: number, value: number): void => {
  // The operator takes the low 32 bits of any safe integer, and costs less than a remainder.
  writeU32(bytes, at, value | 0)
  writeU32(bytes, at + 4, value < TWO_32 ? 0 : Math.floor(value / TWO_32))
}

/** For what is read or written often: a number is one step there, where bytes would have to be put together. */
export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

export const setU64 = (view: DataView, at: number, value: number): void => {
  view.setInt32(at, value | 0, true)
  view.setInt32(at + 4, value < TWO_32 ? 0 : Math.floor(value / TWO_32), true)
}

/** A u64 as a number, or `UNSAFE` above 2^53 - 1. */
export const getU64 = (view: DataView, at: number): number => {
  const high = view.getUint32(at + 4, true)
  return high > HIGHEST_SAFE_WORD ? UNSAFE : high * TWO_32 + view.getUint32(at, true)
}

export const writeAscii = (bytes: Uint8Array, at: number, text: string): void => {
  for (let index = 0; index < text.length; index++) {
    bytes[at + index] = text.charCodeAt(index)
  }
}

export const hasAscii = (bytes: Uint8Array, at: number, text: string): boolean => {
  for (let index = 0; index < text.length; index++) {
    if (bytes[at + index] !== text.charCodeAt(index)) {
      return false
    }
  }
  return true
}

export const isZero = (bytes: Uint8Array, start: number, end: number): boolean => {
  for (let index = start; index < end; index++) {
    if (bytes[index] !== 0) {
      return false
    }
  }
  return true
}

/** Up to that, `subarray` costs more than a loop over the bytes. */
const SHORT = 48

/** Copies `length` bytes of `source` from `start` on to `target` from `at` on. */
export const copyBytes = (
  source: Uint8Array,
  start: number,
  length: number,
  target: Uint8Array,
  at: number
): void => {
  if (length > SHORT) {
    target.set(source.subarray(start, start + length), at)
    return
  }
  for (let index = 0; index < length; index++) {
    target[at + index] = source[start + index] ?? 0
  }
}

export const utf8 = (text: string): Uint8Array => encoder.encode(text)

export const equalBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && equalRange(left, 0, right, 0, left.length)

/** Compares `length` bytes of `left` from `leftAt` with those of `right` from `rightAt`. */
export const equalRange = (
  left: Uint8Array,
  leftAt: number,
  right: Uint8Array,
  rightAt: number,
  length: number
): boolean => {
  for (let index = 0; index < length; index++) {
    if (left[leftAt + index] !== right[rightAt + index]) {
      return false
    }
  }
  return true
}

/** Byte order, the shorter first where one is the other's prefix. */
export const compareBytes = (left: Uint8Array, right: Uint8Array): number => {
  const shared = Math.min(left.length, right.length)
  for (let index = 0; index < shared; index++) {
    const difference = byte(left, index) - byte(right, index)
    if (difference !== 0) {
      return difference
    }
  }
  return left.length - right.length
}

/** Past the end reads as zero; callers check lengths before they believe a value. */
const byte = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0
