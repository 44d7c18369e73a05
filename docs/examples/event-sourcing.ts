/**
 * Event sourcing: accounts are what their events say, snapshots make the way there shorter, and of two who decide at the
 * same time one decides again.
 *
 *     npm run example -- event-sourcing
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { TypedWal, WalEntry, WalKeyValueStore } from "effect-wal"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const AccountEvent = Schema.Union(
  Schema.TaggedStruct("Deposited", { cents: Schema.Int }),
  Schema.TaggedStruct("Withdrawn", { cents: Schema.Int })
)

/** The key is the account's number. */
class Accounts extends TypedWal.Tag<Accounts>()("bank/Accounts", { key: Schema.String, content: AccountEvent }) {}

/** The aggregate: its state, and the sequence of the last event in it. */
const Account = Schema.Struct({ cents: Schema.Int, sequence: WalEntry.Sequence })
type Account = typeof Account.Type

const NEW_ACCOUNT: Account = { cents: 0, sequence: WalEntry.Sequence.make(0) }

/** Aggregates as they were; the latest of each is enough. They may be lost: the events are the truth. */
class Snapshots extends WalKeyValueStore.Tag<Snapshots>()("bank/Snapshots") {}

const apply = (
  account: Account,
  { content, sequence }: TypedWal.Entry<string, typeof AccountEvent.Type>
): Account => ({
  cents: content._tag === "Deposited" ? account.cents + content.cents : account.cents - content.cents,
  sequence
})

/** The snapshot, and what has happened since. */
const load = (id: string) =>
  Effect.gen(function*() {
    const snapshots = (yield* Snapshots).forSchema(Account)
    const snapshot = Option.getOrElse(yield* snapshots.get(id), () => NEW_ACCOUNT)
    const accounts = yield* Accounts
    return yield* accounts.enumerateRecords(id).pipe(
      Stream.filter(({ sequence }) => sequence > snapshot.sequence),
      Stream.runFold(snapshot, apply)
    )
  })

const takeSnapshot = (id: string) =>
  Effect.gen(function*() {
    const account = yield* load(id)
    yield* (yield* Snapshots).forSchema(Account).set(id, account)
    yield* Console.log(`Snapshot of ${id}: ${account.cents} cents after event ${account.sequence}`)
  })

class NotEnough extends Data.TaggedError("NotEnough")<{ readonly cents: number }> {}

const deposit = (id: string, cents: number) =>
  Effect.flatMap(Accounts, (accounts) => accounts.appendEntry(id, { _tag: "Deposited", cents }))

/** Decides by what it read, and says so: if another event came in between, it reads again and decides anew. */
const withdraw = (id: string, cents: number, who: string, thinks: Duration.DurationInput) =>
  Effect.gen(function*() {
    const account = yield* load(id)
    yield* Console.log(`${who} sees ${account.cents} cents, and wants ${cents}`)
    yield* Effect.sleep(thinks)
    if (account.cents < cents) {
      return yield* new NotEnough({ cents: account.cents })
    }
    const accounts = yield* Accounts
    return yield* accounts.appendExpecting(id, { _tag: "Withdrawn", cents }, { expectedSequence: account.sequence })
  }).pipe(
    Effect.tapErrorTag("WalConflictError", ({ actual, expected }) =>
      Console.log(`${who} is too late: the last event is ${actual}, not ${expected}`)),
    Effect.retry({
      while: (error) =>
        error._tag === "WalConflictError"
    }),
    Effect.flatMap(({ sequence }) => Console.log(`${who} has ${cents} cents (event ${sequence})`)),
    Effect.catchTag("NotEnough", () => Console.log(`${who} gets nothing`))
  )

const program = Effect.gen(function*() {
  yield* deposit("account-1", 5000)
  yield* deposit("account-2", 700)
  yield* deposit("account-1", 2500)
  yield* takeSnapshot("account-1")
  yield* deposit("account-1", 1000)

  yield* Effect.all([
    withdraw("account-1", 6000, "Ada", "500 millis"),
    Effect.delay(withdraw("account-1", 6000, "Bob", "0 millis"), "150 millis")
  ], { concurrency: 2 })

  const { cents, sequence } = yield* load("account-1")
  yield* Console.log(`In the end account-1 has ${cents} cents (event ${sequence})`)
})

export const example = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  yield* Effect.provide(
    program,
    Layer.mergeAll(
      Accounts.layer({ directory: `${directory}/accounts`, entryRetention: Duration.infinity, durability: "synced" }),
      Snapshots.layer({ directory: `${directory}/snapshots` })
    )
  )
})
