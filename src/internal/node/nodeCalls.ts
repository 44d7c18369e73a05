/**
 * A file descriptor's calls through `node:fs`: small ones at once, the others in libuv's thread pool.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import { fdatasync, read, write, writeSync } from "node:fs"
import type { DirectCalls } from "../segment/directCalls.js"
import { Turn } from "../segment/turn.js"
import { toPlatformError } from "./nodeError.js"
import { readsOf } from "./nodeReads.js"

/** Of this thread's event loop. */
export const turn = new Turn(setImmediate)

export const nodeCalls = (fd: number): DirectCalls => {
  const failWith = (method: string) => (cause: unknown): PlatformError => toPlatformError(method, fd, cause)
  const failedRead = failWith("read")
  const failedWrite = failWith("write")
  const failedSync = failWith("sync")
  return {
    turn,
    ...readsOf(fd),
    writeNow: (bytes, start, length, position) => {
      try {
        return writeSync(fd, bytes, start, length, position)
      } catch (cause) {
        return failedWrite(cause)
      }
    },
    read: (buffer, position) =>
      Effect.async((resume) => {
        read(fd, buffer, 0, buffer.length, position, (cause, count) => {
          resume(cause === null ? Effect.succeed(count) : Effect.fail(failedRead(cause)))
        })
      }),
    write: (bytes, position) =>
      Effect.async((resume) => {
        write(fd, bytes, 0, bytes.length, position, (cause, count) => {
          resume(cause === null ? Effect.succeed(count) : Effect.fail(failedWrite(cause)))
        })
      }),
    syncData: Effect.async((resume) => {
      fdatasync(fd, (cause) => {
        resume(cause === null ? Effect.void : Effect.fail(failedSync(cause)))
      })
    })
  }
}
