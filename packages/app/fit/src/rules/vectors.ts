// The network, the grid and the batches of tables.
import { nounOf } from "@dsbm/files";
import type { DataFacts } from "../facts.js";
import { pairsServe } from "./pairs.js";
import { type Rule, rule, twoDigits } from "./rule.js";

interface VectorChoices {
  /** Rows of the smaller dataset. */
  n: number;
  sigma: number;
  /** Whether a mixture makes the first pairs. */
  fromMixture: boolean;
}

/** Chooses the options of tables. */
export function vectorRules(facts: DataFacts, choices: VectorChoices): Rule[] {
  const { shape } = facts;
  const [d] = shape as [number];
  const { n, fromMixture } = choices;
  const width = n < 1000 && d <= 20 ? 128 : d > 40 ? 512 : 256;
  const whole = d > 20 ? 512 : 256;
  const batch = Math.max(1, Math.min(whole, Math.floor(n / 2)));
  const pairs = Math.min(20_000, Math.max(5000, n));
  return [
    gridRule(facts, choices),
    rule(
      "model.hidden",
      `${width},${width},${width}`,
      `${d} ${nounOf(d, "column")} and ${n} rows in the smaller dataset`,
    ),
    rule(
      "match_moments",
      true,
      "errors of the mean and variance of simulated samples would add up",
    ),
    rule(
      "batch_size",
      batch,
      batch < whole
        ? `it is half of the ${n} rows of the smaller dataset`
        : fromMixture
          ? "the usual number for a fully connected network"
          : `steps of so many rows of ${d} columns are quick, exact transport within them too`,
    ),
    rule("lr", 1e-3, "it is usual for MLPs; it warms up, then decays to 0"),
    rule("lr_warmup", 100, "Adam's averages settle in some hundred steps"),
    rule("ema_rate", 0.999, "weights are averaged over some thousand steps of a half-iteration"),
    pairsServe,
    rule("cache_npar", pairs, "these simulated pairs last for some hundred steps"),
    rule(
      "cache_refresh_stride",
      Math.max(50, Math.ceil((10 * pairs) / batch)),
      "each simulated pair is used about ten times, with new times and noise",
    ),
  ];
}

const mixtureSteps = 20;

function gridRule({ spread, rows }: DataFacts, { sigma, fromMixture }: VectorChoices): Rule {
  if (fromMixture)
    return rule("num_steps", mixtureSteps, "few steps suffice if their noise keeps the variance");
  const steps = Math.min(50, Math.max(20, 10 * Math.ceil((10 * sigma) / (spread || 1))));
  const intervals = rows.length > 2 ? "; each interval of the course takes as many" : "";
  return rule(
    "num_steps",
    steps,
    `σ is ${twoDigits(sigma / (spread || 1))} of the spread: a path is nearly straight, and more noise takes more steps${intervals}`,
  );
}
