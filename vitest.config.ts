// What is tested is what is compiled: node loads it as it is, and once a worker, where sources would be transformed and
// loaded anew for every file. So files share a process: a test sets its own seeds, threads and variables. Three workers for
// two cores: a third of the time of two was waiting, for processes, disks and time-outs.
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/support/order.js";

/** Files that replace modules have a process of their own, and sources that can be transformed. */
const mocking = ["packages/runs/test/checkpoint/faults.test.ts"];

export default defineConfig({
  oxc: { target: "es2022" },
  test: {
    pool: "forks",
    maxWorkers: 3,
    globalSetup: ["test/support/build.ts"],
    sequence: { sequencer: LongestFirst },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    env: { OMP_NUM_THREADS: "1", OMP_WAIT_POLICY: "passive" },
    projects: [
      {
        extends: true,
        // A test's "../src/file.js" is what was compiled of it.
        resolve: {
          alias: [{ find: /^((?:\.\.\/)+(?:packages\/\w+\/)?)src\//, replacement: "$1dist/" }],
        },
        test: {
          name: "shared",
          include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
          exclude: mocking,
          isolate: false,
          server: { deps: { external: [/\/packages\/\w+\/dist\//] } },
        },
      },
      { extends: true, test: { name: "own", include: mocking } },
    ],
  },
});
