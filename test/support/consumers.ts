/**
 * Consumers as a test runs them: what their handlers were given, and when they have caught up.
 */
import type * as Wal from "effect-wal/Wal"
import * as WalConsumer from "effect-wal/WalConsumer"
import type { Entry } from "effect-wal/WalEntry"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { text } from "./entries.js"

/** Lets everything run that can, without the help of a timer. */
export const settle = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 30)))

export const one = { batch: 10, concurrency: 1 } as const

/** A handler that notes the contents it is given. */
export const noting = (seen: Array<string>): WalConsumer.Handler => (entries) =>
  Effect.sync(() => {
    seen.push(...entries.map((entry: Entry) => text(entry.content)))
  })

/** Ends once the consumer has processed everything that is written. */
export const caughtUp = (consumer: WalConsumer.Consumer): Effect.Effect<void> =>
  Effect.flatMap(consumer.lag, (lag) => (lag === 0 ? Effect.void : Effect.zipRight(settle, caughtUp(consumer))))

/** Makes the consumer, runs it until it has caught up, and ends it; answers what it was given. */
export const consumeAll = (wal: Wal.Service, name: string, from: "earliest" | "latest" = "earliest") =>
  Effect.gen(function*() {
    const seen: Array<string> = []
    const consumer = yield* WalConsumer.make({ name, wal, from })
    yield* wal.sync
    const fiber = yield* Effect.fork(consumer.run(noting(seen), one))
    yield* caughtUp(consumer)
    yield* Fiber.interrupt(fiber)
    return { seen, recovery: consumer.recovery }
  })
