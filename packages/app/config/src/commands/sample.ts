import { z } from "zod";
import type { Experiment } from "../experiment.js";
import {
  cell,
  count,
  countKey,
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

/** Options of a sampler. */
export const samplerKeys = {
  diffusion: orNull(
    z.number().min(0).max(1e6),
    "noise of solver=sde per unit of time, as sigma, with the same marginals; 0: the probability flow; null: as trained",
    0.5,
  ),
  step_variance: orNull(
    z.enum(["process", "bridge", "analytic"]),
    "noise of a step of solver=sde: process for much noise, bridge for little, analytic if the run has it; null: as trained",
    "process",
  ),
  guidance: key(
    z.number(),
    1,
    "for runs with condition_dropout: weight of the condition; 1: as trained, 0: ignored, 2: twice",
  ),
  ode_tol: orNull(positive(), "tolerances rtol and atol of dopri5; null is 1e-5", 1e-5),
  ode_step_size: orNull(
    z.number().min(1e-5).max(1),
    "time step of heun and euler; null is 0.01",
    0.01,
  ),
};

/** Returns the problems of options that belong to another solver. */
export function checkSolver({
  diffusion,
  step_variance,
  solver,
  ode_tol,
  ode_step_size,
}: Pick<
  SampleConfig,
  "diffusion" | "step_variance" | "solver" | "ode_tol" | "ode_step_size"
>): string[] {
  const problems: string[] = [];
  if (step_variance !== null && (solver !== "sde" || diffusion !== null))
    problems.push(
      `step_variance=${step_variance} is the noise of solver=sde, got ${solver === "sde" ? `diffusion=${diffusion}` : `solver=${solver}`}: leave either out`,
    );
  if (diffusion !== null && solver !== "sde")
    problems.push(
      `diffusion=${diffusion} is the noise of solver=sde, got solver=${solver}: leave diffusion or solver out`,
    );
  if (ode_tol !== null && solver !== "dopri5")
    problems.push(
      `ode_tol=${ode_tol} is the tolerance of dopri5, got solver=${solver}: leave it out, or write solver=dopri5`,
    );
  if (ode_step_size !== null && !fixedSteps.includes(solver))
    problems.push(
      `ode_step_size=${ode_step_size} is the step of heun and euler, got solver=${solver}: ` +
        `leave it out, or write ${solver === "sde" ? "steps=…" : "solver=heun"}`,
    );
  return problems;
}

const sampleSchema = z.strictObject({
  direction: orNull(
    z.enum(["b", "f"]),
    "f: from time 0 to 1; b: from 1 to 0; null: f for tables and runs of dsbm fit, else b",
    "f",
  ),
  from: cell(
    "the time of the samples in NEW: a time of the datasets or between; other rows are skipped; null: the start",
    "2",
  ),
  to: cell("the time of the generated samples; null: the end of the direction", "7"),
  half_iteration: halfIteration(),
  seed: seed("seed of the noise"),
  solver: oneOf(
    ["sde", "dopri5", "heun", "euler"],
    "sde",
    "sampler: sde, as in the run's evaluations, or a solver of the probability-flow ODE",
  ),
  steps: orNull(stepCount(100_000), "steps of the sampler; null: as in training", 100),
  ...samplerKeys,
  members: countKey(1, "arrays and NetCDF: draws for each sample, a dimension of the output"),
  // biome-ignore lint/suspicious/noThenProperty: the name of an option, whose value is a text
  then: file("NetCDF and Zarr: a run that takes the samples of RUN, such as finer fields", "RUN2"),
  variables: names("NetCDF and Zarr: the variables of NEW; null: as in the run", ["pr"]),
  path: flag(
    false,
    "write all states, the start first: [steps + 1, n, …], a long table with a column t, or an animation (.gif, .webp) of images",
  ),
  keep: names("tables: columns that are copied unchanged; null: as in the run (data.keep)", [
    "id",
    "day",
  ]),
  group: cell(
    "runs with data.split_by: the group to transport, * for all; null: the source group of the direction",
    "before",
  ),
  missing: orNull(
    z.enum(["error", "drop"]),
    "tables: treatment of rows with missing values; null: as in training",
    "drop",
  ),
  where: file(
    "tables: transport only the rows of NEW that match this condition; null: all",
    "day < 7",
  ),
  decimal: orNull(z.enum([".", ","]), "decimal sign of .csv and .tsv; null: as in training", ","),
  thousands: orNull(
    z.enum([".", ",", "'", "space"]),
    ".csv and .tsv: the sign between thousands; null: as in training",
    ".",
  ),
  na: names("tables: further marks of missing values; null: as in training", ["n.d.", "-999"]),
  booleans: orNull(
    z.boolean(),
    "whether true and false in .csv and .tsv are 1 and 0; null: as in training",
    true,
  ),
  header: orNull(
    z.union([z.literal(true), z.literal(false)]),
    "whether the first line of .csv and .tsv names the columns; null: as in training",
    false,
  ),
  key: file("the array of a .npz file; null for a file with one array", "x"),
  layer: file("the matrix of a .h5ad file; null: as in training", "X_pca"),
  batch_size: orNull(
    count(),
    "samples read, simulated and written together, rounded up to whole blocks; null: by their size",
    100,
  ),
  max_pixels: countKey(100_000_000, "maximum pixels of an image"),
  cond: file("for runs with cdsb=true: conditions, one for each sample", "cond.npy"),
  y: orNull(
    z.union([z.int().min(0), z.string().min(1)]),
    "class of all samples, or a file with a class for each sample",
    3,
  ),
  resize: orNull(
    z.boolean(),
    "crop images to the middle square and scale them to the size of the run; null: as for the training images",
    true,
  ),
  overwrite: flag(false, "replace an existing output"),
  threads: threads("processor threads; auto is all of them"),
  device: device(),
});

/** The resolved configuration of `dsbm sample`. */
export type SampleConfig = z.output<typeof sampleSchema>;

function checkSample(config: SampleConfig): string[] {
  const { solver, steps, path } = config;
  const problems = checkSolver(config);
  if (steps !== null && solver !== "sde" && !path)
    problems.push(
      `steps=${steps} are steps of solver=sde, got solver=${solver}: ` +
        `write ${solver === "dopri5" ? "ode_tol" : "ode_step_size"}=… instead`,
    );
  return problems;
}

/** The command `dsbm sample`. */
export const sample: Experiment<typeof sampleSchema> = {
  name: "sample",
  about: "apply a trained bridge to new samples, row by row, in either direction",
  schema: sampleSchema,
  check: checkSample,
};

const annotateSchema = z.strictObject({
  at: cell(
    "the time of the transported state: a time of the datasets or between; null: the last time",
    "7",
  ),
  fate: file(
    "a column of classes: adds the probability of each class at the last time",
    "celltype",
  ),
  lineage: flag(
    false,
    "the column of fate= names lineages, which rows never leave: print the share of rows of each time whose fate is their own",
  ),
  draws: countKey(10, "draws of noise, averaged for fates"),
  neighbours: countKey(10, "nearest cells of the last time that vote on a class"),
  ...sampleSchema.pick({
    half_iteration: true,
    seed: true,
    missing: true,
    where: true,
    decimal: true,
    thousands: true,
    na: true,
    booleans: true,
    header: true,
    key: true,
    layer: true,
    overwrite: true,
    threads: true,
    device: true,
  }).shape,
});

/** The resolved configuration of `dsbm annotate`. */
export type AnnotateConfig = z.output<typeof annotateSchema>;

/** The command `dsbm annotate`. */
export const annotate: Experiment<typeof annotateSchema> = {
  name: "annotate",
  about: "add facts from a bridge to each row of a table: velocity, transported state, fates",
  schema: annotateSchema,
  check: ({ lineage, fate }) =>
    lineage && fate === null
      ? ["lineage=true checks fates: add fate=COLUMN, the column of lineages"]
      : [],
};
