/**
 * The names of a log's files.
 */

const SEGMENT_PATTERN = /^(\d{20})\.wal$/
const TEMPORARY_PATTERN = /^\d{20}\.wal\.tmp$/
const SALVAGED_PATTERN = /^(\d{20})\.salvaged$/
const TAIL_PATTERN = /^(\d{20})\.tail$/
const CURSOR_PATTERN = /^([A-Za-z0-9_-][A-Za-z0-9._-]{0,99})\.cursor(?:\.tmp)?$/

const digits = (id: number): string => String(id).padStart(20, "0")

export const segmentFileName = (id: number): string => `${digits(id)}.wal`

export const temporaryFileName = (id: number): string => `${digits(id)}.wal.tmp`

/** Bytes that verified beyond a torn tail's end, kept for a person to look at. */
export const damagedFileName = (id: number, offset: number): string => `${digits(id)}-${offset}.damaged`

/** The end of a segment, kept while it is written anew. */
export const tailFileName = (id: number): string => `${digits(id)}.tail`

/** The record that makes later openings accept exactly one loss. */
export const salvagedFileName = (id: number): string => `${digits(id)}.salvaged`

/** How far the consumer of that name has come. */
export const cursorFileName = (consumer: string): string => `${consumer}.cursor`

/** Whether a consumer may be called so: its cursor's file is. */
export const isConsumerName = (name: string): boolean => CURSOR_PATTERN.exec(cursorFileName(name))?.[1] === name

export type LogFile =
  | { readonly _tag: "Segment"; readonly id: number }
  | { readonly _tag: "Temporary" }
  | { readonly _tag: "Salvaged"; readonly id: number }
  | { readonly _tag: "Tail"; readonly id: number }
  | { readonly _tag: "Cursor" }
  | { readonly _tag: "Other" }

/** What a name in the directory stands for. An id beyond 2^53 - 1, or 0, is nobody's. */
export const parseFileName = (name: string): LogFile => {
  const segment = idOf(SEGMENT_PATTERN, name)
  if (segment !== undefined) {
    return { _tag: "Segment", id: segment }
  }
  const salvaged = idOf(SALVAGED_PATTERN, name)
  if (salvaged !== undefined) {
    return { _tag: "Salvaged", id: salvaged }
  }
  const tail = idOf(TAIL_PATTERN, name)
  if (tail !== undefined) {
    return { _tag: "Tail", id: tail }
  }
  if (CURSOR_PATTERN.test(name)) {
    return { _tag: "Cursor" }
  }
  return TEMPORARY_PATTERN.test(name) ? { _tag: "Temporary" } : { _tag: "Other" }
}

const idOf = (pattern: RegExp, name: string): number | undefined => {
  const id = Number(pattern.exec(name)?.[1])
  return Number.isSafeInteger(id) && id > 0 ? id : undefined
}
