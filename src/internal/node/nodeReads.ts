/**
 * What is read of an open file at once, through `node:fs`.
 */
import type { PlatformError } from "@effect/platform/Error"
import { fstatSync, readSync } from "node:fs"
import type { DirectCalls } from "../segment/directCalls.js"
import { toPlatformError } from "./nodeError.js"

export const readsOf = (fd: number): Pick<DirectCalls, "readNow" | "sizeNow"> => ({
  readNow: (buffer, start, length, position) => {
    try {
      return readSync(fd, buffer, start, length, position)
    } catch (cause) {
      return toPlatformError("read", fd, cause)
    }
  },
  sizeNow: () => sizeOf(fd)
})

const sizeOf = (fd: number): number | PlatformError => {
  try {
    return fstatSync(fd).size
  } catch (cause) {
    return toPlatformError("stat", fd, cause)
  }
}
