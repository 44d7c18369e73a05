/**
 * What the demo says: in colour on a terminal (unless `NO_COLOR` is set), as plain lines in a pipe.
 */
import * as Terminal from "@effect/platform/Terminal"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { movingBar, plainLines, type Progress, type ProgressOptions } from "./progress.js"

export class Screen extends Context.Tag("demo/Screen")<Screen, {
  readonly title: (text: string) => Effect.Effect<void>
  readonly step: (text: string) => Effect.Effect<void>
  readonly say: (...lines: ReadonlyArray<string>) => Effect.Effect<void>
  /** Something that was checked, and is as it should be. */
  readonly good: (text: string) => Effect.Effect<void>
  readonly progress: (options: ProgressOptions) => Effect.Effect<Progress>
}>() {}

export const layer = Layer.effect(
  Screen,
  Effect.gen(function*() {
    const terminal = yield* Terminal.Terminal
    const isTerminal = yield* terminal.isTTY
    const noColor = yield* Config.string("NO_COLOR").pipe(Config.withDefault(""))
    const paint = painter(isTerminal && noColor === "")
    const write = (text: string) => Effect.orDie(terminal.display(text))
    return {
      title: (text) => write(`${paint.bold(text)}\n`),
      step: (text) => write(`\n${paint.bold(text)}\n`),
      say: (...lines) => Effect.forEach(lines, (line) => write(`   ${line}`.trimEnd() + "\n"), { discard: true }),
      good: (text) => write(`   ${paint.green("✓")} ${text}\n`),
      progress: (options) => isTerminal ? movingBar(options, write, paint.cyan) : plainLines(options, write)
    }
  })
)

const painter = (inColour: boolean) => {
  const paint = (code: number) => (text: string) => inColour ? `\u001b[${code}m${text}\u001b[0m` : text
  return { bold: paint(1), green: paint(32), cyan: paint(36) }
}
