/**
 * Who this process is to the lock of a log, and which of the processes that locked one still live.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as internal from "./internal/log/lockOwnerNode.js"
import type { LockHolder } from "./WalError.js"

/**
 * What tells one process from every other, on this machine and elsewhere. A part that cannot be told is `unknown`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Identity extends Omit<LockHolder, "nonce"> {}

/**
 * @since 0.1.0
 * @category models
 */
export type Liveness = "alive" | "dead"

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** This process. It must be the same for as long as the process lives. */
  readonly self: Effect.Effect<Identity, never, FileSystem.FileSystem>
  /**
   * Whether a process of this host, and of this boot as far as that is known, still lives. It is only asked about others than `self`.
   * `"dead"` must be certain and final, for it lets the lock be taken over; whatever is in doubt is `"alive"`.
   */
  readonly isAlive: (holder: LockHolder) => Effect.Effect<Liveness, never, FileSystem.FileSystem>
}

/**
 * What a part of an `Identity` says that cannot be told. It never makes a lock look free.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unknown = "-"

/**
 * The owner that locks are taken for. By default this Node process, as `node()` describes it.
 *
 * @since 0.1.0
 * @category references
 * @example
 * ```ts
 * import * as Layer from "effect/Layer"
 * import * as LockOwner from "effect-wal/LockOwner"
 *
 * // The orchestrator runs one container of this name at a time, so a restarted one may take over its predecessor's lock.
 * export const owner = Layer.succeed(LockOwner.LockOwner, LockOwner.node({ host: "orders-0" }))
 * ```
 */
export class LockOwner extends Context.Reference<LockOwner>()("effect-wal/LockOwner", {
  defaultValue: (): Service => node()
}) {}

/**
 * The current process, by what Node and `/proc` tell of it.
 *
 * Where there is no `/proc` (macOS, Windows), neither the boot nor the start of a process is known: a crashed owner's lock stays taken while
 * another program happens to have its process id.
 *
 * A process can only see the processes of its own pid namespace. So the namespace is a part of the host: to a container, another container,
 * and also its own earlier run, is another host, whose lock is never taken over. Where something else guarantees that only one container at
 * a time carries a certain name, give that name as `host`: an earlier one of that name then counts as dead.
 *
 * Two machines that share a directory must not have the same host name.
 *
 * @since 0.1.0
 * @category constructors
 */
export const node: (options?: { readonly host?: string | undefined }) => Service = internal.make

/**
 * An owner that says itself who it is and who lives: for simulated machines, where each boot and each process is one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Identity & { readonly isAlive: (holder: LockHolder) => Effect.Effect<Liveness> }
): Service => {
  const { isAlive, ...self } = options
  return { self: Effect.succeed(self), isAlive }
}
