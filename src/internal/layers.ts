/**
 * The layers that come with a tag, for whatever stands behind it.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as SimulatedDisk from "../testing/SimulatedDisk.js"
import type { Layers } from "../Wal.js"
import type { OpenError } from "../WalError.js"
import type { WalOptions } from "../WalOptions.js"

export const layersOf = <Self, Id extends string, Shape, R>(
  tag: Context.TagClass<Self, Id, Shape>,
  open: (options: WalOptions) => Effect.Effect<Shape, OpenError, FileSystem.FileSystem | Scope.Scope | R>
): Layers<Self, R> => {
  const layer = (options: WalOptions) => Layer.scoped(tag, open(options))
  return {
    layer,
    layerConfig: (options) => Layer.scoped(tag, Effect.flatMap(Config.unwrap(options), open)),
    layerMemory: (options) => Layer.provide(layer({ directory: "/wal", ...options }), SimulatedDisk.layer())
  }
}
