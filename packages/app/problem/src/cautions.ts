// Options that train without an error and sample something else than the bridge, with their cures.
import { methodFacts } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { type Datasets, isVectors } from "@dsbm/datasets";
import { type Tensor, tidy } from "@dsbm/torch";

/** How much wider than the bridge states in the middle may be, as a share of their variance. */
const mostExcess = 0.05;

/**
 * Sentences about options that make wrong samples without an error: few steps of a method that needs more, and plans without
 * noise where the noise is large. [] if there are none.
 */
export function cautionsOf(config: CompleteTrainConfig, datasets: Datasets): string[] {
  const facts = methodFacts(config.method);
  const { num_iter, first_num_iter, method, ot_sampler, sigma } = config;
  const steps = Math.min(num_iter, first_num_iter);
  const excess =
    ot_sampler === "exact" && facts.learns === "pairs" && !facts.straight
      ? excessOfExactPlans(datasets, sigma)
      : 0;
  return [
    ...(steps < facts.leastSteps
      ? [
          `${method} has moved its Gaussians to the data after about ${facts.leastSteps} steps, got ${steps}: samples can be wrong; write num_iter=${facts.leastSteps}, or more minutes`,
        ]
      : []),
    ...(excess > mostExcess
      ? [
          `ot_sampler=exact pairs rows as without noise, and sigma=${sigma} is much noise for these data: states in the middle have about ${Math.round(100 * excess)} % more variance than in the bridge; write ot_sampler=sinkhorn, or leave ot_sampler out`,
        ]
      : []),
  ];
}

/** The variance in the middle of bridges between exactly planned rows beyond the variance of the bridge, as for Gaussians; 0 if not known. */
function excessOfExactPlans(datasets: Datasets, sigma: number | null): number {
  if (sigma === null || datasets.chain || !isVectors(datasets)) return 0;
  const variance = (x: Tensor) =>
    tidy(() => x.to("float64").var({ dim: 0, correction: 0 }).mean().item());
  const a = variance(datasets.x0.train);
  const b = variance(datasets.x1.train);
  const noise = sigma ** 2;
  const bridge = (a + b + Math.sqrt(4 * a * b + noise ** 2)) / 4;
  const exact = (a + b + 2 * Math.sqrt(a * b) + noise) / 4;
  return bridge > 0 ? exact / bridge - 1 : 0;
}
