import { type Tensor, tensor, tidy } from "@dsbm/torch";
import type { Direction } from "../core/direction.js";
import { uniformGrid } from "../core/time-grid.js";
import { solverSteps } from "../solver/solver.js";

/** Constants of the known bridge between N(−a, I) and N(a, I). */
export interface GaussianBridge {
  /** The mean of each target coordinate. */
  a: number;
  /** Standard deviation of the reference process at time 1. */
  sigma: number;
}

/** Cov(X0, X1) per coordinate: (√(4 + σ⁴) − σ²)/2 (Bunne et al. 2023). */
export function exactCovariance({ sigma }: { sigma: number }): number {
  return (Math.sqrt(4 + sigma ** 4) - sigma ** 2) / 2;
}

/** Per coordinate. */
export function exactMarginal(
  { a, sigma }: GaussianBridge,
  t: number,
): { mean: number; var: number } {
  return {
    mean: (2 * t - 1) * a,
    var: t * (1 - t) * Math.sqrt(4 + sigma ** 4) + (1 - t) ** 2 + t ** 2,
  };
}

/** The exact drift is slope·x + shift: E[end − x | x] over the time left. */
export function exactDrift(
  direction: Direction,
  { a, sigma }: GaussianBridge,
  t: number,
): { slope: number; shift: number } {
  const c = exactCovariance({ sigma });
  const { mean, var: v } = exactMarginal({ a, sigma }, t);
  const left = direction === "f" ? 1 - t : t;
  const withEnd = direction === "f" ? (1 - t) * c + t : 1 - t + t * c;
  const end = direction === "f" ? a : -a;
  const slope = (withEnd / v - 1) / left;
  return { slope, shift: (end - (withEnd / v) * mean) / left };
}

/** The probability flow is slope·x + shift. */
export function exactVelocity(
  { a, sigma }: GaussianBridge,
  t: number,
): { slope: number; shift: number } {
  const { mean, var: v } = exactMarginal({ a, sigma }, t);
  const rate = (1 - 2 * t) * Math.sqrt(4 + sigma ** 4) - 2 * (1 - t) + 2 * t;
  const slope = rate / (2 * v);
  return { slope, shift: 2 * a - slope * mean };
}

/**
 * Mean and variance of the N + 1 states of a run with the exact drift (Euler–Maruyama) or, with `flow`, the
 * probability flow (Euler), in closed form.
 */
export function discretisedMarginals(
  direction: Direction,
  bridge: GaussianBridge,
  steps: number,
  { flow = false }: { flow?: boolean } = {},
): { time: number; mean: number; var: number }[] {
  let { mean, var: v } = exactMarginal(bridge, direction === "f" ? 0 : 1);
  const sign = flow && direction === "b" ? -1 : 1;
  const states = [{ time: direction === "f" ? 0 : 1, mean, var: v }];
  for (const { time, next, dt } of solverSteps(direction, uniformGrid(steps))) {
    const { slope, shift } = flow
      ? exactVelocity(bridge, time)
      : exactDrift(direction, bridge, time);
    mean += sign * (slope * mean + shift) * dt;
    v = (1 + sign * slope * dt) ** 2 * v + (flow ? 0 : bridge.sigma ** 2 * dt);
    states.push({ time: next, mean, var: v });
  }
  return states;
}

/** KL divergences of fitted Gaussians from the exact ones. */
export interface Divergence {
  /** KL of a fit with independent coordinates. */
  diag: number;
  /** KL of a fit with the full covariance. */
  full: number;
  /** KL of a fit with one variance. */
  iso: number;
}

/** KL(P_t ‖ P_t^SB) of Gaussian fits to samples x [n, d], n > d, in nats, summed over coordinates. */
export function gaussianKL(x: Tensor, bridge: GaussianBridge, t: number): Divergence {
  const exact = exactMarginal(bridge, t);
  return tidy(() => {
    const samples = x.flatten({ startDim: 1 }).to("float64");
    const [n, d] = samples.shape;
    const mean = samples.mean(0);
    const centred = samples.sub(mean);
    const scatter = centred.t().mm(centred);
    const covariance = scatter.div(n - 1);
    const trace = covariance.trace().item() / exact.var;
    const shift = mean.sub(exact.mean).square().sum().item() / exact.var;
    const kl = (logdet: number) => 0.5 * (trace + shift - d - logdet + d * Math.log(exact.var));
    return {
      iso: kl(d * Math.log((trace * exact.var) / d)),
      diag: kl(covariance.diagonal().log().sum().item()),
      full: kl(covariance.linalgSlogdet()[1].item()),
    };
  });
}

/**
 * The mean of `gaussianKL` for n draws from N(mean·1, v·I), in closed form (Wishart moments): with `discretisedMarginals`,
 * the floor of a perfect sampler.
 */
export function expectedKL(
  got: { mean: number; var: number },
  bridge: GaussianBridge,
  t: number,
  n: number,
  d: number,
): Divergence {
  const exact = exactMarginal(bridge, t);
  const ratio = got.var / exact.var;
  const shift = ((got.mean - exact.mean) ** 2 + got.var / n) / exact.var;
  const nu = n - 1;
  // E ln of a χ² over a number of degrees of freedom: ψ(k/2) − ln(ν/2).
  const logs = (ks: number[], of = nu) =>
    tidy(() => tensor(ks, { dtype: "float64" }).div(2).digamma().sum().item()) -
    ks.length * Math.log(of / 2);
  const kl = (bias: number) => 0.5 * (d * (ratio - 1 - Math.log(ratio)) + d * shift - bias);
  return {
    diag: kl(d * logs([nu])),
    full: kl(logs(Array.from({ length: d }, (_, i) => nu - i))),
    iso: kl(d * logs([d * nu], d * nu)),
  };
}
