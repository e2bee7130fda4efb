// The first pairs, and the pairs that are simulated for later iterations.
import { twoIterations } from "./iterations.js";
import { type Rule, rule } from "./rule.js";

/** Rows of the largest OT batch that is chosen. */
export const largestPlan = 2048;

/** Minibatch OT makes the first pairs of vectors. */
export const pairRules: readonly Rule[] = [
  rule(
    "ot_sampler",
    "exact",
    "minibatch OT pairs are close to the pairs of the bridge from the first step on",
  ),
  twoIterations,
];

/** One iteration on known pairs. */
export const knownPairsOnce = rule(
  "n_ipf",
  1,
  "the pairs are known: simulated pairs would be worse",
);

/** LightSB's mixture makes the first pairs. */
export const mixtureRules: readonly Rule[] = [
  rule(
    "precondition",
    "mixture",
    "with few columns and many rows, LightSB's mixture is close to the bridge in seconds; networks learn the rest",
  ),
  rule("n_ipf", 2, "both iterations train on pairs of the bridge"),
  rule("step_variance", "analytic", "each step then has the noise that keeps the variance"),
  rule("last_noise", true, "the last step then has its part of the noise"),
];

/** Simulated pairs serve several steps. */
export const pairsServe = rule(
  "online_cache",
  true,
  "new pairs for every step would take most of the time",
);

/**
 * Chooses the rows of an OT batch if pairs share a condition with this number of classes (null: the
 * condition is a number).
 */
export function choosePlanRows(batch: number, classes: number | null, rows: number): Rule {
  const batches = Math.ceil(Math.min(largestPlan, batch * (classes ?? largestPlan)) / batch);
  return rule(
    "ot_rows",
    batch * Math.max(1, Math.min(batches, Math.floor(rows / batch))),
    "only rows with equal or similar conditions are paired, so a plan needs more rows",
  );
}
