/**
 * A key's own bytes, for a read.
 */
import * as Effect from "effect/Effect"
import type { Key } from "../../WalEntry.js"
import type { WalCodecError } from "../../WalError.js"
import { TakenKeys } from "./takenKeys.js"

/** Nothing else runs between a key's being taken and its copy. */
const keys = /* @__PURE__ */ new TakenKeys()

export const keyBytes = (key: Key): Effect.Effect<Uint8Array, WalCodecError> =>
  Effect.suspend(() => {
    keys.clear()
    const refusal = keys.take(key)
    return refusal === undefined ? Effect.succeed(keys.at(0)) : Effect.fail(refusal)
  })
