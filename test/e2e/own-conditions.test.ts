// Fields of one's own with conditions (docs/guide/fields.md): trained, sampled and evaluated as a user types it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Generator, io, randn } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { refuse, scratch, succeed, wordsOf } from "./cli.js";

const root = scratch();
const size = 16;
const save = (name: string, x: ReturnType<typeof randn>) =>
  writeFileSync(join(root, name), io.encodeNpy(x));

beforeAll(() => {
  const generator = Generator.create(4);
  for (const [name, n] of [
    ["coarse", 40],
    ["fine", 36],
    ["new", 5],
  ] as const) {
    save(`${name}.npy`, randn([n, 1, size, size], { generator }));
    save(`${name}-condition.npy`, randn([n, 2, size, size], { generator }));
  }
});

const training =
  wordsOf(`train dataset=vectors Dataset=array:coarse.npy Dataset_transfer=array:fine.npy cdsb=true
  data.cond=coarse-condition.npy,fine-condition.npy data.cond_channels=2 data.image_size=${size} data.channels=1
  model=UNET_tiny n_ipf=1 first_num_iter=2
  num_iter=2 num_steps=2 batch_size=4 cache_npar=8 test_npar=4 plot_level=0 metrics.judge=false threads=1`);

describe("arrays with data.cond", () => {
  it("train with their conditions, sample with cond=, and are evaluated", async () => {
    const { folder } = await succeed(training, { cwd: root });
    const sample = (condition: string, out: string) =>
      succeed(["sample", folder, "new.npy", out, `cond=${condition}`, "threads=1"], { cwd: root });
    await sample("new-condition.npy", "a.npy");
    save("other.npy", randn([5, 2, size, size], { generator: Generator.create(9) }));
    await sample("other.npy", "b.npy");
    const [a, b] = ["a.npy", "b.npy"].map((name) => io.mapNpy(join(root, name)));
    expect(a.shape).toEqual([5, 1, size, size]);
    // Another condition, other samples.
    expect(a.sub(b).abs().max().item()).toBeGreaterThan(0);
    const { stdout } = await succeed(
      ["evaluate", folder, "n=4", "metrics=feature_distance", "threads=1"],
      { cwd: root },
    );
    expect(stdout).toContain("energy distance of image features");
  });

  it.each([
    ["data.cond=coarse-condition.npy", ["fine.npy", "expected [n, C′, H, W] with the same n"]],
    ["data.cond=none.npy", ["no file none.npy"]],
    ["cdsb=false data.cond_channels=0", ["write cdsb=true and data.cond_channels"]],
    ["data.cond_channels=1", ["write data.cond_channels=2"]],
    ["Dataset=mnist", ["conditions of arrays, got mnist"]],
  ])("refuse %s", async (words, texts) => {
    await refuse([...training, ...wordsOf(words)], texts, { cwd: root });
  });
});
