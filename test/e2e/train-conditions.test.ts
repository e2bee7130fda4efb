// Conditions and classes on the command line: every method and network takes them, and mistakes are one line.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCsv } from "@dsbm/runs";
import { Generator, io, nn, randn, tensor, tidy } from "@dsbm/torch";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { refuse, scratch, succeed, wordsOf } from "./cli.js";
import { quick } from "./train.js";

const root = scratch();

/** A downscaling at 16×16 of a few steps; later words win. */
const downscaling = wordsOf(`
  train dataset=downscaler_synthetic data.image_size=16 data.n_train=48 data.n_test=16 model.num_res_blocks=1 n_ipf=2
  num_iter=4 first_num_iter=4 batch_size=8 cache_npar=16 cache_batch_size=8 num_steps=4
  test_npar=16 test_batch_size=8 plot_npar=4 plot_npar_path=2 log_every=2 threads=1
`);
const noClasses = ["plot_level=0", "metrics.judge=false"];

const placed = (name: string, ...words: string[]) => [
  ...words,
  ...[`name=${name.replace(/\W/g, "_")}`, `experiments_dir=${root}`],
];
const run = (name: string, ...words: string[]) => succeed(placed(name, ...words));

describe("cdsb=true", () => {
  it.each([
    ["from independent pairs, with pictures", "plot_level=3"],
    ["from the reference process", "first_coupling=ref"],
    ["variance preserving", "method=dbdsb_vp"],
    ["bridge matching", "method=bm", "n_ipf=1"],
    ["rectified flow", "method=rf"],
    ["flow on optimal pairs", "method=otcfm"],
    ["discrete DSB", "method=dsb"],
    ["minibatch optimal transport", "ot_sampler=exact", "match_conditions=false"],
    ["UNET", "model=UNET_tiny"],
    [
      "DDPMpp",
      ...wordsOf("model=DDPMpp_32 model.nf=32 model.ch_mult='1,1' model.num_res_blocks=1"),
      "model.attn_resolutions='8'",
    ],
    ["towards noise", "transfer=false"],
  ])("%s", async (name, ...words) => {
    const { folder } = await run(name, ...downscaling, "plot_level=0", ...words);
    const { rows } = readCsv(join(folder, "results.csv"));
    expect(rows.length).toBe(/flow/.test(name) || name === "bridge matching" ? 2 : 4);
    for (const row of rows) expect(Number.isFinite(row.msd)).toBe(true);
    const cache = join(folder, "cache");
    expect(existsSync(cache) ? readdirSync(cache) : []).toEqual([]);
  });
});

describe("the downscaling arrays", () => {
  it("are trained on as they lie on disk, and drawn in their own units", async () => {
    const data = join(root, "arrays");
    mkdirSync(join(data, "downscaler"), { recursive: true });
    const field = (n: number, seed: number) =>
      tidy(() => {
        const generator = Generator.create(seed);
        const coarse = randn([n, 3, 16, 16], { generator }).mul(0.3);
        return io.encodeNpy(nn.interpolate(coarse, { size: [512, 512], mode: "bilinear" }));
      });
    const npy = (list: number[]) => tidy(() => io.encodeNpy(tensor(list, { dtype: "float64" })));
    const scaling = (values: Record<string, number[]>) =>
      zipSync(
        Object.fromEntries(Object.entries(values).map(([name, x]) => [`${name}.npy`, npy(x)])),
      );
    for (const size of [512, 64]) {
      const put = (name: string, bytes: Uint8Array) =>
        writeFileSync(join(data, "downscaler", name), bytes);
      put(`xtrain_${size}.npy`, field(10, size));
      put(`xtest_${size}.npy`, field(10, size + 1));
      const means = { mintrain_mean: [1, 2, 3], Delta_: [4, 5, 6] };
      const perturbations = { mintrain_p: [-1, -1, -1], Deltap: [2, 2, 2] };
      put(`scaling_${size}.npz`, scaling({ ...means, ...perturbations }));
    }
    const { folder } = await run(
      "arrays",
      ...["train", "dataset=downscaler_transfer", "model=UNET_tiny", "wavenumber=2"],
      "model.channel_mult='1,1,1,1,1,1,1,1'",
      ...["n_ipf=1", "num_iter=1", "batch_size=1", "num_steps=2", "cache_npar=1", "threads=1"],
      ...["cache_batch_size=1", "cache_refresh_stride=1", "test_npar=2"],
      ...["plot_npar=1", "plot_npar_path=1", "plot_level=1"],
      `paths.data_dir_name=${data}`,
    );
    const { rows } = readCsv(join(folder, "results.csv"));
    expect(rows.map((row) => row.direction)).toEqual(["b", "f"]);
    for (const row of rows) expect(Number.isFinite(row.msd)).toBe(true);
    expect(readdirSync(join(folder, "samples"))).toContain("it0001_b_step00000001_end.png");
  });
});

describe("classes", () => {
  it.each([
    ["towards noise", "Dataset=synthetic_shapes", "transfer=false"],
    ["at both ends", "Dataset=synthetic_shapes", "Dataset_transfer=synthetic_shapes"],
  ])("%s", async (name, ...words) => {
    const { folder } = await run(
      `classes ${name}`,
      ...quick,
      ...noClasses,
      ...wordsOf("first_num_iter=3 num_iter=3 cache_refresh_stride=3 model.class_cond=true"),
      ...words,
    );
    expect(readCsv(join(folder, "results.csv")).rows).toHaveLength(4);
  });
});

describe("one clear line", () => {
  const shapes = (words: string) => [...quick, ...noClasses, ...wordsOf(words)];
  const fields = (words: string) => [...downscaling, ...wordsOf(words)];
  const digits = `model.class_cond=true dataset=mnist_2to3 Dataset=mnist_0_1_2 Dataset_transfer=mnist_3_4
    data.image_size=28`;
  const arrays = "Dataset=downscaler_high Dataset_transfer=downscaler_low data.image_size=512";
  const counts = ["as many classes at both ends", "3 of mnist_0_1_2", "2 of mnist_3_4"];
  const none = ["synthetic_squares has no condition", "cdsb=false"];
  const own = "the condition of downscaler_synthetic_high has 1";
  it.each([
    ["no condition", shapes("cdsb=true data.cond_channels=1"), none],
    ["one class", shapes("model.class_cond=true"), ["synthetic_squares has one class"]],
    ["other numbers of classes", shapes(digits), counts],
    ["a condition of other channels", fields("data.cond_channels=2"), [own]],
    [
      "mirrored samples",
      fields("data.random_flip=true"),
      ["mirrors samples but not the condition"],
    ],
    ["arrays that are not there", fields(arrays), ["xtrain_512.npy"]],
  ])("for %s", async (name, words, texts) => {
    await refuse(placed(name, ...words), texts);
  });
});
