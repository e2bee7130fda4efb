import {
  ConfigError,
  checkHoldouts,
  type EvaluateConfig,
  processTimes,
  savedConfig,
} from "@dsbm/config";
import { holdoutsOf, type QualityOptions } from "@dsbm/evaluation";
import { readRun } from "@dsbm/runs";

/** Throws a ConfigError for hold-outs outside the run's times, and the errors of `readRun`. */
export function qualityOptions(
  folder: string,
  { holdout, at, direction, metrics, json: _, out: __, ...options }: EvaluateConfig,
): QualityOptions {
  const { config, info } = readRun(folder);
  const { times } = savedConfig(folder, config, info.dsbm);
  const [problem] = checkHoldouts({ holdout, at }, times);
  if (problem !== undefined) throw new ConfigError("value", problem);
  return {
    ...options,
    directions: direction === "both" ? null : [direction],
    metrics: metrics === null ? null : [metrics].flat(),
    holdouts: holdoutsOf({ holdout, at: at && processTimes({ times }, [at].flat()) }),
  };
}
