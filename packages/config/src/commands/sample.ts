// Why: what may be asked of a trained bridge when it is applied to new samples. The run says all else.

import { z } from "zod";
import type { Experiment } from "../resolve.js";
import { count, file, positive } from "../schema/kinds.js";

/** Solvers of the probability-flow ODE that take steps of one length. */
const fixedSteps: readonly string[] = ["heun", "euler"];

export const sampleSchema = z.strictObject({
  direction: z.enum(["b", "f"]).default("b").describe("b: from time 1 to time 0; f: from 0 to 1"),
  half_iteration: z
    .union([z.literal("newest"), count()])
    .default("newest")
    .describe("the run as it was after this half-iteration"),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(42)
    .describe("seed of the noise"),
  solver: z
    .enum(["sde", "dopri5", "heun", "euler"])
    .default("sde")
    .describe("sde: as the run's evaluations sample; else a solver of the probability-flow ODE"),
  steps: count()
    .nullable()
    .default(null)
    .meta({ description: "steps of the sampler; null: as in training", examples: [100] }),
  ode_tol: positive()
    .nullable()
    .default(null)
    .meta({ description: "tolerances rtol and atol of dopri5; null is 1e-5", examples: [1e-5] }),
  ode_step_size: z
    .number()
    .positive()
    .max(1)
    .nullable()
    .default(null)
    .meta({ description: "time step of heun and euler; null is 0.01", examples: [0.01] }),
  path: z
    .boolean()
    .default(false)
    .describe("write all states [steps + 1, n, …], the start first, instead of the ends"),
  batch_size: count()
    .default(100)
    .describe("samples read, simulated and written at once; rounded up to whole blocks"),
  cond: file("conditions of a run with cdsb=true, one a sample", "cond.npy"),
  y: z
    .union([z.int().min(0), z.string().min(1)])
    .nullable()
    .default(null)
    .meta({ description: "class of all samples, or a file of one a sample", examples: [3] }),
  resize: z
    .boolean()
    .default(false)
    .describe("bring pictures of other sizes to the run's: the middle square, scaled"),
  overwrite: z.boolean().default(false).describe("replace an output that is there"),
  threads: z
    .union([z.literal("auto"), count()])
    .default("auto")
    .describe("processor threads; auto is all of them"),
  device: z
    .string()
    .regex(/^(cpu|cuda(:\d+)?)$/)
    .default("cpu")
    .meta({ description: "where tensors live", examples: ["cpu", "cuda", "cuda:1"] }),
});

export type SampleConfig = z.output<typeof sampleSchema>;

function checkSample({ solver, steps, ode_tol, ode_step_size, path }: SampleConfig): string[] {
  const problems: string[] = [];
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
  about: "apply a trained bridge to new samples: RUN is a run's folder, the results go to OUTPUT",
  schema: sampleSchema,
  check: checkSample,
};
