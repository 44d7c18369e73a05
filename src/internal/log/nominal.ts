/**
 * Numbers that the format vouches for, as the nouns they stand for.
 */
import * as Brand from "effect/Brand"
import type { SegmentId, Sequence } from "../../WalEntry.js"

export const toSequence: Brand.Brand.Constructor<Sequence> = Brand.nominal<Sequence>()

export const toSegmentId: Brand.Brand.Constructor<SegmentId> = Brand.nominal<SegmentId>()
