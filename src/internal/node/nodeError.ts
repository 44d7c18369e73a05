/**
 * What `node:fs` throws or gives to a callback, as platform-node's file system would have it.
 */
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as Predicate from "effect/Predicate"
import { reasonOf } from "./errorReason.js"

/** One reason for most, and the code in the cause. */
export const toPlatformError = (method: string, pathOrDescriptor: string | number, cause: unknown): PlatformError =>
  new SystemError({
    module: "FileSystem",
    method,
    reason: reasonOf(textOf(cause, "code")),
    pathOrDescriptor,
    syscall: textOf(cause, "syscall"),
    description: textOf(cause, "message"),
    cause
  })

const textOf = (cause: unknown, property: string): string | undefined =>
  Predicate.hasProperty(cause, property) && Predicate.isString(cause[property]) ? cause[property] : undefined
