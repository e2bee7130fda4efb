import { gaussian, train } from "@dsbm/config";
import { runExperiment } from "./experiment.js";

/** Return the exit code. Throw ConfigError. */
export const trainCommand = (args: string[]): Promise<number> =>
  runExperiment({ experiment: train, usage: "[dataset=…] [method=…] [model=…] " }, args);
export const gaussianCommand = (args: string[]): Promise<number> =>
  runExperiment({ experiment: gaussian, usage: "" }, args);
