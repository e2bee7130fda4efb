import { z } from "zod";
import { data } from "./data.js";
import { method } from "./method.js";
import { model } from "./model.js";
import { cache, checkpoints, evaluation, machine, training } from "./training.js";

export const trainSchema = z.strictObject({
  ...method,
  ...data,
  model,
  ...machine,
  ...training,
  ...cache,
  ...evaluation,
  ...checkpoints,
});

/** The resolved configuration of `dsbm train`. */
export type TrainConfig = z.output<typeof trainSchema>;

export const trainSections: Readonly<Record<string, readonly string[]>> = {
  method: Object.keys(method),
  data: Object.keys(data),
  network: ["model"],
  "machine and files": Object.keys(machine),
  training: Object.keys(training),
  "simulated pairs": Object.keys(cache),
  evaluation: Object.keys(evaluation),
  checkpoints: Object.keys(checkpoints),
};
