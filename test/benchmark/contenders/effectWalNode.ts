/**
 * This log over `effect-wal/node`.
 */
import { effectWal } from "./effectWal.js"
import { tuned } from "./fileSystems.js"

export const contender = effectWal(tuned)
