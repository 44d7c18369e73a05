/**
 * The names that a lock's token can have: free, or held by a process that the name itself describes.
 */
import * as Option from "effect/Option"
import type { LockHolder } from "../../WalError.js"

/**
 * What an entry of the lock's directory says. A foreign one was made by something else, or by a later version.
 */
export type Token =
  | { readonly _tag: "Free"; readonly name: string }
  | { readonly _tag: "Held"; readonly name: string; readonly holder: LockHolder }
  | { readonly _tag: "Foreign"; readonly name: string }

export const freeName = "free"

export const heldName = (holder: LockHolder): string =>
  ["held", holder.host, holder.boot, holder.process, holder.start, holder.nonce].map(encode).join(",")

export const parse = (name: string): Token => {
  if (name === freeName) return { _tag: "Free", name }
  return Option.match(parseHolder(name), {
    onNone: () => ({ _tag: "Foreign", name }),
    onSome: (holder) => ({ _tag: "Held", name, holder })
  })
}

/**
 * Whether an entry is none of the lock's: file managers and network file systems leave files that begin with a dot.
 */
export const isHidden = (name: string): boolean => name.startsWith(".")

const parseHolder = (name: string): Option.Option<LockHolder> =>
  Option.flatMap(Option.all(name.split(",").map(decode)), ([kind, host, boot, process, start, nonce, ...more]) => {
    if (kind !== "held" || more.length > 0) return Option.none()
    if (!host || !boot || !process || !start || !nonce) return Option.none()
    return Option.some({ host, boot, process, start, nonce })
  })

/**
 * A part of a file's name, without anything that separates parts or that an operating system forbids.
 */
export const encode = (part: string): string =>
  // The asterisk is what encodeURIComponent leaves as it is.
  encodeURIComponent(part).replaceAll("*", "%2A")

const decode = Option.liftThrowable(decodeURIComponent)
