import { allFinite, full, type Tensor, tidy } from "@dsbm/torch";
import type { Direction } from "../core/direction.js";
import { argumentError } from "../core/errors.js";
import { gammaGrid } from "../core/time-grid.js";
import { type Field, solverSteps } from "../solver/solver.js";

/** Options of `langevin`. */
export interface LangevinOptions {
  /** The variances γ_1 … γ_N of the steps from x0 to x1. */
  gammas: readonly number[];
  /** Mean of the limiting Gaussian: a number, or a tensor of a sample's shape. */
  mean?: number | Tensor;
  /** Its variance v: a number, or a tensor. */
  variance?: number | Tensor;
  /** The noise has variance γv instead of γ, and the pull does not depend on v (`var_final_gamma_scale`). */
  scaleNoise?: boolean;
  /** Networks predict the next mean instead of the increment. */
  meanMatch?: boolean;
  /** Divides the increment that a network predicts, for each γ (default 2√γ). */
  scale?: readonly number[];
  /** Multiplies the error of a prediction in the loss, for each γ (default 1). */
  weight?: readonly number[];
}

/** The discrete reference process of DSB (De Bortoli et al. 2021): γ-steps that pull towards a Gaussian. */
export type Langevin = Readonly<Required<LangevinOptions>>;

/** One step of a direction. */
export interface LangevinStep {
  /** The direction's own count 0 … N − 1, which its network gets as the time. */
  k: number;
  /** The variance γ of its noise. */
  gamma: number;
  /** Increments are divided by it in regression targets. */
  scale: number;
  /** Process times, for callbacks. */
  time: number;
  next: number;
}

/** The mean of the next point: x [B, …] → [B, …]. */
export type StepMean = (x: Tensor, step: LangevinStep) => Tensor;

/**
 * Fills in defaults.
 * @throws {BridgeError} for numbers that are infinite, NaN or ≤ 0 (weights: < 0), lists of another length than
 * `gammas`, and steps so large that the reference diverges.
 */
export function langevin(options: LangevinOptions): Langevin {
  const { gammas } = options;
  gammaGrid(gammas);
  const full: Langevin = {
    mean: 0,
    variance: 1,
    scaleNoise: false,
    meanMatch: false,
    scale: gammas.map((gamma) => 2 * Math.sqrt(gamma)),
    weight: gammas.map(() => 1),
    ...options,
  };
  checkList("scale", full.scale, { n: gammas.length, least: "positive", fine: (x) => x > 0 });
  checkList("weight", full.weight, { n: gammas.length, least: "at least 0", fine: (x) => x >= 0 });
  checkReference(full);
  return full;
}

/** The steps in the order of a direction; with `only`, just this step. */
export function langevinSteps(
  direction: Direction,
  { gammas, scale }: Langevin,
  only?: number,
): LangevinStep[] {
  return solverSteps(direction, gammaGrid(gammas), only).map(({ k, time, next }) => {
    const i = direction === "f" ? k : gammas.length - 1 - k;
    return { k, gamma: gammas[i], scale: scale[i], time, next };
  });
}

function meanReversion({ variance, scaleNoise }: Langevin, gamma: number): number | Tensor {
  if (scaleNoise) return gamma / 2;
  return typeof variance === "number"
    ? gamma / (2 * variance)
    : variance.reciprocal().mul(gamma / 2);
}

/** Standard deviation of a step's noise: √γ, or √(γv), a number or a tensor of a sample's shape. */
export function deviation({ variance, scaleNoise }: Langevin, gamma: number): number | Tensor {
  if (!scaleNoise) return Math.sqrt(gamma);
  return typeof variance === "number" ? Math.sqrt(gamma * variance) : variance.mul(gamma).sqrt();
}

/**
 * x + (mean − x)·γ/(2v), or x + (mean − x)·γ/2 with scaled noise (De Bortoli et al. 2021, §3.1).
 * @throws {BridgeError} unless mean and variance have a sample's shape.
 */
export function referenceMean(process: Langevin): StepMean {
  const { mean } = process;
  return (x, { gamma }) => {
    checkShape(process, x);
    const way = typeof mean === "number" ? x.rsub(mean) : mean.sub(x);
    const share = meanReversion(process, gamma);
    return typeof share === "number" ? x.add(way, { alpha: share }) : x.addcmul(way, share);
  };
}

/** A network's mean: its output (`meanMatch`), or x + scale·net(x, k), with the step's count k as the time. */
export function networkMean(net: Field, { meanMatch }: Pick<Langevin, "meanMatch">): StepMean {
  return (x, { k, scale }) => {
    const output = net(x, full([x.size(0)], k, { device: x.device, dtype: x.dtype }));
    return meanMatch ? output : x.add(output, { alpha: scale });
  };
}

function checkShape({ mean, variance }: Langevin, x: Tensor): void {
  const sample = x.shape.slice(1);
  for (const [name, t] of Object.entries({ mean, variance }))
    if (typeof t !== "number" && `${t.shape}` !== `${sample}`)
      throw argumentError(
        `the ${name} at time 1 has shape [${t.shape}], samples have [${sample}]; give one value a coordinate`,
      );
}

function checkList(
  name: string,
  list: readonly number[],
  { n, least, fine }: { n: number; least: string; fine: (x: number) => boolean },
): void {
  if (list.length !== n)
    throw argumentError(`${list.length} values of ${name} for ${n} steps; give ${n}`);
  const k = list.findIndex((x) => !Number.isFinite(x) || !fine(x));
  if (k >= 0)
    throw argumentError(
      `${name} of step ${k + 1} is ${list[k]}; expected a finite number, ${least}`,
    );
}

function checkReference({ gammas, mean, variance, scaleNoise }: Langevin): void {
  const least = (x: number | Tensor) =>
    typeof x === "number" ? x : tidy(() => (allFinite(x) ? x.amin().item() : Number.NaN));
  if (!Number.isFinite(least(mean)))
    throw argumentError("the mean at time 1 has values that are NaN or infinite");
  const smallest = least(variance);
  // A constant pixel has variance 0, which only scaled noise allows.
  if (!(Number.isFinite(smallest) && (scaleNoise ? smallest >= 0 : smallest > 0)))
    throw argumentError(
      `the smallest variance at time 1 is ${smallest}; expected a finite number above 0, or of at least 0 with scaled noise (var_final_gamma_scale)`,
    );
  const most = gammas.reduce((a, b) => Math.max(a, b));
  const limit = 4 * (scaleNoise ? 1 : smallest);
  if (most >= limit)
    throw argumentError(
      `the largest gamma is ${most}, but steps of ${limit} or more diverge from a Gaussian whose smallest variance is ${smallest}; use smaller steps${scaleNoise ? "" : ", or scale the noise instead (var_final_gamma_scale)"}`,
    );
}
