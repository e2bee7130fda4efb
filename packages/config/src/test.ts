// Why: `dsbm test` takes the words of a run as they were typed for `dsbm train`, and says besides
// how the trained run is to be evaluated.

import { z } from "zod";
import type { Experiment } from "./resolve.js";
import { checkTrain } from "./train/check.js";
import { trainSchema } from "./train/schema.js";

const testKeys = {
  test_ode_sampler: z
    .boolean()
    .default(true)
    .describe("evaluate the probability-flow ODE besides the SDE"),
  ode_sampler: z.enum(["dopri5", "euler"]).default("dopri5").describe("solver of the ODE"),
  ode_tol: z.number().positive().default(1e-5).describe("tolerances rtol and atol of dopri5"),
  ode_euler_step_size: z.number().positive().max(1).default(1e-2).describe("time step of euler"),
};

export const testSchema = trainSchema.extend(testKeys);

export type TestConfig = z.output<typeof testSchema>;

/** A trained run evaluated again; its folder is that of the same words behind `dsbm train`. */
export const test: Experiment<typeof testSchema> = {
  name: "test",
  about: "evaluate a trained run again, by its SDE and by its probability-flow ODE",
  schema: testSchema,
  check: checkTrain,
  unnamed: ["name", ...Object.keys(testKeys)],
};
