/**
 * How this log takes logs of other shapes: few entries and many, many segments, many keys, long entries and short ones.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Service } from "../../../src/Wal.js"
import type { EntryInput, EntryRef } from "../../../src/WalEntry.js"
import { logIn, look, openWal } from "../contenders/effectWal.js"
import { tuned } from "../contenders/fileSystems.js"
import { around, contents, makeKey } from "../data.js"
import { median } from "../median.js"
import type { Figures, Shape } from "../model.js"
import { bytesIn } from "./directory.js"
import { settled } from "./memory.js"

const KEYS_LOOKED_UP = 1_000
const FEWEST_LOOKUPS = 20
const LOOKUP_MILLIS = 1_000
const MOST_REFS = 2_000
const WARM_UP_ENTRIES = 20_000
const WARM_UP_BYTES = 32 * 2 ** 20
const ENTRIES_LOOKED_UP = 10
const CHUNK = 1_000
const MEBIBYTE = 2 ** 20

const optionsOf = ({ maxSegmentBytes }: Shape) => maxSegmentBytes === undefined ? {} : { maxSegmentBytes }

/** Fills a log in a stream, and closes it. */
export const grow = async (directory: string, shape: Shape): Promise<Figures> => {
  await fill(`${directory}/warm-up`, { ...shape, entries: warmUpEntries(shape) })
  const figures = await fill(directory, shape)
  return { ...figures, diskBytes: bytesIn(logIn(directory)) / shape.entries, growPeakMiB: peakMiB() }
}

const warmUpEntries = ({ contentLength }: Shape): number =>
  Math.ceil(Math.min(WARM_UP_ENTRIES, WARM_UP_BYTES / contentLength))

const fill = async (directory: string, shape: Shape): Promise<Figures> => {
  const { close, wal } = await openWal(tuned, directory, optionsOf(shape))
  const appendMs = await timeEffect(Stream.run(inputs(shape), wal.appendSink()))
  const syncMs = await timeEffect(wal.sync)
  const closeMs = await time(close)
  return { rate: shape.entries / appendMs * 1000, syncMs, closeMs }
}

const inputs = ({ contentLength, entries, keys }: Shape): Stream.Stream<EntryInput> => {
  const contentOf = contents(contentLength)
  const chunk = Math.max(1, Math.min(CHUNK, MEBIBYTE / contentLength))
  return Stream.range(0, entries - 1, chunk).pipe(
    Stream.mapChunks(Chunk.map((index) => ({ key: makeKey(index % keys), content: contentOf(index) })))
  )
}

/** Opens what `grow` has filled, reads it in every way, and appends to it. */
export const inspect = async (directory: string, shape: Shape): Promise<Figures> => {
  await visit(directory, shape)
  const before = settled()
  const started = performance.now()
  const { close, wal } = await openWal(tuned, directory, optionsOf(shape))
  const openMs = performance.now() - started
  const { lookupUs, refs } = await lookUp(wal, keysSpread(shape))
  const { segments: { length: segments } } = await Effect.runPromise(wal.stats)
  const keysMs = await timeEffect(Stream.runDrain(Stream.chunks(wal.enumerateKeys)))
  const heldMiB = (settled().held - before.held) / MEBIBYTE
  const readUs = await timeEffect(Effect.forEach(refs, wal.readEntryAt, { discard: true })) * 1000 / refs.length
  const replayMs = await timeEffect(look(wal.replay()))
  const firstAppendMs = await timeEffect(wal.appendEntry(makeKey(0), new Uint8Array(shape.contentLength)))
  await close()
  return {
    openMs,
    lookupUs,
    readUs,
    keysMs,
    replayRate: shape.entries / replayMs * 1000,
    firstAppendMs,
    heldMiB,
    peakMiB: peakMiB(),
    segments
  }
}

/** Warms the code up: what is to be seen is how cost grows, and a cold start costs each log the same. */
const visit = async (directory: string, shape: Shape): Promise<void> => {
  const { close, wal } = await openWal(tuned, directory, optionsOf(shape))
  await lookUp(wal, keysSpread(shape))
  await close()
}

/** Over all the keys that there are, and the same ones each time. */
const keysSpread = ({ keys }: Shape): ReadonlyArray<Uint8Array> => {
  const count = Math.min(keys, KEYS_LOOKED_UP)
  return Array.from({ length: count }, (_, place) => makeKey(Math.floor(place * keys / count)))
}

/** How long the first entries of a key take, in the median over many times, and where those entries are. */
const lookUp = async (wal: Service, keys: ReadonlyArray<Uint8Array>) => {
  const keyOf = around(keys)
  const millis: Array<number> = []
  const refs: Array<EntryRef> = []
  const end = performance.now() + LOOKUP_MILLIS
  while (millis.length < FEWEST_LOOKUPS || (millis.length < KEYS_LOOKED_UP && performance.now() < end)) {
    const started = performance.now()
    const entries = await Effect.runPromise(
      Stream.runCollect(Stream.take(wal.enumerateRecords(keyOf(millis.length)), ENTRIES_LOOKED_UP))
    )
    millis.push(performance.now() - started)
    refs.push(...Chunk.map(entries, ({ ref }) => ref))
  }
  return { lookupUs: median(millis) * 1000, refs: refs.slice(-MOST_REFS) }
}

const timeEffect = <A, E>(effect: Effect.Effect<A, E>): Promise<number> => time(() => Effect.runPromise(effect))

const time = async (run: () => Promise<unknown>): Promise<number> => {
  const started = performance.now()
  await run()
  return performance.now() - started
}

const peakMiB = (): number => process.resourceUsage().maxRSS / 1024
