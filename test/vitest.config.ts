import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const root = fileURLToPath(new URL("..", import.meta.url))

export default defineConfig({
  root,
  resolve: {
    alias: [
      { find: /^effect-wal$/, replacement: `${root}src/index.ts` },
      { find: /^effect-wal\/(testing|node)$/, replacement: `${root}src/$1/index.ts` },
      { find: /^effect-wal\/(\w+)$/, replacement: `${root}src/$1.ts` }
    ]
  },
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    poolOptions: { forks: { maxForks: 2, isolate: false } },
    testTimeout: 60_000
  }
})
