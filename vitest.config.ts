// Tests run compiled code: node loads it unchanged, and once a worker, while sources would be
// transformed and loaded again for every file. So files share a process: a test sets its own seeds,
// threads and variables. Five workers for two cores: with three, half of the time was waiting, for
// processes, disks, browsers and time-outs.
import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { testFiles } from "./scripts/test-files.mjs";
import { LongestFirst } from "./test/support/order.js";

/** Files that replace modules have a process of their own, and sources that can be transformed. */
const mocking = ["packages/app/runs/test/checkpoint/faults.test.ts"];

/** Files that run with the portable engine too, and its own. */
const withPortable = [
  ...[
    "autograd",
    "chunks",
    "draws",
    "finite",
    "fold",
    "generator",
    "record-errors",
    "sinkhorn",
  ].map((name) => `packages/engine/torch/test/${name}.test.ts`),
  ...[
    "io/npy",
    "io/raw",
    "io/safetensors",
    "nn/linear",
    "nn/module",
    "optim/optim",
    "table/table",
  ].map((name) => `packages/engine/torch/test/${name}.test.ts`),
  "packages/library/train/test/method.test.ts",
  "packages/command/export/test/methods.test.ts",
  ...["ema", "mlp-cond", "mlp", "ode", "ot", "tuples"].map((name) => `test/parity/${name}.test.ts`),
];
const portableOnly = [
  "test/check/fit-page.test.ts",
  "test/check/try-page.test.ts",
  "test/e2e/engines.test.ts",
  "test/e2e/portable.test.ts",
];

const files = testFiles(import.meta.dirname);
/** Files that count live tensors: what files before them left behind may be freed while they count. */
const counting = files.filter((name) => readFileSync(name, "utf8").includes("support/collect.js"));

/** Tests of compiled code: a test's "../src/file.js" is its compiled file. */
const compiledTests = {
  resolve: {
    alias: [{ find: /^((?:\.\.\/)+(?:packages\/\w+\/\w+\/)?)src\//, replacement: "$1dist/" }],
  },
};
const server = { deps: { external: [/\/packages\/\w+\/\w+\/dist\//] } };

export default defineConfig({
  oxc: { target: "es2022" },
  test: {
    pool: "forks",
    maxWorkers: 5,
    globalSetup: ["test/support/build.ts"],
    setupFiles: process.env.NODE_V8_COVERAGE ? ["test/support/coverage.ts"] : [],
    sequence: { sequencer: LongestFirst },
    // A focused test fails the run. The linter's rule takes every call of `fit` for one.
    allowOnly: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    env: { DSBM_CORES: "2", OMP_NUM_THREADS: "1", OMP_WAIT_POLICY: "passive" },
    projects: [
      {
        extends: true,
        ...compiledTests,
        test: {
          name: "shared",
          include: files.filter((name) => ![mocking, counting, portableOnly].flat().includes(name)),
          isolate: false,
          server,
        },
      },
      {
        extends: true,
        ...compiledTests,
        test: {
          name: "portable",
          include: [...withPortable, ...portableOnly],
          env: { DSBM_ENGINE: "portable" },
          isolate: false,
          server,
        },
      },
      {
        extends: true,
        ...compiledTests,
        test: { name: "counting", include: counting, isolate: false, server },
      },
      {
        extends: true,
        test: {
          name: "own",
          include: mocking,
          server: { deps: { inline: [/\/files\/dist\//] } },
        },
      },
    ],
  },
});
