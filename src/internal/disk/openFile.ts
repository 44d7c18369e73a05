/**
 * The platform's `File` over a handle of the simulated kernel: one position, one operation at a time, as in platform-node.
 */
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Fault } from "./faults.js"
import * as fileCalls from "./fileCalls.js"
import { infoOf } from "./info.js"
import type { Call, Machine, Process } from "./machine.js"
import { pathOf } from "./nodes.js"

export class OpenFile implements FileSystem.File {
  readonly [FileSystem.FileTypeId]: FileSystem.FileTypeId = FileSystem.FileTypeId
  readonly fd: FileSystem.File.Descriptor
  private readonly semaphore = Effect.unsafeMakeSemaphore(1)
  private position = 0
  private readonly path = () => pathOf(this.handle.node)

  constructor(
    private readonly machine: Machine,
    private readonly process: Process,
    private readonly handle: fileCalls.Handle,
    /** Of the method that works through this file, where that is not the file's own. */
    private readonly method?: string
  ) {
    this.fd = FileSystem.FileDescriptor(handle.fd)
  }

  get stat() {
    return this.operate(this.call("stat", "fstat"), () => infoOf(fileCalls.statHandle(this.handle)))
  }

  get sync() {
    return this.operate(this.call("sync", "fsync"), (fault) =>
      fault?._tag === "FailSync"
        ? fileCalls.failSync(this.handle, fault.cache)
        : fileCalls.sync(this.machine.volume, this.handle))
  }

  seek(offset: FileSystem.SizeInput, from: FileSystem.SeekMode) {
    return this.semaphore.withPermits(1)(Effect.sync(() => {
      this.position = Number(offset) + (from === "current" ? this.position : 0)
      return FileSystem.Size(this.position)
    }))
  }

  read(buffer: Uint8Array) {
    return this.semaphore.withPermits(1)(Effect.map(
      Effect.suspend(() => this.readHere("read", buffer)),
      (count) => {
        this.position += count
        return FileSystem.Size(count)
      }
    ))
  }

  readAlloc(size: FileSystem.SizeInput) {
    return this.semaphore.withPermits(1)(Effect.suspend(() => {
      const buffer = new Uint8Array(Number(size))
      return Effect.map(this.readHere("readAlloc", buffer), (count): Option.Option<Uint8Array> => {
        this.position += count
        return count === 0 ? Option.none() : Option.some(count === buffer.length ? buffer : buffer.slice(0, count))
      })
    }))
  }

  truncate(length?: FileSystem.SizeInput) {
    const size = Number(length ?? 0)
    return this.semaphore.withPermits(1)(Effect.map(
      this.operate(
        { ...this.call("truncate", "ftruncate"), length: size },
        () => fileCalls.resize(this.machine.volume, this.handle, size)
      ),
      () => {
        if (!this.appends) this.position = Math.min(this.position, size)
      }
    ))
  }

  write(buffer: Uint8Array) {
    return this.semaphore.withPermits(1)(Effect.map(
      Effect.suspend(() => this.writeHere("write", buffer)),
      (count) => {
        this.advance(count)
        return FileSystem.Size(count)
      }
    ))
  }

  writeAll(buffer: Uint8Array) {
    return this.semaphore.withPermits(1)(this.writeRest(buffer))
  }

  private writeRest(buffer: Uint8Array): Effect.Effect<void, PlatformError.PlatformError> {
    return Effect.flatMap(Effect.suspend(() => this.writeHere("writeAll", buffer)), (count) => {
      if (count === 0) return Effect.fail(this.writeZero())
      this.advance(count)
      return count < buffer.length ? this.writeRest(buffer.subarray(count)) : Effect.void
    })
  }

  private readHere(method: string, buffer: Uint8Array): Effect.Effect<number, PlatformError.PlatformError> {
    const position = this.position
    return this.operate(
      { ...this.call("read", "read", method), offset: position, length: buffer.length },
      (fault) => fileCalls.read(this.handle, buffer.subarray(0, limitOf(fault, "ShortRead")), position)
    )
  }

  private writeHere(method: string, buffer: Uint8Array): Effect.Effect<number, PlatformError.PlatformError> {
    const position = this.position
    return this.operate(
      { ...this.call("write", "write", method), offset: this.appends ? undefined : position, length: buffer.length },
      (fault) =>
        fileCalls.write(this.machine.volume, this.handle, buffer.subarray(0, limitOf(fault, "ShortWrite")), position)
    )
  }

  private advance(count: number): void {
    if (!this.appends) this.position += count
  }

  private get appends(): boolean {
    return this.handle.mode.writes === "appended"
  }

  private operate<A>(call: Call, run: (fault: Fault | undefined) => A): Effect.Effect<A, PlatformError.PlatformError> {
    return this.machine.operate(this.process, call, run)
  }

  private call(kind: "stat" | "sync" | "read" | "truncate" | "write", syscall: string, method: string = kind): Call {
    return { kind, method: this.method ?? method, syscall, target: this.handle.fd, path: this.path }
  }

  private writeZero(): PlatformError.PlatformError {
    return new PlatformError.SystemError({
      module: "FileSystem",
      method: "writeAll",
      reason: "WriteZero",
      pathOrDescriptor: this.fd,
      description: "write returned 0 bytes written"
    })
  }
}

/** How many bytes a call that is cut short takes. */
export const limitOf = (fault: Fault | undefined, tag: "ShortRead" | "ShortWrite"): number | undefined =>
  fault?._tag === tag ? fault.bytes : undefined
