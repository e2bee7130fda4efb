// What evaluations show of fields and of published statistics: spectra and conditions; the FID against a file.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Row, readCsv } from "@dsbm/runs";
import { eye, setNumThreads, tidy, zeros } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeStatistics } from "../support/statistics.js";
import { folderIn, refuse, scratch, succeed, wordsOf } from "./cli.js";
import { quick } from "./train.js";

beforeAll(() => setNumThreads(1));

const root = scratch();
const at = `experiments_dir=${root}`;
const inception = fileURLToPath(
  new URL("../../packages/engine/torch/test/fixtures/inception_like.pt", import.meta.url),
);

async function run(...words: string[]): Promise<{ folder: string; rows: Row[]; stdout: string }> {
  const { stdout } = await succeed([...words, at]);
  const folder = folderIn(stdout);
  return { folder, stdout, rows: readCsv(join(folder, "results.csv")).rows };
}

describe("fields with a condition", () => {
  const words = wordsOf(`
    dataset=downscaler_synthetic data.image_size=16 model.channel_mult='1,1,1,1' n_ipf=1
    num_iter=4 first_num_iter=4 batch_size=4 cache_npar=8 num_steps=4 test_npar=8
    test_batch_size=4 data.n_train=40 data.n_test=16 threads=1
  `);
  const errors = ["band_error", "start_band_error", "data_band_error"];
  const follow = ["cond_error", "start_cond_error", "data_cond_error"];

  it("are measured octave by octave, against their starts and against chance", async () => {
    const { folder, rows, stdout } = await run("train", ...words);
    expect(rows).toHaveLength(2);
    for (const row of rows)
      for (const key of [...errors, ...follow]) expect(Number(row[key]), key).toBeGreaterThan(0);
    for (const key of [...errors, ...follow]) expect(stdout).toContain(key);

    const bands = readCsv(join(folder, "spectrum.csv")).rows;
    const of = (direction: string) => bands.filter((band) => band.direction === direction);
    // Annuli 1 … 11 are octaves 1, 2–3, 4–7, 8–11 of two channels.
    expect(of("b").map((band) => `${band.channel}:${band.band_from}-${band.band_to}`)).toEqual(
      [0, 1].flatMap((c) => ["1-1", "2-3", "4-7", "8-11"].map((band) => `${c}:${band}`)),
    );
    const mean = (direction: string, key: string) => {
      const found = of(direction).filter((band) => band[key] !== null);
      return found.reduce((sum, band) => sum + Number(band[key]), 0) / found.length;
    };
    for (const { direction, ...row } of rows) {
      expect(row.band_error).toBeCloseTo(mean(`${direction}`, "error_generated"), 10);
      expect(row.start_band_error).toBeCloseTo(mean(`${direction}`, "error_start"), 10);
      expect(row.data_band_error).toBeCloseTo(mean(`${direction}`, "error_floor"), 10);
    }
    // The coarse grid has nothing from wavenumber 3 on: all of it is missing at the start.
    for (const band of of("b").filter(({ band_from }) => Number(band_from) >= 4))
      expect(band.error_start).toBeCloseTo(1, 5);
    for (const band of of("f").filter(({ band_from }) => Number(band_from) >= 4))
      expect(band.error_generated).toBeNull();
    const samples = readdirSync(join(folder, "samples"));
    expect(samples).toContain("it0001_b_step00000004_spectrum.svg");
    const page = readFileSync(join(folder, "report.html"), "utf8");
    expect(page).toContain("data:image/svg+xml;base64,");
  });
});

const [, ...tiny] = quick;
const short = [...tiny, "n_ipf=1", "first_num_iter=3", "metrics.judge=false", "plot_level=0"];

it("dsbm test of a method with steps of its own has no flow", async () => {
  const words = ["method=dsb", "transfer=false", "adaptive_mean=true", ...short, "name=steps"];
  const { folder } = await run("train", ...words);
  await succeed(["test", ...words, at]);
  expect(readdirSync(join(folder, "test"))).toEqual(["test_newest_sde.json"]);
});

// What they are used for: packages/app/evaluation/test/inception.test.ts.
describe("metrics.fid_statistics", () => {
  const write = (name: string, dim: number) => {
    const path = join(root, name);
    tidy(() => {
      const options = { dtype: "float64" } as const;
      const covariance = eye(dim, options);
      writeFileSync(path, encodeStatistics({ mean: zeros([dim], options), covariance }));
    });
    return path;
  };
  const words = (path: string, ...more: string[]) => [
    ...short,
    "method=bm",
    "test_npar=16",
    `metrics.inception='${inception}'`,
    `metrics.fid_statistics='${path}'`,
    ...more,
  ];

  it("must be of Inception's features, and there", async () => {
    for (const [path, text] of [
      [write("small.npz", 64), "64 features; expected the 2048"],
      [join(root, "gone.npz"), "gone.npz"],
      [inception, "no array mu"],
    ] as const) {
      await refuse(["train", ...words(path, "name=wrong"), at], [text]);
    }
  });
});
