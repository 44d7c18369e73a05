/**
 * Holds the current view of a log: a `Ref` that can also be asked at once, because a read of one entry takes little longer than
 * an effect.
 */
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as Readable from "effect/Readable"
import * as Ref from "effect/Ref"
import type { LogView } from "./view.js"

export class ViewRef extends Effectable.Class<LogView> implements Ref.Ref<LogView> {
  readonly [Ref.RefTypeId] = { _A: (view: LogView): LogView => view }
  readonly [Readable.TypeId]: Readable.TypeId = Readable.TypeId
  readonly get: Effect.Effect<LogView> = Effect.sync(() => this.current)

  constructor(public current: LogView) {
    super()
  }

  override commit(): Effect.Effect<LogView> {
    return this.get
  }

  modify<B>(change: (view: LogView) => readonly [B, LogView]): Effect.Effect<B> {
    return Effect.sync(() => {
      const [answer, next] = change(this.current)
      this.current = next
      return answer
    })
  }
}
