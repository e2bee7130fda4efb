// The keys of dsbm sample.

import { z } from "zod";
import type { Experiment } from "../configure.js";
import {
  cell,
  count,
  counted,
  device,
  file,
  flag,
  halfIteration,
  key,
  names,
  oneOf,
  orNull,
  positive,
  seed,
  stepCount,
  threads,
} from "../schema/kinds.js";

const fixedSteps: readonly string[] = ["heun", "euler"];

export const samplerKeys = {
  diffusion: orNull(
    z.number().min(0).max(1e6),
    "noise of solver=sde per unit of time, as sigma, with the same marginals; 0: the probability flow; null: as trained",
    0.5,
  ),
  guidance: key(
    z.number(),
    1,
    "of a run with condition_dropout: how much the condition counts; 1: as trained, 0: not at all, 2: twice",
  ),
};

/** Returns the problem of `diffusion` with a solver without noise. */
export function checkDiffusionKey({
  diffusion,
  solver,
}: {
  diffusion: number | null;
  solver: string;
}): string[] {
  if (diffusion === null || solver === "sde") return [];
  return [
    `diffusion=${diffusion} is the noise of solver=sde, got solver=${solver}: leave one of them out`,
  ];
}

export const sampleSchema = z.strictObject({
  direction: orNull(
    z.enum(["b", "f"]),
    "f: from time 0 to 1; b: from 1 to 0; null: f for tables and runs of dsbm fit, else b",
    "f",
  ),
  from: cell(
    "the time of the samples of NEW, as in data.split_by or a number between; other rows are left out; null: the start of the direction",
    "2",
  ),
  to: cell("the time of the generated samples; null: the end of the direction", "7"),
  half_iteration: halfIteration(),
  seed: seed("seed of the noise"),
  solver: oneOf(
    ["sde", "dopri5", "heun", "euler"],
    "sde",
    "sde: as the run's evaluations sample; else a solver of the probability-flow ODE",
  ),
  steps: orNull(stepCount(100_000), "steps of the sampler; null: as in training", 100),
  diffusion: samplerKeys.diffusion,
  ode_tol: orNull(positive(), "tolerances rtol and atol of dopri5; null is 1e-5", 1e-5),
  ode_step_size: orNull(
    z.number().min(1e-5).max(1),
    "time step of heun and euler; null is 0.01",
    0.01,
  ),
  guidance: samplerKeys.guidance,
  path: flag(
    false,
    "write all states, the start first, instead of the ends: [steps + 1, n, …], or a long table with a column t",
  ),
  keep: names("tables: columns to carry along unchanged; null: those of the run (data.keep)", [
    "id",
    "day",
  ]),
  group: cell(
    "tables of a run with data.split_by: the value in the rows to carry, * for all; null: the source's forward, the target's backward",
    "before",
  ),
  missing: orNull(
    z.enum(["error", "drop"]),
    "tables: what becomes of rows with missing values; null: as in training",
    "drop",
  ),
  decimal: orNull(z.enum([".", ","]), "decimal sign of .csv and .tsv; null: as in training", ","),
  header: orNull(
    z.union([z.literal(true), z.literal(false)]),
    "whether the first line of .csv and .tsv names the columns; null: as in training",
    false,
  ),
  key: file("the array of a .npz file; null where it has one, or was written by dsbm sample", "x"),
  layer: file("the matrix of a .h5ad file; null: as in training", "X_pca"),
  batch_size: orNull(
    count(),
    "samples read, simulated and written at once, rounded up to whole blocks; null: by their size",
    100,
  ),
  max_pixels: counted(100_000_000, "pixels of a picture beyond which it is refused"),
  cond: file("conditions of a run with cdsb=true, one a sample", "cond.npy"),
  y: orNull(
    z.union([z.int().min(0), z.string().min(1)]),
    "class of all samples, or a file of one a sample",
    3,
  ),
  resize: orNull(
    z.boolean(),
    "scale pictures of other sizes to the run's, cut to the middle square; null: as the run's own pictures were",
    true,
  ),
  overwrite: flag(false, "replace an output that is there"),
  threads: threads("processor threads; auto is all of them"),
  device: device(),
});

export type SampleConfig = z.output<typeof sampleSchema>;

function checkSample(config: SampleConfig): string[] {
  const { solver, steps, ode_tol, ode_step_size, path } = config;
  const problems = checkDiffusionKey(config);
  if (ode_tol !== null && solver !== "dopri5")
    problems.push(
      `ode_tol=${ode_tol} is the tolerance of dopri5, got solver=${solver}: leave it out, or write solver=dopri5`,
    );
  if (ode_step_size !== null && !fixedSteps.includes(solver))
    problems.push(
      `ode_step_size=${ode_step_size} is the step of heun and euler, got solver=${solver}: ` +
        `leave it out, or write ${solver === "sde" ? "steps=…" : "solver=heun"}`,
    );
  if (steps !== null && solver !== "sde" && !path)
    problems.push(
      `steps=${steps} are steps of solver=sde, got solver=${solver}: ` +
        `write ${solver === "dopri5" ? "ode_tol" : "ode_step_size"}=… instead`,
    );
  return problems;
}

/** A trained bridge applied to new samples. */
export const sample: Experiment<typeof sampleSchema> = {
  name: "sample",
  about: "apply a trained bridge to new samples, row by row, in either direction",
  schema: sampleSchema,
  check: checkSample,
};
