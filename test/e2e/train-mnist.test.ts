// The reference's MNIST commands as they are typed, at full size (batch 128, 128 channels): only num_iter,
// cache_npar, cache_num_steps and test_npar are lowered, and EMNIST is a small file in its format, since it comes in no package.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { launch, scratch } from "./cli.js";

const root = scratch();

/** An IDX file of bytes, compressed as published. */
function idx(shape: number[], byte: (i: number) => number): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  shape.forEach((size, d) => {
    header.writeUInt32BE(size, 4 + 4 * d);
  });
  const n = shape.reduce((a, b) => a * b, 1);
  return gzipSync(
    Buffer.concat([header, Buffer.from(Uint8Array.from({ length: n }, (_, i) => byte(i)))]),
  );
}

function writeEmnist(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [split, n] of [
    ["train", 300],
    ["test", 50],
  ] as const) {
    const name = (what: string) => join(folder, `emnist-letters-${split}-${what}-ubyte.gz`);
    writeFileSync(
      name("images-idx3"),
      idx([n, 28, 28], (i) => (i * i * 31 + i) % 256),
    );
    writeFileSync(
      name("labels-idx1"),
      idx([n], (i) => 1 + (i % 5)),
    );
  }
}

const full = [
  "train",
  "num_steps=30",
  "method=dbdsb",
  "gamma_min=0.034",
  "gamma_max=0.034",
  "num_iter=1",
  "cache_npar=128",
  "cache_num_steps=3",
  "test_npar=2",
];
const here = () => {
  writeEmnist(join(root, "data", "emnist"));
  return [
    "metrics.judge=false",
    `paths.data_dir_name=${join(root, "data")}`,
    `experiments_dir=${join(root, "experiments")}`,
  ];
};

/**
 * Runs until a line of its standard error matches, asks it to stop, and gives what it said. Where steps are slow, the
 * signal ends the process itself.
 */
async function until(words: string[], pattern: RegExp): Promise<string> {
  const { child, done } = launch(words);
  let said = "";
  let asks: NodeJS.Timeout | null = null;
  // A second signal ends the process at once, and loses no checkpoint either.
  const ask = () => child.kill("SIGINT");
  child.stderr?.on("data", (text) => {
    said += text;
    if (pattern.test(said) && !asks) asks = setInterval(ask, 3000);
  });
  const { code, stderr } = await done;
  clearInterval(asks ?? undefined);
  expect([130, null], stderr).toContain(code);
  expect(stderr).not.toMatch(/bug|\n\s+at /);
  return stderr;
}

it("DSBM-IPF starts, trains both ways, caches, saves, and goes on", async () => {
  const words = [...full, ...here()];
  const first = await until(words, /half-iteration 3\/100 b: /);
  expect(first).toMatch(/UNET of 6\.62 million parameters each way\n100 half-iterations: /);
  expect(first).toMatch(/half-iteration 2\/100 f step 1, \d+ steps: /);
  const again = await until(words, /going on from checkpoint/);
  expect(again).toMatch(/going on from checkpoint it000[12]_[bf]_step0000000[0-2]/);
}, 600_000);

it("DSBM-IMF starts on independent pairs, saves within its first half-iteration, and goes on there", async () => {
  const each = ["log_every=1", "checkpoint_stride=1"];
  const words = [...full, "first_num_iter=100000", "first_coupling=ind", ...each, ...here()];
  await until(words, /(^|\n)1\/100 b {2}[2-9]\d*\/100000/);
  const again = await until(words, /(^|\n)1\/100 b {2}\d+\/100000/);
  const from = Number(/going on from checkpoint it0001_b_step(\d+)/.exec(again)?.[1]);
  expect(from).toBeGreaterThan(0);
  expect(Number(/(?:^|\n)1\/100 b {2}(\d+)\//.exec(again)?.[1])).toBeGreaterThan(from);
}, 600_000);
