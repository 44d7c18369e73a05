/**
 * A store's own options within their rules.
 */
import * as Either from "effect/Either"
import { WalConfigError } from "../../WalError.js"
import type { CompactAt } from "../../WalKeyValueStore.js"
import type { Threshold } from "./table.js"

const DEFAULT_GARBAGE = 0.5
const DEFAULT_BYTES = 32 * 1024 * 1024

export const thresholdOf = (
  compactAt: CompactAt | "manual" = {}
): Either.Either<Threshold | "manual", WalConfigError> => {
  if (compactAt === "manual") {
    return Either.right(compactAt)
  }
  const garbage = compactAt.garbage ?? DEFAULT_GARBAGE
  const bytes = Number(compactAt.bytes ?? DEFAULT_BYTES)
  if (!(garbage > 0 && garbage <= 1)) {
    return refuse("compactAt.garbage", garbage, "a number above 0, and at most 1")
  }
  return Number.isSafeInteger(bytes) && bytes >= 0
    ? Either.right({ garbage, bytes })
    : refuse("compactAt.bytes", compactAt.bytes, "a whole number of bytes")
}

const refuse = (option: string, value: unknown, rule: string) =>
  Either.left(new WalConfigError({ option, value, rule }))
