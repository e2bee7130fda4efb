// Discrete DSB takes two numbers for each step (De Bortoli 2021): each is null, a number, or a
// product of powers of the step's variance gamma, such as the reference's 2*torch.sqrt(gamma).

import { ConfigError, quote } from "../errors.js";
import type { TrainConfig } from "./train.js";

type LangevinKeys = Pick<TrainConfig, "langevin_scale" | "loss_scale" | "mean_match">;

/**
 * Reads a product or quotient of numbers, gamma and sqrt(gamma), positive for every gamma.
 * @throws {ConfigError} "value" for other text.
 */
function parseFormula(key: string, text: string): (gamma: number) => number {
  const parts = text.split(/([*/])/);
  const factors = parts.filter((_, i) => i % 2 === 0).map(parseFactor);
  const operators = parts.filter((_, i) => i % 2 === 1);
  if (factors.some((factor) => factor === null))
    throw new ConfigError(
      `${key}: cannot read ${quote(text)}: expected numbers > 0, gamma and sqrt(gamma) joined by * and /; write for example ${key}='2*sqrt(gamma)'`,
      "value",
    );
  return (gamma) => {
    const [first = 1, ...rest] = factors.map((factor) => factor?.(gamma) ?? 1);
    return rest.reduce((x, y, i) => (operators[i] === "*" ? x * y : x / y), first);
  };
}

function parseFactor(text: string): ((gamma: number) => number) | null {
  const name = text.trim().replace(/^(torch|math|np)\./, "");
  if (name === "gamma") return (gamma) => gamma;
  if (/^sqrt\(\s*gamma\s*\)$/.test(name)) return Math.sqrt;
  const value = name === "" ? 0 : Number(name);
  return Number.isFinite(value) && value > 0 ? () => value : null;
}

/**
 * Returns for each variance γ_k the divisor of the increment that a network predicts, and the factor of its error in
 * the loss. `langevin_scale` null is 2√γ. `loss_scale` false is 1; true measures errors in units of 2√γ a step, so that
 * the loss does not depend on the predicted quantity.
 * @throws as `parseFormula`.
 */
export function langevinNumbers(
  { langevin_scale, loss_scale, mean_match }: LangevinKeys,
  gammas: readonly number[],
): { scale: number[]; weight: number[] } {
  const perStep = (key: string, value: number | string) =>
    gammas.map(typeof value === "number" ? () => value : parseFormula(key, value));
  const scale = perStep("langevin_scale", langevin_scale ?? "2 * sqrt(gamma)");
  if (typeof loss_scale !== "boolean") return { scale, weight: perStep("loss_scale", loss_scale) };
  const unit = (gamma: number, k: number) =>
    loss_scale ? (mean_match ? 1 : scale[k]) / (2 * Math.sqrt(gamma)) : 1;
  return { scale, weight: gammas.map(unit) };
}

/** @throws {ConfigError} "value" for invalid formulas. */
export function checkFormulas({ langevin_scale, loss_scale }: TrainConfig): void {
  for (const [key, value] of Object.entries({ langevin_scale, loss_scale }))
    if (typeof value === "string") parseFormula(key, value);
}
