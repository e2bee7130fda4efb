// `npm start`, the main job: a bridge between digits, a bridge against its exact answer, and where to look.
import { resolve as absolute, join } from "node:path";
import {
  type CompleteTrainConfig,
  ConfigError,
  completeTrain,
  type GaussianConfig,
  gaussian,
  helpTable,
  resolve,
  train,
} from "@dsbm/config";
import { formatTable, runFolder } from "@dsbm/runs";
import { applyQuick, type StartConfig, startJob } from "../digits/config.js";
import type { DigitsResult } from "../digits/run.js";
import type { ImageRunResult } from "../run/run.js";
import { createInterrupt } from "../terminal/interrupt.js";
import { createProgress, duration, type Progress } from "../terminal/progress.js";
import { presets, resultTable } from "./gaussian.js";
import { resultTable as imageTable } from "./train.js";

/** The engine is loaded when a run is certain: help and mistakes need not wait for it. */
const engine = async () => ({
  ...(await import("../digits/report.js")),
  ...(await import("../digits/run.js")),
  ...(await import("../gaussian/run.js")),
  ...(await import("../run/run.js")),
});

function help(): string {
  return [
    "usage: dsbm start [key=value …]      (npm start -- key=value …)",
    "",
    startJob.about,
    "",
    helpTable(startJob.schema),
    "",
    "A second start runs the job again in the same folder.",
  ].join("\n");
}

/** The benchmark of part (b): DSBM-IMF at dim 5; few steps need a large rate, and averaged weights to calm it. */
export function gaussianPart(config: StartConfig): GaussianConfig {
  return gaussian.schema.parse({
    dim: 5,
    model_name: "dsbm",
    first_coupling: "ind",
    inner_iters: config.gaussian_iters,
    outer_iters: config.gaussian_outer_iters,
    lr: 5e-4,
    ema_rate: 0.998,
    seed: config.seed,
    threads: config.threads,
    experiments_dir: config.experiments_dir,
    ...(config.quick && { n_train: 1000, n_test: 1000 }),
  });
}

/** The bridge of part (b): the preset mnist_2to3 with a seventh of its steps, or other digits. */
export function pixelPart(config: StartConfig): CompleteTrainConfig {
  const { pixel_iters, quick } = config;
  const small = [
    "num_steps=4",
    "test_npar=8",
    "cache_npar=8",
    "batch_size=8",
    "metrics.judge=false",
  ];
  const [member] = resolve(
    train,
    [
      "dataset=mnist_2to3",
      `Dataset=mnist_${config.source}`,
      `Dataset_transfer=mnist_${config.target}`,
      `first_num_iter=${pixel_iters}`,
      `num_iter=${Math.ceil(pixel_iters / 2.5)}`,
      "n_ipf=2",
      "cache_npar=512",
      "test_npar=250",
      "plot_npar=49",
      `seed=${config.seed}`,
      `threads=${config.threads}`,
      `experiments_dir='${config.experiments_dir}'`,
      ...(quick ? small : []),
    ],
    { dirs: [presets] },
  ).members;
  if (!member) throw new ConfigError("sweep", "the pixel bridge has no configuration");
  return completeTrain(member.config);
}

/** Runs the job; returns the exit code. Throws ConfigError for overrides that cannot be. */
export async function start(args: string[]): Promise<number> {
  const resolved = resolve(startJob, args);
  if (resolved.help) {
    console.log(help());
    return 0;
  }
  const [member, ...rest] = resolved.members;
  if (!member || rest.length > 0)
    throw new ConfigError("sweep", "the main job is one run: give each key one value, without -m");
  const config = applyQuick(member.config);
  const folder = absolute(
    runFolder({
      experiments_dir: config.experiments_dir,
      name: "start",
      overrides: member.dirname,
      seed: config.seed,
    }),
  );
  const interrupt = createInterrupt();
  const progress = createProgress();
  try {
    return await parts(config, { folder, progress, signal: interrupt.signal });
  } finally {
    progress.done();
    interrupt.dispose();
  }
}

async function parts(
  config: StartConfig,
  { folder, progress, signal }: { folder: string; progress: Progress; signal: AbortSignal },
): Promise<number> {
  const began = performance.now();
  const { digitsTable, runDigits, runGaussian, runImages } = await engine();
  progress.line(`(a) digits ${config.source} → ${config.target}, in principal components`);
  const digits = await runDigits(config, { folder, progress, signal });
  if (digits.state === "interrupted") return 130;
  progress.line(`(b) digits ${config.source} → ${config.target}, in pixels: a short run`);
  const pixels = await runImages(pixelPart(config), {
    folder: join(folder, "pixels"),
    progress,
    resume: "npm start (it begins anew)",
    signal,
    again: true,
  });
  if (pixels.state === "interrupted") return 130;
  progress.line("(c) Gaussian benchmark, dim 5");
  const nested = join(folder, "gaussian");
  const benchmark = await runGaussian(gaussianPart(config), {
    folder: nested,
    progress,
    resume: "npm start (it begins anew)",
    signal,
    again: true,
  });
  progress.done();
  if (benchmark.state === "interrupted") return 130;
  console.log(
    [
      "",
      `(a) digits of the test split; squared distances in the ${config.components} components, optimal: the same points in exact optimal pairs`,
      formatTable(digitsTable(config, digits), {
        digits: { share: 4, displacement: 1, optimal: 1, variance: 1 },
      }),
      "",
      `(b) the same digits in pixels, a short run (dsbm train dataset=mnist_2to3 is the long one); data_… are real digits, fid_lenet is no FID`,
      imageTable(pixels.rows),
      "",
      "(c) Gaussian benchmark, dim 5, the last half-iteration beside the exact bridge",
      resultTable(benchmark),
      "",
      ...paths(digits, pixels, nested),
      `took ${duration((performance.now() - began) / 1000)}`,
    ].join("\n"),
  );
  return 0;
}

function paths(
  { folder, pictures }: DigitsResult,
  pixels: ImageRunResult,
  gaussianFolder: string,
): string[] {
  const entries: [string, string][] = [
    ...pictures.map((path): [string, string] => ["picture", path]),
    ["picture", join(pixels.folder, "samples")],
    ["picture", join(gaussianFolder, "figures", "convergence.png")],
    ["picture", join(gaussianFolder, "figures", "samples.png")],
    ["table", join(folder, "results.csv")],
    ["table", join(pixels.folder, "results.csv")],
    ["table", join(gaussianFolder, "results.csv")],
    ["report", join(folder, "index.html")],
    ["report", join(pixels.folder, "index.html")],
    ["report", join(gaussianFolder, "index.html")],
  ];
  return entries.map(([what, path]) => `${what.padEnd(8)} ${path}`);
}
