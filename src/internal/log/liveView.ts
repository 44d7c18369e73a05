/**
 * The current view: a `Ref` that is brought up to the last write when somebody looks at it, so that a write costs readers and not
 * appenders; and that can be asked at once, because a read of one entry takes little longer than an effect.
 */
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as Readable from "effect/Readable"
import * as Ref from "effect/Ref"
import type { Segment } from "../segment/segment.js"
import { type LogView, withActive } from "./view.js"

/**
 * Invariant: whoever gets or changes the view has it with everything in it that was written before. Catching up and answering is
 * one step, between whose parts no other fiber runs.
 */
export class LiveView extends Effectable.Class<LogView> implements Ref.Ref<LogView> {
  readonly [Ref.RefTypeId] = { _A: (view: LogView): LogView => view }
  readonly [Readable.TypeId]: Readable.TypeId = Readable.TypeId
  readonly get: Effect.Effect<LogView> = Effect.sync(() => this.now)

  /** `takeLanded` answers the active segment as it stands now, if it was written to since it was last asked. */
  constructor(private current: LogView, private readonly takeLanded: () => Segment | undefined) {
    super()
  }

  /** An immutable value: it stays what it is while the log goes on. */
  get now(): LogView {
    const active = this.takeLanded()
    if (active !== undefined) {
      this.current = withActive(this.current, active)
    }
    return this.current
  }

  override commit(): Effect.Effect<LogView> {
    return this.get
  }

  modify<B>(change: (view: LogView) => readonly [B, LogView]): Effect.Effect<B> {
    return Effect.sync(() => {
      const [answer, next] = change(this.now)
      this.current = next
      return answer
    })
  }

  update(change: (view: LogView) => LogView): Effect.Effect<void> {
    return Effect.sync(() => {
      this.current = change(this.now)
    })
  }
}
