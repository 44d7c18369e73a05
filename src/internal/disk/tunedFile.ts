/**
 * What `effect-wal/node` adds to an open file of Node's, for one of the simulated kernel.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Effect from "effect/Effect"
import { type DirectCalls, withDirectCalls } from "../segment/directCalls.js"
import type { Fault } from "./faults.js"
import * as fileCalls from "./fileCalls.js"
import { infoOf } from "./info.js"
import type { Call, Machine, Process } from "./machine.js"
import { pathOf } from "./nodes.js"
import { limitOf } from "./openFile.js"

export const tuned = (
  file: FileSystem.File,
  machine: Machine,
  process: Process,
  handle: fileCalls.Handle
): FileSystem.File => withDirectCalls(file, directCalls(machine, process, handle, file))

export const directCalls = (
  machine: Machine,
  process: Process,
  handle: fileCalls.Handle,
  file: FileSystem.File
): DirectCalls => {
  const path = () => pathOf(handle.node)

  const reading = (buffer: Uint8Array, position: number): Operation =>
    operation(
      {
        kind: "read",
        method: "read",
        syscall: "read",
        target: handle.fd,
        path,
        offset: position,
        length: buffer.length
      },
      (fault) => fileCalls.read(handle, buffer.subarray(0, limitOf(fault, "ShortRead")), position)
    )

  const writing = (bytes: Uint8Array, position: number): Operation =>
    operation(
      {
        kind: "write",
        method: "write",
        syscall: "write",
        target: handle.fd,
        path,
        offset: position,
        length: bytes.length
      },
      (fault) => fileCalls.write(machine.volume, handle, bytes.subarray(0, limitOf(fault, "ShortWrite")), position)
    )

  const operation = (call: Call, run: (fault: Fault | undefined) => number): Operation => ({
    now: () => machine.operateNow(process, call, run),
    later: machine.operate(process, call, run)
  })

  return {
    turn: machine.turn,
    readNow: (buffer, start, length, position) => reading(buffer.subarray(start, start + length), position).now(),
    writeNow: (bytes, start, length, position) => writing(bytes.subarray(start, start + length), position).now(),
    sizeNow: () =>
      operation(
        { kind: "stat", method: "stat", syscall: "fstat", target: handle.fd, path },
        () => Number(infoOf(fileCalls.statHandle(handle)).size)
      ).now(),
    read: (buffer, position) => reading(buffer, position).later,
    write: (bytes, position) => writing(bytes, position).later,
    syncData: file.sync
  }
}

interface Operation {
  readonly now: () => number | PlatformError
  readonly later: Effect.Effect<number, PlatformError>
}
