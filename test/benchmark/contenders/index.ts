/**
 * The contenders by their names, each loaded only where it runs.
 */
import type { ContenderId } from "../model.js"
import type { Contender } from "./contender.js"

const modules: Readonly<Record<ContenderId, () => Promise<{ readonly contender: Contender }>>> = {
  raw: () => import("./raw.js"),
  "effect-wal-node": () => import("./effectWalNode.js"),
  "effect-wal-platform": () => import("./effectWalPlatform.js"),
  platform: () => import("./platform.js"),
  lmdb: () => import("./lmdb.js"),
  sqlite: () => import("./sqlite.js"),
  level: () => import("./level.js"),
  "async-log": () => import("./asyncLog.js")
}

export const contenderOf = async (id: ContenderId): Promise<Contender> => (await modules[id]()).contender
