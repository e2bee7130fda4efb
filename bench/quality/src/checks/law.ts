// The law of a bridge between two Gaussians with common axes, by the facts of a method.
import type { MethodFacts } from "@dsbm/bridge/facts";

/** Variances of source and target along one axis. */
export interface Axis {
  source: number;
  target: number;
}

/** What a method learns along one axis. */
export interface AxisLaw {
  /** Cov(X0, X1) of the pairs whose paths it learns. */
  pairs: number;
  /** Standard deviation of the noise of these paths at time 1. */
  noise: number;
  /** Whether samples follow the flow of the paths instead of their drift. */
  isFlow: boolean;
}

/** The coupling of pairs that `ot_sampler` asks for; null: the method's own, or independent pairs. */
export type Sampler = "exact" | "sinkhorn" | null;

/** Cov(X0, X1) of the Schrödinger bridge with noise sigma (Bunne et al. 2023). */
const bridgeCovariance = ({ source, target }: Axis, sigma: number): number =>
  (Math.sqrt(4 * source * target + sigma ** 4) - sigma ** 2) / 2;

/** The law of a method along an axis, for noise sigma of the reference process. */
export function axisLaw(
  axis: Axis,
  { learns, straight, predicts, ownCoupling }: MethodFacts,
  { sigma, sampler }: { sigma: number; sampler: Sampler },
): AxisLaw {
  const transport = Math.sqrt(axis.source * axis.target);
  const bridge = bridgeCovariance(axis, sigma);
  const trained = { exact: transport, sinkhorn: bridge, none: ownCoupling ? bridge : 0 };
  const pairs = { bridge, transport, columns: transport, pairs: trained[sampler ?? "none"] }[
    learns
  ];
  return { pairs, noise: straight ? 0 : sigma, isFlow: predicts === "velocity" };
}

/** The variance of states at time t. */
export function varianceAt({ source, target }: Axis, { pairs, noise }: AxisLaw, t: number): number {
  const mixed = 2 * pairs + noise ** 2;
  return (1 - t) ** 2 * source + t ** 2 * target + t * (1 - t) * mixed;
}

const pieces = 4000;

/**
 * Cov(X0, X1) of samples. Paths keep their marginals only: a flow joins equal quantiles, and a drift's linear equation
 * d cov/dt = ½(v′ − noise²)/v · cov is integrated by its midpoints.
 */
export function sampledCovariance(axis: Axis, law: AxisLaw): number {
  const { source, target } = axis;
  if (law.isFlow) return Math.sqrt(source * target);
  const mixed = 2 * law.pairs + law.noise ** 2;
  let logarithm = 0;
  for (let k = 0; k < pieces; k++) {
    const t = (k + 0.5) / pieces;
    const slope = 2 * t * target - 2 * (1 - t) * source + (1 - 2 * t) * mixed;
    logarithm += (slope - law.noise ** 2) / (2 * varianceAt(axis, law, t) * pieces);
  }
  return source * Math.exp(logarithm);
}
