/**
 * What this log runs over: the platform's file system, and the one that is tuned for Node.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Layer from "effect/Layer"
import * as NodeWal from "../../../src/node/NodeWal.js"

export const platform: Layer.Layer<FileSystem.FileSystem> = NodeFileSystem.layer

export const tuned: Layer.Layer<FileSystem.FileSystem> = Layer.provide(NodeWal.layer, NodeFileSystem.layer)
