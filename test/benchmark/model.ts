/**
 * The words of the benchmark: what is compared, what each does, and what came of it.
 */

export type ContenderId =
  | "raw"
  | "effect-wal-node"
  | "effect-wal-platform"
  | "platform"
  | "lmdb"
  | "sqlite"
  | "level"
  | "async-log"

/** A way of using a contender; which ones it knows is said in its file. */
export type Mode =
  | "plain"
  | "no-sync"
  | "buffered"
  | "until-written"
  | "group-async"
  | "group-sync"
  | "preallocated"
  | "one-mebibyte"

export type Durability = "written" | "synced"

/** How the process that filled a store ended. */
export type Ending = "closed" | "killed"

export interface Shape {
  readonly entries: number
  readonly keys: number
  readonly contentLength: number
  readonly maxSegmentBytes?: number
}

export type Task =
  | {
    readonly kind: "append"
    readonly durability: Durability
    readonly contentLength: number
    readonly concurrency: number
    /** Whether each append is timed, and the event loop watched. */
    readonly timesEach: boolean
  }
  | { readonly kind: "batch"; readonly durability: Durability; readonly contentLength: number }
  | { readonly kind: "open"; readonly ending: Ending }
  | { readonly kind: "readKey" }
  | { readonly kind: "replay" }
  | { readonly kind: "readAt"; readonly concurrency: number }
  | { readonly kind: "memory" }
  | { readonly kind: "disk" }
  | { readonly kind: "fill"; readonly ending: Ending }
  | { readonly kind: "grow"; readonly shape: Shape }
  | { readonly kind: "inspect"; readonly shape: Shape }

/** How long a measured case runs. */
export interface Effort {
  readonly warmUpSeconds: number
  readonly seconds: number
}

/** What one child process does. */
export interface Job {
  readonly task: Task
  readonly contender: ContenderId
  readonly mode: Mode
  readonly directory: string
  readonly effort: Effort
}

/** Each figure by its name: `rate` is entries a second, `…Ms` milliseconds, `…Us` microseconds, `bytes` bytes an entry. */
export type Figures = Readonly<Record<string, number>>

export interface Case {
  readonly contender: ContenderId
  readonly mode: Mode
  readonly label: string
}

/** The cases that compete at one task. */
export interface Workload {
  readonly id: string
  readonly title: string
  readonly task: Task
  readonly cases: ReadonlyArray<Case>
  /** The figure that counts. */
  readonly figure: "rate" | "firstMs" | "bytes"
  /** What the others are relative to: the first case, or nothing. */
  readonly baseline: Case | undefined
}

/** Workloads that are shown together. */
export interface Group {
  readonly id: string
  readonly title: string
  readonly explanation: string
  readonly workloads: ReadonlyArray<Workload>
}

/** What one case came to in one round. */
export interface Result {
  readonly workload: string
  readonly label: string
  readonly round: number
  readonly figures: Figures
}

/** Of one shape of a log. */
export interface ShapeResult {
  readonly shape: Shape
  readonly figures: Figures
}

export interface Machine {
  readonly date: string
  readonly hardware: string
  readonly system: string
  readonly versions: string
}

export interface Report {
  readonly machine: Machine
  readonly rounds: number
  readonly command: string
  readonly results: ReadonlyArray<Result>
  readonly growth: ReadonlyArray<ShapeResult>
  readonly flat: ReadonlyArray<ShapeResult>
  readonly failures: ReadonlyArray<string>
}
