import { type Wal, WalConsumer } from "effect-wal"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { describe, expect, test } from "tstyche"

declare const wal: Wal.Service
declare const consumer: WalConsumer.Consumer
declare const handle: WalConsumer.Handler<"Failed", "Service">
declare const give: WalConsumer.DeadLetter<"Failed", "NotGiven", "Letters">
declare const schedule: Schedule.Schedule<number, "Failed", "Pace">

const one = { batch: 1, concurrency: 1 } as const

describe("making a consumer", () => {
  test("requires nothing, and says where to begin", () => {
    expect(WalConsumer.make({ name: "a", wal, from: "latest" })).type.toBe<
      Effect.Effect<WalConsumer.Consumer, WalConsumer.MakeError>
    >()
    expect(WalConsumer.make).type.not.toBeCallableWith({ name: "a", wal })
    expect(WalConsumer.make).type.not.toBeCallableWith({ name: "a", wal, from: "now" })
  })
})

describe("running a consumer", () => {
  test("fails as its handler does, and requires what that requires", () => {
    expect(consumer.run(handle, one)).type.toBe<
      Effect.Effect<void, WalConsumer.RunError | "Failed", "Service">
    >()
    expect(consumer.run(handle, { ...one, retry: schedule })).type.toBe<
      Effect.Effect<void, WalConsumer.RunError | "Failed", "Service" | "Pace">
    >()
  })

  test("fails as its dead letters do where there are any, and not as its handler", () => {
    expect(consumer.run(handle, { ...one, deadLetter: give })).type.toBe<
      Effect.Effect<void, WalConsumer.RunError | "NotGiven", "Service" | "Letters">
    >()
    expect(consumer.run(handle, { ...one, retry: schedule, deadLetter: () => Effect.void })).type.toBe<
      Effect.Effect<void, WalConsumer.RunError, "Service" | "Pace">
    >()
  })

  test("has no default for what depends on the work", () => {
    expect(consumer.run).type.not.toBeCallableWith(handle, { batch: 1 })
    expect(consumer.run).type.not.toBeCallableWith(handle, { concurrency: 1 })
    expect(consumer.run).type.not.toBeCallableWith(handle, { batch: 1, concurrency: 2 })
  })

  test("gives a handler one entry at least", () => {
    expect<WalConsumer.Entries[0]>().type.not.toBeAssignableFrom<undefined>()
  })

  test("takes a schedule for the handler's errors", () => {
    expect(consumer.run(handle, { ...one, retry: Schedule.recurs(3) })).type.toBe<
      Effect.Effect<void, WalConsumer.RunError | "Failed", "Service">
    >()
  })
})
