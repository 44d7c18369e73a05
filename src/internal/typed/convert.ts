/**
 * Runs and streams of values, each value converted for itself: by a loop, as long as nothing has to be waited for.
 */
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"

/** What to do at a value that cannot be converted: take none behind it, or leave it out. */
export type OnFailure = "fail" | "skip"

/** What became of a run. */
export interface Outcome<B, E> {
  /** Those that were converted, in order. */
  readonly values: ReadonlyArray<B>
  /** The first that was not, and how many there are. */
  readonly failures: { readonly first: E; readonly count: number } | undefined
}

/** A conversion that is an `Either` is no step of the fiber. */
export const convertEach = <A, B, E, R>(
  input: ReadonlyArray<A>,
  convert: (value: A) => Effect.Effect<B, E, R>,
  onFailure: OnFailure
): Effect.Effect<Outcome<B, E>, never, R> =>
  Effect.suspend(() => {
    const run = new Run<B, E>(onFailure)
    const rest = input.values()

    /** An array's iterator goes on where a loop has left it. */
    const goOn = (): Effect.Effect<Outcome<B, E>, never, R> => {
      for (const value of rest) {
        const converted = convert(value)
        const result = ParseResult.eitherOrUndefined(converted)
        if (result === undefined) {
          return Effect.flatMap(Effect.either(converted), (awaited) => run.take(awaited) ? goOn() : Effect.succeed(run))
        }
        if (!run.take(result)) {
          break
        }
      }
      return Effect.succeed(run)
    }

    return goOn()
  })

class Run<B, E> implements Outcome<B, E> {
  readonly values: Array<B> = []
  failures: Outcome<B, E>["failures"] = undefined

  constructor(private readonly onFailure: OnFailure) {}

  /** Whether the run goes on. */
  take(result: Either.Either<B, E>): boolean {
    if (Either.isRight(result)) {
      this.values.push(result.right)
      return true
    }
    const { count, first } = this.failures ?? { count: 0, first: result.left }
    this.failures = { first, count: count + 1 }
    return this.onFailure === "skip"
  }
}

/** What a chunk has become; where it is broken, the error comes behind the values. */
export type ConvertedChunk<B, E> =
  | { readonly _tag: "Whole"; readonly values: ReadonlyArray<B> }
  | { readonly _tag: "Broken"; readonly values: ReadonlyArray<B>; readonly error: E }

/** Chunks in, chunks out; never an empty one. */
export const convertChunks = <A, B, E, InErr, R>(
  convert: (chunk: ReadonlyArray<A>) => Effect.Effect<ConvertedChunk<B, E>, never, R>
): Channel.Channel<Chunk.Chunk<B>, Chunk.Chunk<A>, E | InErr, InErr, unknown, unknown, R> => {
  const loop: Channel.Channel<Chunk.Chunk<B>, Chunk.Chunk<A>, E | InErr, InErr, unknown, unknown, R> = Channel
    .readWithCause({
      onInput: (chunk: Chunk.Chunk<A>) =>
        Channel.flatMap(Channel.fromEffect(convert(Chunk.toReadonlyArray(chunk))), (converted) =>
          Channel.zipRight(
            writeAll(converted.values),
            converted._tag === "Whole" ? loop : Channel.fail(converted.error)
          )),
      onFailure: Channel.failCause,
      onDone: Channel.succeed
    })
  return loop
}

const writeAll = <B>(values: ReadonlyArray<B>): Channel.Channel<Chunk.Chunk<B>> =>
  values.length === 0 ? Channel.void : Channel.write(Chunk.unsafeFromArray(values))
