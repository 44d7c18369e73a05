/**
 * Runs one of the examples:
 *
 *     npm run example -- <name>
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import type { NodeContext as Node } from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

type Example = Effect.Effect<void, unknown, Node | Scope.Scope>

const examples = new Map<string, () => Promise<{ readonly example: Example }>>([
  ["event-sourcing", () => import("./event-sourcing.js")],
  ["database-log", () => import("./database-log/main.js")],
  ["message-queue", () => import("./message-queue.js")],
  ["audit-log", () => import("./audit-log.js")],
  ["warm-cache", () => import("./warm-cache.js")]
])

const listNames = Console.error(
  ["Which example? npm run example -- <name>, where <name> is one of", ...examples.keys()].join("\n  ")
)

const load = examples.get(process.argv[2] ?? "")

const main = load === undefined
  ? Effect.zipRight(listNames, Effect.sync(() => process.exit(1)))
  : Effect.flatMap(Effect.promise(load), ({ example }) => Effect.scoped(example))

NodeRuntime.runMain(Effect.provide(main, NodeContext.layer))
