/**
 * The current view, in a `Ref`: brought up to the last write when somebody looks at it, so that a write costs readers and not appenders.
 */
import type * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Segment } from "../segment/segment.js"
import { type LogView, withActive } from "./view.js"

/**
 * Invariant: whoever gets or changes the view has it with everything in it that was written before. Catching up and answering is
 * one step of the `Ref`, between which no other fiber runs.
 */
export class LiveView {
  private readonly ref: Ref.Ref<LogView>
  /** An immutable value: it stays what it is while the log goes on. */
  readonly get: Effect.Effect<LogView>

  /** `takeLanded` answers the active segment as it stands now, if it was written to since it was last asked. */
  constructor(initial: LogView, private readonly takeLanded: () => Segment | undefined) {
    this.ref = Ref.unsafeMake(initial)
    this.get = Ref.modify(this.ref, (view) => {
      const current = this.caughtUp(view)
      return [current, current]
    })
  }

  update(change: (view: LogView) => LogView): Effect.Effect<void> {
    return Ref.update(this.ref, (view) => change(this.caughtUp(view)))
  }

  private caughtUp(view: LogView): LogView {
    const active = this.takeLanded()
    return active === undefined ? view : withActive(view, active)
  }
}
