import type { Experiment } from "../experiment.js";
import { checkTrain } from "../keys/check.js";
import { trainSchema } from "../keys/train.js";
import { flag, halfIteration, key, oneOf, positive, positiveKey } from "../schema/kinds.js";
import { train } from "./train.js";

const testKeys = {
  split: oneOf(
    ["train", "test"],
    "test",
    "start from held-out rows (test) or from training rows (train)",
  ),
  half_iteration: halfIteration(),
  test_ode_sampler: flag(true, "also evaluate the probability-flow ODE"),
  ode_sampler: oneOf(["dopri5", "heun", "euler"], "dopri5", "solver of the ODE"),
  ode_tol: positiveKey(1e-5, "tolerances rtol and atol of dopri5"),
  ode_euler_step_size: key(positive().max(1), 1e-2, "time step of euler and heun"),
};

const testSchema = trainSchema.extend(testKeys);

/** Options of `dsbm test` that `dsbm train` lacks. */
export const testOnlyKeys: readonly string[] = Object.keys(testKeys);

/** The same overrides name the same folder. */
export const test: Experiment<typeof testSchema> = {
  ...train,
  name: "test",
  about: "evaluate a trained run again, by its SDE and by its probability-flow ODE",
  schema: testSchema,
  check: checkTrain,
  aliases: { ...train.aliases, "data.split": { key: "split", shown: false } },
  sections: { ...train.sections, "evaluation of a trained run": testOnlyKeys },
  unnamed: [...(train.unnamed ?? []), ...testOnlyKeys, "data.split"],
};
