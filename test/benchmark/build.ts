/**
 * Compiles the library and the cases as the library is compiled for its users. Loaders that compile on the way, such as
 * tsx, give each function its name as it is made, and that costs what makes functions on its way up to half of its speed.
 */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const here = fileURLToPath(new URL(".", import.meta.url))
const compiler = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url))

/** The compiled file that runs one case. */
export const build = (): string => {
  const { status } = spawnSync(process.execPath, [compiler, "-p", here], { stdio: "inherit" })
  if (status !== 0) {
    throw new Error("the benchmark does not compile")
  }
  return `${here}.build/test/benchmark/child.js`
}
