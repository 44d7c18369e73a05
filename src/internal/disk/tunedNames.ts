/**
 * What `effect-wal/node` does at once with the names in a log's directory, for one of the simulated kernel.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { OperationKind } from "../../testing/SimulatedDisk.js"
import { type Enter, type OpenNow, withDirectNames } from "../segment/directNames.js"
import type { Call, Machine, Process } from "./machine.js"
import * as nameCalls from "./nameCalls.js"
import { OpenFile } from "./openFile.js"
import { normalize } from "./resolvePath.js"
import { directCalls } from "./tunedFile.js"

/** The directory is asked for first, as on Node, although a path means the same in both ways here. */
export const enter = (fs: FileSystem.FileSystem, machine: Machine, process: Process): Enter => (directory) =>
  Effect.match(fs.stat(directory), {
    onFailure: () => undefined,
    onSuccess: () =>
      withDirectNames({
        ...fs,
        readDirectory: (path, options) =>
          options === undefined
            ? machine.operateAtOnce(
              process,
              callOn("readDirectory", "scandir", path),
              () => nameCalls.list(machine.volume, path).map(([name]) => name)
            )
            : fs.readDirectory(path, options),
        rename: (from, to) =>
          machine.operateAtOnce(
            process,
            { ...callOn("rename", "rename", from), to },
            () => nameCalls.rename(machine.volume, from, to)
          )
      }, { turn: machine.turn, openNow: openNow(machine, process) })
  })

const openNow = (machine: Machine, process: Process) => (path: string) =>
  machine.operateNow(process, callOn("open", "open", path), (): OpenNow => {
    const handle = machine.open(process, path, "r")
    return {
      ...directCalls(machine, process, handle, new OpenFile(machine, process, handle)),
      closeNow: () => machine.close(process, handle)
    }
  })

const callOn = (kind: OperationKind, syscall: string, path: string): Call => ({
  kind,
  method: kind,
  syscall,
  target: path,
  path: () => normalize(path)
})
