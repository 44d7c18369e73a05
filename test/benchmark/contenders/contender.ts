/**
 * What a contender can do. What it cannot is absent, and then it does not compete there.
 */
import type * as Effect from "effect/Effect"
import type { Durability, Mode } from "../model.js"

/** One step of a measured loop, in the form that costs its contender least. `index` counts the steps. */
export type Operation =
  | { readonly _tag: "Sync"; readonly run: (index: number) => void }
  | { readonly _tag: "Async"; readonly run: (index: number) => Promise<unknown> }
  | { readonly _tag: "Effect"; readonly run: (index: number) => Effect.Effect<unknown, unknown> }

/** An open store and what is done with it again and again. */
export interface Session {
  readonly operation: Operation
  readonly entriesPerRun: number
  /** Ends when all that was acknowledged is written, where that may come later; it belongs to what is measured. */
  readonly settle?: () => Promise<unknown>
  readonly close: () => Promise<void>
}

/** What is appended, and how. */
export interface Appending {
  readonly directory: string
  readonly mode: Mode
  readonly durability: Durability
  readonly contentLength: number
  /** How many appends are in flight. */
  readonly concurrency: number
  /** Whether entries must be found by key afterwards; otherwise the layout that writes fastest is used. */
  readonly isReadLater: boolean
}

export interface Opened {
  readonly close: () => Promise<void>
}

export interface Contender {
  readonly append?: (appending: Appending) => Promise<Session>
  readonly batch?: (appending: Appending) => Promise<Session>
  /** Ends when the store is ready for reads and appends. */
  readonly open?: (directory: string) => Promise<Opened>
  /** All entries of one key, key after key. */
  readonly readKey?: (directory: string) => Promise<Session>
  /** Every entry. */
  readonly replay?: (directory: string) => Promise<Session>
  /** The entries of these numbers, one after the other; the first one has number 0. */
  readonly readAt?: (directory: string, numbers: ReadonlyArray<number>) => Promise<Session>
  /** Opens the store and keeps all that it can have in memory to find entries by key. */
  readonly openIndexed?: (directory: string) => Promise<Opened>
}

/** Keeps what was read from being optimised away. */
export const sink = { bytes: 0 }

export const nothing = (): Promise<void> => Promise.resolve()
