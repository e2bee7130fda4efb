// The noise of a sampler's steps: the usual noise of `fit` is right for little noise only.
import type { MethodFacts } from "@dsbm/bridge";
import type { DataFacts } from "../facts.js";
import { type Rule, rule, twoDigits } from "./rule.js";

/** σ as a share of the spread up to which steps to a predicted endpoint lose less than a hundredth of the variance. */
const mostShareOfSpread = 1 / 3;
/** Steps of σ equal to the spread for 0.6 % of the variance; the error grows with σ² and falls with the steps. */
const stepsAtSpread = 50;
const mostSteps = 400;

/**
 * Chooses the noise of steps for much noise: measured noise if the method takes it, else the noise of the process in more
 * steps. [] for little noise, and for methods without noise.
 */
export function noiseRules(
  { predicts, drawsPlan, discreteSteps, takes }: MethodFacts,
  { spread }: Pick<DataFacts, "spread">,
  sigma: number | null,
): Rule[] {
  const share = (sigma ?? 0) / (spread || 1);
  if (predicts === "velocity" || drawsPlan || share <= mostShareOfSpread) return [];
  const reason = `σ is ${twoDigits(share)} of the spread: each step needs its part of the noise to keep the variance`;
  const last = rule("last_noise", true, reason);
  if (predicts === "increment" || discreteSteps) return [last];
  if (takes.options.includes("step_variance=analytic"))
    return [rule("step_variance", "analytic", reason), last];
  const steps = Math.min(mostSteps, Math.ceil(stepsAtSpread * Math.max(1, share ** 2)));
  return [
    rule("step_variance", "process", reason),
    last,
    rule("num_steps", steps, `σ is ${twoDigits(share)} of the spread: more noise takes more steps`),
  ];
}
