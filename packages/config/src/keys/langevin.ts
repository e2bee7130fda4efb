// Discrete DSB takes two of its numbers for each step (De Bortoli 2021). Each is null, a number or a formula of the
// step's variance gamma in the configuration.

import { ConfigError, withLines } from "../errors.js";
import { parseExpression } from "./expression.js";
import type { TrainConfig } from "./schema.js";

/** The keys of discrete DSB that may be formulas. */
export type LangevinKeys = Pick<TrainConfig, "langevin_scale" | "loss_scale" | "mean_match">;

/**
 * What divides the increment that a network predicts, and what multiplies its error in the loss, for each of the
 * variances γ_k. `langevin_scale` null is 2√γ. `loss_scale` false is 1; true measures errors in units of 2√γ a step,
 * so that the loss is the same whatever the network predicts (which is 1 again where langevin_scale is null and
 * mean_match false); a formula is taken as it is.
 * Throws ConfigError "value" for a scale that is not finite and positive, or a weight not finite and at least 0.
 */
export function langevinNumbers(
  { langevin_scale, loss_scale, mean_match }: LangevinKeys,
  gammas: readonly number[],
): { scale: number[]; weight: number[] } {
  const scale = perStep("langevin_scale", langevin_scale ?? "2 * sqrt(gamma)", gammas);
  if (typeof loss_scale !== "boolean")
    return { scale, weight: perStep("loss_scale", loss_scale, gammas) };
  const unit = (gamma: number, k: number) =>
    loss_scale ? (mean_match ? 1 : (scale[k] as number)) / (2 * Math.sqrt(gamma)) : 1;
  return { scale, weight: gammas.map(unit) };
}

/** Problems of the formulas anywhere between gamma_min and gamma_max, one line each. */
export function formulaProblems(config: TrainConfig): string[] {
  const { gamma_min, gamma_max, langevin_scale, loss_scale } = config;
  const points = 64;
  const gammas = Array.from({ length: points + 1 }, (_, k) => k / points).flatMap((s) => [
    gamma_min + s * (gamma_max - gamma_min),
    gamma_min * (gamma_max / gamma_min) ** s,
  ]);
  const problems: string[] = [];
  for (const [key, value] of Object.entries({ langevin_scale, loss_scale })) {
    if (typeof value !== "string") continue;
    try {
      perStep(key, value, gammas);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  return problems;
}

function perStep(key: string, value: number | string, gammas: readonly number[]): number[] {
  if (typeof value === "number") return gammas.map(() => value);
  const formula = withLines(
    (line) => `${key}: ${line}`,
    () => parseExpression(value, "gamma"),
  );
  return gammas.map((gamma) => {
    const x = formula(gamma);
    if (Number.isFinite(x) && (key === "langevin_scale" ? x > 0 : x >= 0)) return x;
    throw new ConfigError(
      "value",
      `${key}=${JSON.stringify(value)} is ${x} at gamma=${Number(gamma.toPrecision(4))}: ` +
        `expected a finite number ${key === "langevin_scale" ? "> 0" : ">= 0"} at every step, ` +
        "write for example '2 * sqrt(gamma)'",
    );
  });
}
