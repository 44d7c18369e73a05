/**
 * How far an appending has come: a bar that moves on a terminal, a line now and then in a pipe.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { bar, count } from "./format.js"

export interface ProgressOptions {
  /** How many flights were in the log before. */
  readonly from: number
  readonly total: number
  /** In a pipe, a line for each so many flights. */
  readonly everyLine: number
}

export interface Progress {
  readonly at: (done: number) => Effect.Effect<void>
  /** The last state stays. */
  readonly end: Effect.Effect<void>
}

type Write = (text: string) => Effect.Effect<void>

/** In milliseconds. */
const REDRAW = 50

export const movingBar = (
  options: ProgressOptions,
  write: Write,
  paint: (text: string) => string
): Effect.Effect<Progress> => {
  const speed = speedometer(options)
  let drawnAt = 0
  const draw = Effect.suspend(() =>
    write(`\r\u001b[K   ${paint(bar(speed.done(), options.total, 30))} ${speed.describe()}`)
  )
  return Effect.as(draw, {
    at: (done: number) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        speed.record(done, now)
        if (now - drawnAt < REDRAW) {
          return Effect.void
        }
        drawnAt = now
        return draw
      }),
    end: Effect.zipRight(draw, write("\n"))
  })
}

export const plainLines = (options: ProgressOptions, write: Write): Effect.Effect<Progress> => {
  const speed = speedometer(options)
  let written = Math.floor(options.from / options.everyLine)
  return Effect.succeed({
    at: (done: number) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        speed.record(done, now)
        const due = Math.floor(done / options.everyLine)
        if (due === written) {
          return Effect.void
        }
        written = due
        return write(`   ${speed.describe()}\n`)
      }),
    end: Effect.void
  })
}

/** Counts from the first flight on, so that the start of a process does not count. */
const speedometer = ({ from, total }: ProgressOptions) => {
  let first: { readonly done: number; readonly at: number } | undefined
  let last = { done: from, at: 0 }
  const rate = () =>
    first === undefined || last.at === first.at ?
      "" :
      `, ${count((last.done - first.done) / ((last.at - first.at) / 1000))} a second`
  return {
    record: (done: number, at: number) => {
      first ??= { done, at }
      last = { done, at }
    },
    done: () => last.done,
    describe: () => `${count(last.done).padStart(6)} of ${count(total)} flights${rate()}`
  }
}
