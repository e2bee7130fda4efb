// One fork a worker and one thread a fork: the engine's own threads are set by the tests that need them.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/support/order.js";

const source = (room: string) =>
  fileURLToPath(new URL(`./packages/${room}/src/index.ts`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: Object.fromEntries(
      ["config", "torch", "bridge", "nets", "data", "train", "runs", "studio"].map((room) => [
        `@dsbm/${room}`,
        source(room),
      ]),
    ),
  },
  oxc: { target: "es2022" },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    globalSetup: ["test/support/build.ts"],
    sequence: { sequencer: LongestFirst },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    env: { OMP_NUM_THREADS: "1", OMP_WAIT_POLICY: "passive" },
  },
});
