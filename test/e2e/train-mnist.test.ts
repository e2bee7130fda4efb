// The MNIST command of the reference with its networks: batches, num_iter, cache_npar, cache_num_steps,
// test_npar and test_num_steps are lowered, nothing is drawn, and EMNIST is a small file in its format, since it comes in
// no package.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { scratch, stopAt } from "./cli.js";

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

const fullOptions = [
  "train",
  "num_steps=4",
  "method=dbdsb",
  "gamma_min=0.034",
  "gamma_max=0.034",
  "num_iter=1",
  "batch_size=4",
  "cache_npar=4",
  "cache_batch_size=4",
  "cache_num_steps=2",
  "test_npar=2",
  "test_num_steps=2",
  "plot_level=0",
  "metrics.judge=false",
];
it("DSBM-IPF starts, trains both ways, caches, and saves", async () => {
  const data = join(root, "data");
  writeEmnist(join(data, "emnist"));
  const words = [...fullOptions, `paths.data_dir_name=${data}`, `experiments_dir=${root}`];
  const { code, stderr } = await stopAt(words, /half-iteration 3\/100 b: /);
  expect(code, stderr).toBe(130);
  expect(stderr).toMatch(/UNET of 6,6\d\d,\d{3} parameters each way\n100 half-iterations, /);
  expect(stderr).toMatch(/half-iteration 2\/100 f step 1, \d+ steps: /);
  expect(stderr).toMatch(/to resume: npx dsbm train .*num_iter=1/);
}, 600_000);
