/**
 * What a file system does that every layer of it must do: run over the simulated disk and over Node's own.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import { describe } from "@effect/vitest"
import type * as Layer from "effect/Layer"
import { specFor } from "./contractBench.js"
import { contractOfFiles } from "./contractFiles.js"
import { contractOfNames } from "./contractNames.js"

export const fileSystemContract = (name: string, layer: Layer.Layer<FileSystem.FileSystem>) =>
  describe(`the contract of FileSystem: ${name}`, () => {
    const spec = specFor(layer)
    contractOfFiles(spec)
    contractOfNames(spec)
  })
