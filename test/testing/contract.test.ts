import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { NodeWal } from "effect-wal/node"
import { SimulatedDisk } from "effect-wal/testing"
import * as Layer from "effect/Layer"
import { fileSystemContract } from "./contract.js"

fileSystemContract("platform-node", NodeFileSystem.layer)
fileSystemContract("effect-wal/node", Layer.provide(NodeWal.layer, NodeFileSystem.layer))
fileSystemContract("the simulated disk", SimulatedDisk.layer())
fileSystemContract("the simulated disk, at once", SimulatedDisk.layer({ completion: "immediate" }))
fileSystemContract("the simulated disk, slowly", SimulatedDisk.layer({ latency: "1 millis" }))
fileSystemContract("the simulated disk, tuned", SimulatedDisk.layer({ files: "tuned" }))
