// Conditions and classes on the command line: every method and network takes them, and mistakes are one line.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCsv } from "@dsbm/runs";
import { Generator, io, nn, randn, tensor, tidy } from "@dsbm/torch";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { dsbm, expectLine, folderIn, scratch } from "./cli.js";
import { quick } from "./train.js";

const root = scratch();

/** A downscaling at 16×16 of a few steps; later words win. */
const downscaling = `
  train dataset=downscaler_synthetic data.image_size=16 data.n_train=48 data.n_test=16 model.num_res_blocks=1 n_ipf=2
  num_iter=4 first_num_iter=4 batch_size=8 cache_npar=16 cache_batch_size=8 num_steps=4
  test_npar=16 test_batch_size=8 plot_npar=4 plot_npar_path=2 log_every=2 threads=1
`
  .trim()
  .split(/\s+/);
const noClasses = ["plot_level=0", "metrics.judge=false"];

async function run(name: string, ...words: string[]) {
  const outcome = await dsbm([...words, `name=${name}`, `experiments_dir=${root}`]);
  return { ...outcome, folder: folderIn(outcome.stdout) };
}

describe("cdsb=true", () => {
  it.each([
    ["from independent pairs, with pictures", "plot_level=3"],
    ["from the reference process", "first_coupling=ref", "plot_level=0"],
    ["variance preserving", "method=dbdsb_vp", "plot_level=0"],
    ["bridge matching", "method=bm", "n_ipf=1", "plot_level=0"],
    ["rectified flow", "method=rf", "plot_level=0"],
    ["flow on optimal pairs", "method=otcfm", "plot_level=0"],
    ["discrete DSB", "method=dsb", "plot_level=0"],
    ["minibatch optimal transport", "ot_sampler=exact", "match_conditions=false", "plot_level=0"],
    ["UNET", "model=UNET_tiny", "plot_level=0"],
    [
      "DDPMpp",
      "model=DDPMpp_32",
      "model.nf=32",
      "model.ch_mult='1,1'",
      "model.num_res_blocks=1",
      "model.attn_resolutions='8'",
      "plot_level=0",
    ],
    ["towards noise", "transfer=false", "plot_level=0"],
  ])("%s", async (name, ...words) => {
    const { code, stderr, folder } = await run(name.replace(/\W/g, "_"), ...downscaling, ...words);
    expect(stderr).not.toMatch(/bug|\n\s+at /);
    expect(code).toBe(0);
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
    const scaling = (values: Record<string, number[]>) =>
      zipSync(
        Object.fromEntries(
          Object.entries(values).map(([name, list]) => [
            `${name}.npy`,
            tidy(() => io.encodeNpy(tensor(list, { dtype: "float64" }))),
          ]),
        ),
      );
    for (const size of [512, 64]) {
      const put = (name: string, bytes: Uint8Array) =>
        writeFileSync(join(data, "downscaler", name), bytes);
      put(`xtrain_${size}.npy`, field(10, size));
      put(`xtest_${size}.npy`, field(10, size + 1));
      const [means, perturbations] = [
        { mintrain_mean: [1, 2, 3], Delta_: [4, 5, 6] },
        { mintrain_p: [-1, -1, -1], Deltap: [2, 2, 2] },
      ];
      put(`scaling_${size}.npz`, scaling({ ...means, ...perturbations }));
    }
    const { code, stderr, folder } = await run(
      "arrays",
      ...["train", "dataset=downscaler_transfer", "model=UNET_tiny", "wavenumber=2"],
      "model.channel_mult='1,1,1,1,1,1,1,1'",
      ...["n_ipf=1", "num_iter=1", "batch_size=1", "num_steps=2", "cache_npar=1", "threads=1"],
      ...["cache_batch_size=1", "cache_refresh_stride=1", "test_npar=2"],
      ...["plot_npar=1", "plot_npar_path=1", "plot_level=1"],
      `paths.data_dir_name=${data}`,
    );
    expect(stderr).not.toMatch(/bug|\n\s+at /);
    expect(code, stderr).toBe(0);
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
    const { code, stderr, folder } = await run(
      `classes_${name.replace(/\W/g, "_")}`,
      ...quick,
      ...noClasses,
      "first_num_iter=3",
      "num_iter=3",
      "cache_refresh_stride=3",
      "model.class_cond=true",
      ...words,
    );
    expect(stderr).not.toMatch(/bug|\n\s+at /);
    expect(code).toBe(0);
    expect(readCsv(join(folder, "results.csv")).rows).toHaveLength(4);
  });
});

describe("one clear line", () => {
  const shapes = [...quick, ...noClasses];
  it.each([
    [
      "a condition that the data has not",
      [...shapes, "cdsb=true", "data.cond_channels=1"],
      ["synthetic_squares has no condition", "cdsb=false"],
    ],
    [
      "classes that the data has not",
      [...shapes, "model.class_cond=true"],
      ["synthetic_squares has one class"],
    ],
    [
      "other numbers of classes",
      [
        ...[...shapes, "model.class_cond=true", "dataset=mnist_2to3"],
        ...["Dataset=mnist_0_1_2", "Dataset_transfer=mnist_3_4", "data.image_size=28"],
      ],
      ["as many classes at both ends", "3 of mnist_0_1_2", "2 of mnist_3_4"],
    ],
    [
      "a condition of other channels",
      [...downscaling, "data.cond_channels=2"],
      ["the condition of downscaler_synthetic_high has 1"],
    ],
    [
      "mirrored samples",
      [...downscaling, "data.random_flip=true"],
      ["mirrors samples but not the condition"],
    ],
    [
      "arrays that are not there",
      [
        ...[...downscaling, "Dataset=downscaler_high", "Dataset_transfer=downscaler_low"],
        "data.image_size=512",
      ],
      ["xtrain_512.npy"],
    ],
  ])("for %s", async (name, words, texts) => {
    const { code, stderr } = await run(name.replace(/\W/g, "_"), ...words);
    expect(code).not.toBe(0);
    expectLine(stderr, texts);
  });
});
