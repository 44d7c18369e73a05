/**
 * This log over the platform's FileSystem.
 */
import { effectWal } from "./effectWal.js"
import { platform } from "./fileSystems.js"

export const contender = effectWal(platform)
