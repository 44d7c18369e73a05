/**
 * Step 1: another process appends, and is killed in the middle of it.
 */
import * as Command from "@effect/platform/Command"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"
import { plural, time } from "./format.js"
import { Screen } from "./Screen.js"

/** After so many acknowledgements. */
const KILL_AFTER = 12_000

export class WriterFailed extends Data.TaggedError("WriterFailed")<{ readonly message: string }> {}

/** How many flights had been acknowledged when the process was dead. */
export const killTheWriter = (directory: string, total: number) =>
  Effect.gen(function*() {
    const screen = yield* Screen
    yield* screen.step("1  Another process appends, and is killed")
    const writer = yield* Command.start(writerCommand(directory))
    yield* screen.say(
      `Process ${writer.pid} appends one flight after the other. A flight is acknowledged`,
      `once it is written (durability "written": it survives a crash of the process).`
    )
    const progress = yield* screen.progress({ from: 0, total, everyLine: 3000 })
    const [duration, acknowledged] = yield* Effect.timed(Stream.runFoldEffect(
      acknowledgements(writer.stdout),
      0,
      (last, sequence) =>
        progress.at(sequence).pipe(
          Effect.zipRight(sequence === KILL_AFTER ? writer.kill("SIGKILL") : Effect.void),
          Effect.as(Math.max(last, sequence))
        )
    ))
    yield* progress.end
    if (acknowledged < KILL_AFTER) {
      return yield* new WriterFailed({ message: `The writer ended by itself after ${plural(acknowledged, "flight")}` })
    }
    yield* screen.say(
      `SIGKILL, ${time(duration)} after its start. It had acknowledged ${plural(acknowledged, "flight")};`,
      `it closed nothing, and left its lock behind.`
    )
    return acknowledged
  }).pipe(Effect.scoped)

/** Straight to Node: a wrapper such as npx would die of the signal in the writer's place. */
const writerCommand = (directory: string): Command.Command =>
  Command.make(
    process.execPath,
    "--import",
    "tsx",
    fileURLToPath(new URL("writer.ts", import.meta.url)),
    directory
  ).pipe(Command.stderr("inherit"))

/** What the writer had said before it died is still in the pipe, so this goes on beyond the kill. */
const acknowledgements = <E>(stdout: Stream.Stream<Uint8Array, E>): Stream.Stream<number, E> =>
  stdout.pipe(Stream.decodeText(), Stream.splitLines, Stream.map(Number))
