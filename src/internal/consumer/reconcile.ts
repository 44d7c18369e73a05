/**
 * Whether a cursor and its log still agree, and where to go on if they do not: decided from plain values.
 *
 * Whatever is decided, nothing that the log has and the consumer has not processed is left out.
 */
import type { ConsumerRecovery } from "../../WalReport.js"
import type { Position } from "../log/cursorFile.js"
import type { LogEnds } from "../log/cursors.js"
import { toSequence } from "../log/nominal.js"

/** What became of the entry of a position. */
export type Finding =
  /** It is there, the very one. */
  | "same"
  /** There is another one at its place, or none. */
  | "other"
  /** Damage has taken it. */
  | "lost"
  /** Retention has. */
  | "expired"
  /** The position has no entry: there was none when the consumer began. */
  | "unproved"

export interface Checked {
  readonly position: Position
  readonly finding: Finding
}

export type Agreement = Exclude<ConsumerRecovery, { readonly _tag: "Started" }>

/** `older` is asked for only when the newest position does not hold; its newest one comes first. */
export const reconcile = (
  { newest: end, oldest }: LogEnds,
  newest: Checked,
  older: ReadonlyArray<Checked>
): Agreement => {
  const cursor = newest.position.sequence
  if (cursor < oldest - 1) {
    return {
      _tag: "Expired",
      cursor,
      after: toSequence(oldest - 1),
      missed: { first: toSequence(cursor + 1), last: toSequence(oldest - 1) }
    }
  }
  if (holds(newest, oldest, end)) {
    return { _tag: "Resumed", after: cursor }
  }
  const proved = older.find(({ finding, position }) => finding === "same" && position.sequence >= oldest - 1)
  return {
    _tag: "Rewound",
    reason: cursor > end ? "BeyondEnd" : newest.finding === "lost" ? "EntryLost" : "OtherEntry",
    cursor,
    after: toSequence(proved?.position.sequence ?? oldest - 1)
  }
}

/** Whether everything up to the position was processed, as far as the log goes back. */
export const holds = ({ finding, position }: Checked, oldest: number, end: number): boolean =>
  position.sequence === oldest - 1
  || finding === "same"
  || (finding === "unproved" && position.sequence >= oldest && position.sequence <= end)
