/**
 * Entries as a test writes and reads them: text instead of bytes.
 */
import type * as Wal from "effect-wal/Wal"
import type { Entry } from "effect-wal/WalEntry"
import { Sequence } from "effect-wal/WalEntry"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const bytes = (text: string): Uint8Array => encoder.encode(text)

export const text = (value: Uint8Array): string => decoder.decode(value)

export const sequence = (value: number): Sequence => Sequence.make(value)

export const collect = <A, E, R>(stream: Stream.Stream<A, E, R>): Effect.Effect<ReadonlyArray<A>, E, R> =>
  Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

export const contents = <E, R>(stream: Stream.Stream<Entry, E, R>): Effect.Effect<ReadonlyArray<string>, E, R> =>
  Effect.map(collect(stream), (entries) => entries.map((entry) => text(entry.content)))

export const sequences = <E, R>(stream: Stream.Stream<Entry, E, R>): Effect.Effect<ReadonlyArray<number>, E, R> =>
  Effect.map(collect(stream), (entries) => entries.map((entry) => entry.sequence))

/** One entry for each content, all of the same key. */
export const appendAll = (wal: Wal.Service, key: string, values: ReadonlyArray<string>) =>
  Effect.forEach(values, (value) => wal.appendEntry(key, bytes(value)))

/** Opens a log, uses it, and closes it. */
export const session =
  <A, E, R>(use: (wal: Wal.Service) => Effect.Effect<A, E, R>) => (open: ReturnType<typeof Wal.make>) =>
    Effect.scoped(Effect.flatMap(open, use))
