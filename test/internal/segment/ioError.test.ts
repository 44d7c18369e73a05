import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, expect, it } from "@effect/vitest"
import { assertInclude, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import { errnoOf, toIoError } from "../../../src/internal/segment/ioError.js"
import type { WalIoError } from "../../../src/WalError.js"

const systemError = (reason: PlatformError.SystemErrorReason, code?: string) =>
  new PlatformError.SystemError({
    module: "FileSystem",
    method: "write",
    reason,
    ...(code === undefined ? {} : { cause: Object.assign(new Error(code), { code }) })
  })

const mapped: ReadonlyArray<readonly [PlatformError.SystemErrorReason, string | undefined, WalIoError["reason"]]> = [
  ["Unknown", "ENOSPC", "NoSpace"],
  ["Unknown", "EDQUOT", "NoSpace"],
  ["Unknown", "EMFILE", "TooManyOpenFiles"],
  ["Unknown", "ENFILE", "TooManyOpenFiles"],
  ["Unknown", "EROFS", "ReadOnly"],
  ["Unknown", "EPERM", "PermissionDenied"],
  ["PermissionDenied", "EACCES", "PermissionDenied"],
  ["NotFound", "ENOENT", "NotFound"],
  ["Unknown", "EIO", "Io"],
  ["AlreadyExists", "EEXIST", "Io"],
  ["NotFound", undefined, "NotFound"],
  ["PermissionDenied", undefined, "PermissionDenied"],
  ["Unknown", undefined, "Io"]
]

describe("ioError", () => {
  it.each(mapped)("%s with the code %s is %s", (reason, code, expected) => {
    const platformError = systemError(reason, code)
    const error = toIoError("write", "/wal/1.wal")(platformError)
    expect(error.reason).toBe(expected)
    expect(error.operation).toBe("write")
    expect(error.path).toBe("/wal/1.wal")
    expect(error.cause).toBe(platformError)
    expect(errnoOf(platformError)).toBe(code)
  })

  it("a bad argument is Io, and a cause without a code has none", () => {
    const platformError = new PlatformError.BadArgument({ module: "FileSystem", method: "open", cause: { code: 7 } })
    expect(toIoError("open", "x")(platformError).reason).toBe("Io")
    expect(errnoOf(platformError)).toBeUndefined()
  })

  it.scoped("recognises what the real file system says", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const missing = `${directory}/none/x`
      const error = yield* fs.open(missing, { flag: "r+" }).pipe(
        Effect.mapError(toIoError("open", missing)),
        Effect.flip
      )
      strictEqual(error.reason, "NotFound")
      assertInclude(error.message, missing)
      const name = "x".repeat(300)
      const tooLong = yield* fs.open(`${directory}/${name}`).pipe(Effect.mapError(toIoError("open", name)), Effect.flip)
      strictEqual(tooLong.reason, "Io")
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})
