/**
 * The lock of a log's directory: at most one process at a time owns it, and a dead owner's lock is taken over.
 *
 * The lock is a directory, `LOCK`, in which one empty file, the token, says by its *name* whose it is: `free`, or
 * `held,{host},{boot},{process},{start},{nonce}`. Everything is one rename:
 *
 * - take: list `LOCK`; if the token is free or its owner is dead, rename exactly that token to a name of one's own;
 * - release: rename one's own token to `free`;
 * - the first time: prepare a directory with a free token under another name, and rename it to `LOCK`.
 *
 * Why there are never two owners:
 *
 * 1. A rename needs its source and uses it up, so of all who rename one token, one succeeds. It does what compare-and-swap does in memory.
 * 2. The names of holders are never used twice, and dead is for ever. So whoever acts on an old listing, however long it slept, either renames
 *    a token that is still there as it was judged, or finds none and looks again. `free` does come again, but then it is true again.
 * 3. Renaming neither makes nor loses tokens. One is made only together with `LOCK`: renaming a directory to `LOCK` fails when that exists and is
 *    not empty. So a listing (which is not atomic, and may miss a token that is renamed meanwhile) that shows nothing leads to
 *    an attempt that fails, never to a second token.
 *
 * Why a crash at any step leaves a lock that the next one can take: before the rename nothing has happened, after it the token names an owner, who is
 * dead. A draft of `LOCK` that was left behind is in nobody's way; it is removed by whoever makes `LOCK`.
 *
 * Why nothing is synced: only a power loss undoes a rename, and that ends all owners of this host with their boot. Of what was not synced any part
 * may then be there. No `LOCK`, or an empty one: it is made. Several tokens: all are dead, or else the lock is refused. All but the last in
 * one order (`free` counts as last) are deleted, then that one is renamed. The last one is there until somebody renames it, so all who
 * look before then see it (a listing shows every entry that is there throughout), agree on it and delete only others; whoever renames it first
 * has deleted every other one that it saw, and what it did not see was deleted before. From then on there is one. A
 * late deletion hits only names of the dead: should that be the one token, `LOCK` is empty, nobody owns it, and it is made again.
 *
 * Numbered lock files cannot give this: one that was removed can be created again by whoever acts on an old listing, and to find out
 * takes a listing, which may miss every higher number that is being replaced. And a symbolic link takes space that a full disk has not.
 *
 * Windows renames no directory over an empty one: an empty `LOCK` (after a power loss at worst) is an error there, and is to be removed by hand.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as LockOwner from "../../LockOwner.js"
import type { LockHolder } from "../../WalError.js"
import { WalIoError, WalLockedError } from "../../WalError.js"
import { errnoOf, toIoError } from "../segment/ioError.js"
import * as LockToken from "./lockToken.js"

export interface Lock {
  readonly holder: LockHolder
  /** The token's path. */
  readonly path: string
  /**
   * Lets go of the lock, once: later calls of `release` and `remove` await the first one and have its result. If it fails, nobody else can
   * take the lock while this process lives, but this process can.
   */
  readonly release: Effect.Effect<void, WalIoError>
  /**
   * Lets go of the lock and removes all its files. Whoever waits for it makes them anew: from then on nothing in the directory is ours to remove.
   */
  readonly remove: Effect.Effect<void, WalIoError>
}

/**
 * Takes the lock of `directory`, which must exist. Only looking is interruptible, and an interrupted fiber gives the lock back; still, what calls
 * this should be uninterruptible (as `Effect.acquireRelease` is) so that it can keep what it gets.
 */
export const acquire = (
  fs: FileSystem.FileSystem,
  owner: LockOwner.Service,
  directory: string
): Effect.Effect<Lock, WalLockedError | WalIoError> =>
  Effect.uninterruptibleMask((restore) =>
    restore(owner.self).pipe(
      Effect.map((self): Site => ({ fs, owner, self, directory, path: `${directory}/LOCK` })),
      Effect.flatMap((site) => attempts(site, restore(survey(site)))),
      Effect.tap((lock) => Effect.onInterrupt(restore(Effect.void), () => Effect.ignore(lock.release))),
      Effect.provideService(FileSystem.FileSystem, fs)
    )
  )

/**
 * Holds the lock of `directory` until the scope closes.
 */
export const scoped = (
  directory: string
): Effect.Effect<Lock, WalLockedError | WalIoError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.acquireRelease(
    Effect.flatMap(Effect.all([FileSystem.FileSystem, LockOwner.LockOwner]), ([fs, owner]) =>
      acquire(fs, owner, directory)),
    (lock) =>
      Effect.orDie(lock.release)
  )

interface Site {
  readonly fs: FileSystem.FileSystem
  readonly owner: LockOwner.Service
  readonly self: LockOwner.Identity
  readonly directory: string
  readonly path: string
}

// Every lost attempt is another one's success. Whoever loses that often has met a file system that does not do as it says.
const maxAttempts = 100

const attempts = <R>(
  site: Site,
  look: Effect.Effect<ReadonlyArray<LockToken.Token>, WalLockedError | WalIoError, R>
): Effect.Effect<Lock, WalLockedError | WalIoError, R> =>
  Effect.gen(function*() {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const tokens = yield* look
      if (!Array.isNonEmptyReadonlyArray(tokens)) {
        yield* create(site)
        continue
      }
      const holder = yield* take(site, tokens)
      if (holder !== "raced") return yield* makeLock(site, holder)
    }
    const cause = new Error(`It changed hands ${maxAttempts} times while it was looked at`)
    return yield* new WalIoError({ operation: "lock", path: site.path, reason: "Io", cause })
  })

// -- looking

/**
 * The tokens that may be taken; fails when one of them may not.
 */
const survey = (site: Site) =>
  list(site).pipe(
    Effect.tap(Effect.forEach((token) => refuseHeld(site, token), { discard: true }))
  )

const list = (site: Site): Effect.Effect<ReadonlyArray<LockToken.Token>, WalLockedError | WalIoError> =>
  site.fs.readDirectory(site.path).pipe(
    Effect.map((names) => names.filter((name) => !LockToken.isHidden(name)).map(LockToken.parse)),
    Effect.catchAll((error) => {
      const cause = toIoError("readDirectory", site.path)(error)
      if (cause.reason === "NotFound") return Effect.succeed([])
      return Effect.fail(errnoOf(error) === "ENOTDIR" ? lockedByStranger(site, site.path) : cause)
    })
  )

const refuseHeld = (site: Site, token: LockToken.Token) => {
  switch (token._tag) {
    case "Free":
      return Effect.void
    case "Foreign":
      return Effect.fail(lockedByStranger(site, `${site.path}/${token.name}`))
    case "Held":
      return refuseAlive(site, token.name, token.holder)
  }
}

const refuseAlive = (site: Site, name: string, holder: LockHolder) => {
  const lock = `${site.path}/${name}`
  const locked = (where: WalLockedError["where"]) =>
    Effect.fail(new WalLockedError({ directory: site.directory, lock, holder, where }))
  switch (relationOf(site.self, holder)) {
    case "another-host":
      return locked("another-host")
    case "ended":
      return Effect.void
    case "this-process":
      return isAbandoned(site.owner, lock) ? Effect.void : locked("this-process")
    case "this-host":
      return Effect.flatMap(
        site.owner.isAlive(holder),
        (liveness) => liveness === "dead" ? Effect.void : locked("this-host")
      )
  }
}

// What is held by this very process is free only if it is known to have been let go: a worker thread, or another copy of this module, has
// the same process but does not show here what it holds.
const relationOf = (self: LockOwner.Identity, holder: LockHolder): "ended" | WalLockedError["where"] => {
  if (holder.host !== self.host) return "another-host"
  if (differ(holder.boot, self.boot)) return "ended"
  if (holder.process !== self.process) return "this-host"
  return differ(holder.start, self.start) ? "ended" : "this-process"
}

const differ = (left: string, right: string): boolean =>
  left !== LockOwner.unknown && right !== LockOwner.unknown && left !== right

// Whatever this is, it cannot be told that it is dead.
const lockedByStranger = (site: Site, path: string) =>
  new WalLockedError({
    directory: site.directory,
    lock: path,
    holder: {
      host: LockOwner.unknown,
      boot: LockOwner.unknown,
      process: LockOwner.unknown,
      start: LockOwner.unknown,
      nonce: LockOwner.unknown
    },
    where: "another-host"
  })

// -- taking

/**
 * Makes the one token one's own; `"raced"` when another process was faster.
 */
const take = (site: Site, tokens: Array.NonEmptyReadonlyArray<LockToken.Token>) =>
  Effect.gen(function*() {
    const names = Array.sort(Array.map(tokens, (token) => token.name), freeLast)
    yield* Effect.forEach(Array.initNonEmpty(names), (name) => removeSpare(site, name), { discard: true })
    const from = `${site.path}/${Array.lastNonEmpty(names)}`
    const holder = yield* nextHolder(site)
    return yield* site.fs.rename(from, tokenPath(site, holder)).pipe(
      Effect.as(holder),
      Effect.mapError(toIoError("rename", from)),
      Effect.catchIf((error) => error.reason === "NotFound", () => Effect.succeed("raced" as const))
    )
  })

const freeLast: Order.Order<string> = Order.combine(
  Order.mapInput(Order.boolean, (name: string) => name === LockToken.freeName),
  Order.string
)

const removeSpare = (site: Site, name: string) => {
  const path = `${site.path}/${name}`
  return site.fs.remove(path, { force: true }).pipe(Effect.mapError(toIoError("remove", path)))
}

const tokenPath = (site: Site, holder: LockHolder): string => `${site.path}/${LockToken.heldName(holder)}`

// A seed that is used again draws the same nonces: one that was abandoned must not come back to life.
const nextHolder = (site: Site): Effect.Effect<LockHolder> =>
  Effect.flatMap(nextNonce, (nonce) => {
    const holder: LockHolder = { ...site.self, nonce }
    return isAbandoned(site.owner, tokenPath(site, holder)) ? nextHolder(site) : Effect.succeed(holder)
  })

const nextNonce: Effect.Effect<string> = Effect.gen(function*() {
  const high = yield* Random.nextIntBetween(0, 2 ** 24)
  const low = yield* Random.nextIntBetween(0, 2 ** 24)
  return high.toString(16).padStart(6, "0") + low.toString(16).padStart(6, "0")
})

// -- making LOCK

/**
 * Makes `LOCK` with a free token, unless others do so meanwhile.
 */
const create = (site: Site): Effect.Effect<void, WalLockedError | WalIoError> =>
  Effect.gen(function*() {
    const draft = asidePath(site, yield* nextNonce, "tmp")
    if ((yield* makeDraft(site, draft)) === "taken") return
    yield* publish(site, draft).pipe(
      Effect.zipRight(removeLeftovers(site)),
      Effect.catchAll((error) => Effect.zipRight(removeTree(site, draft), failUnlessRaced(site, draft, error)))
    )
  })

// The same seed may run in several processes: none of them works on what another one made.
const asidePath = (site: Site, nonce: string, kind: "tmp" | "old"): string =>
  `${site.path}.${LockToken.encode(site.self.process)}-${nonce}.${kind}`

// The name is taken by an earlier run with the same seed.
const makeDraft = (site: Site, draft: string): Effect.Effect<"made" | "taken", WalIoError> =>
  site.fs.makeDirectory(draft).pipe(
    Effect.as("made" as const),
    Effect.catchIf(
      (error) => error._tag === "SystemError" && error.reason === "AlreadyExists",
      () => Effect.succeed("taken" as const)
    ),
    Effect.mapError(toIoError("makeDirectory", draft))
  )

const publish = (site: Site, draft: string): Effect.Effect<void, PlatformError> =>
  Effect.zipRight(
    site.fs.writeFileString(`${draft}/${LockToken.freeName}`, "", { flag: "wx" }),
    site.fs.rename(draft, site.path)
  )

const failUnlessRaced = (site: Site, draft: string, error: PlatformError) =>
  Effect.gen(function*() {
    const cause = toIoError("rename", draft)(error)
    // Whoever made it first has also removed the draft, or else it is in the way.
    if (cause.reason === "NotFound" || errnoOf(error) === "ENOTEMPTY" || errnoOf(error) === "EEXIST") return
    // Windows has no code for that.
    const tokens = yield* list(site)
    if (tokens.length === 0) return yield* cause
  })

const leftover = /^LOCK\..+-[0-9a-f]{12}\.(tmp|old|tmp\.old)$/

// Best effort: they are in nobody's way.
const removeLeftovers = (site: Site): Effect.Effect<void> =>
  site.fs.readDirectory(site.directory).pipe(
    Effect.flatMap(Effect.forEach((name) => leftover.test(name) ? removeLeftover(site, name) : Effect.void)),
    Effect.ignore
  )

// A draft may be somebody's who still works on it. It is taken away as a whole, lest it becomes an empty LOCK.
const removeLeftover = (site: Site, name: string): Effect.Effect<void> => {
  const path = `${site.directory}/${name}`
  if (name.endsWith(".old")) return removeTree(site, path)
  return Effect.zipRight(Effect.ignore(site.fs.rename(path, `${path}.old`)), removeTree(site, `${path}.old`))
}

const removeTree = (site: Site, path: string): Effect.Effect<void> =>
  Effect.ignore(site.fs.remove(path, { recursive: true, force: true }))

// -- letting go

const makeLock = (site: Site, holder: LockHolder): Effect.Effect<Lock> =>
  Effect.gen(function*() {
    const path = tokenPath(site, holder)
    const release = yield* once(giveBack(site, path))
    const remove = yield* once(Effect.suspend(() => removeLock(site, path, holder)))
    let chosen: Effect.Effect<void, WalIoError> | undefined
    return {
      holder,
      path,
      release: Effect.suspend(() => chosen ??= release),
      remove: Effect.suspend(() => chosen ??= remove)
    }
  })

const once = (effect: Effect.Effect<void, WalIoError>) => Effect.map(Effect.cached(effect), Effect.uninterruptible)

const giveBack = (site: Site, path: string): Effect.Effect<void, WalIoError> =>
  site.fs.rename(path, `${site.path}/${LockToken.freeName}`).pipe(
    Effect.mapError(toIoError("rename", path)),
    Effect.tapError(() => abandon(site.owner, path))
  )

// The rename is what lets go: behind it, others make a LOCK of their own.
const removeLock = (site: Site, path: string, holder: LockHolder): Effect.Effect<void, WalIoError> => {
  const remains = asidePath(site, holder.nonce, "old")
  // A crashed run with the same seed may have left some of that name.
  return removeTree(site, remains).pipe(
    Effect.zipRight(site.fs.rename(site.path, remains)),
    Effect.mapError(toIoError("rename", site.path)),
    Effect.tapError(() => abandon(site.owner, path)),
    Effect.zipRight(removeLeftovers(site))
  )
}

// -- what this process has let go of although its token still says otherwise

const abandoned = new WeakMap<LockOwner.Service, Set<string>>()

const isAbandoned = (owner: LockOwner.Service, path: string): boolean => abandoned.get(owner)?.has(path) ?? false

const abandon = (owner: LockOwner.Service, path: string): Effect.Effect<void> =>
  Effect.sync(() => {
    abandoned.set(owner, new Set(abandoned.get(owner)).add(path))
  })
