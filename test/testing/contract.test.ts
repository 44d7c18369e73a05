import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { SimulatedDisk } from "effect-wal/testing"
import { fileSystemContract } from "./contract.js"

fileSystemContract("platform-node", NodeFileSystem.layer)
fileSystemContract("the simulated disk", SimulatedDisk.layer())
fileSystemContract("the simulated disk, at once", SimulatedDisk.layer({ completion: "immediate" }))
fileSystemContract("the simulated disk, slowly", SimulatedDisk.layer({ latency: "1 millis" }))
