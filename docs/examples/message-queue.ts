/**
 * A message queue: producers, two groups of consumers that each get every message, retries, dead letters, and a log that
 * lets go of what everybody has processed.
 *
 *     npm run example -- message-queue
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { Wal, WalConsumer, WalEntry } from "effect-wal"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"

class Orders extends Wal.Tag<Orders>()("shop/Orders") {}
class DeadLetters extends Wal.Tag<DeadLetters>()("shop/DeadLetters") {}

const toBytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const toText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** The key is the customer, so that one customer's orders stay in their order. */
const produce = (customer: string, order: string) =>
  Effect.flatMap(Orders, (orders) => orders.appendEntry(customer, toBytes(order)))

class NotShipped extends Data.TaggedError("NotShipped")<{ readonly reason: string }> {}

/** Why the carrier does not take an order: the first time it is away, and the piano does not fit into the van at all. */
const excuses = new Map([["rum", ["the carrier is away"]], [
  "piano",
  Array.from({ length: 3 }, () => "it does not fit")
]])

const ship = (order: string): Effect.Effect<void, NotShipped> =>
  Effect.suspend(() => {
    const reason = excuses.get(order)?.shift()
    return reason === undefined
      ? Console.log(`  shipping: ${order} is on its way`)
      : Effect.zipRight(Console.log(`  shipping: ${order}? ${reason}`), new NotShipped({ reason }))
  })

/** Each batch is one message here. It is tried three times; what fails then is kept for a person to look at. */
const shipping = Effect.gen(function*() {
  const deadLetters = yield* DeadLetters
  const consumer = yield* WalConsumer.make({ name: "shipping", wal: yield* Orders, from: "earliest" })
  yield* untilDone(
    consumer,
    consumer.run(([entry]) => ship(toText(entry.content)), {
      batch: 1,
      concurrency: 1,
      retry: Schedule.recurs(2),
      deadLetter: ([entry]) => deadLetters.logEntry(entry.key, entry.content)
    })
  )
  return consumer
})

/** Another group: it has a cursor of its own, and takes what is there at once. */
const billing = Effect.gen(function*() {
  const consumer = yield* WalConsumer.make({ name: "billing", wal: yield* Orders, from: "earliest" })
  yield* Console.log(`  billing goes on after message ${yield* consumer.position}`)
  yield* untilDone(
    consumer,
    consumer.run((entries) => Console.log(`  billing: ${entries.map(({ content }) => toText(content)).join(", ")}`), {
      batch: 100,
      concurrency: 1
    })
  )
  return consumer
})

/** A consumer runs for ever; the example stops it once there is nothing left for it. */
const untilDone = <A, E, R>(consumer: WalConsumer.Consumer, run: Effect.Effect<A, E, R>) =>
  Effect.raceFirst(
    run,
    Effect.repeat(consumer.lag, { until: (lag) => lag === 0, schedule: Schedule.spaced("20 millis") })
  )

const morning = Effect.gen(function*() {
  yield* Console.log("Three producers write:")
  yield* Effect.all([produce("ada", "tea"), produce("bob", "rum"), produce("eve", "piano")])
  yield* shipping
  yield* billing
})

const evening = Effect.gen(function*() {
  yield* Console.log("After a restart each group goes on where it was:")
  yield* produce("ada", "cake")
  const groups = [yield* shipping, yield* billing]

  const deadLetters = yield* DeadLetters
  yield* Console.log("Dead letters:")
  yield* Stream.runForEach(
    deadLetters.replay(),
    ({ content, key }) => Console.log(`  ${toText(content)}, for ${toText(key)}`)
  )

  const positions = yield* Effect.forEach(groups, ({ position }) => position)
  yield* Console.log(`Everybody has processed everything up to message ${Math.min(...positions)}.`)
})

/** Whole segments go, in which everybody has processed everything. */
const night = Effect.gen(function*() {
  const orders = yield* Orders
  yield* Effect.forEach(Array.from({ length: 1000 }), (_, index) => produce("ada", `biscuit ${index}`))
  const groups = yield* Effect.forEach(
    ["shipping", "billing"],
    (name) => WalConsumer.make({ name, wal: orders, from: "earliest" })
  )
  yield* Effect.forEach(
    groups,
    (group) => untilDone(group, group.run(() => Effect.void, { batch: 100, concurrency: "per-key" }))
  )
  const positions = yield* Effect.forEach(groups, ({ position }) => position)
  const before = yield* orders.entryCount
  yield* orders.truncateBefore(WalEntry.Sequence.make(Math.min(...positions) + 1))
  yield* Console.log(
    `1000 messages later the log has ${before} messages, and ${yield* orders.entryCount} after a compaction.`
  )
})

export const example = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  const QueueLive = Layer.mergeAll(
    Orders.layer({ directory: `${directory}/orders`, entryRetention: Duration.infinity, maxSegmentBytes: 16_384 }),
    DeadLetters.layer({ directory: `${directory}/dead-letters`, entryRetention: Duration.infinity })
  )
  yield* Effect.provide(morning, QueueLive)
  yield* Effect.provide(evening, QueueLive)
  yield* Effect.provide(night, QueueLive)
})
