// Evaluation of the Gaussian benchmark: moments at the end, and the distance of every marginal from the exact
// bridge, beside the floor that a perfect sampler with as many samples and steps would show.
import {
  type Direction,
  discretised,
  exactCovariance,
  expectedKL,
  type GaussianBridge,
  gaussianKL,
  type Method,
  moments,
  ordered,
  stream,
  uniformGrid,
} from "@dsbm/bridge";
import { noGrad, type Tensor, tidy } from "@dsbm/torch";
import type { Sampler } from "@dsbm/train";

export interface Evaluation {
  mean: number;
  var: number;
  /** null for ODE methods, whose ends are a function of their starts. */
  cov: number | null;
  kl_diag: number;
  kl_full: number;
  floor_diag: number;
  floor_full: number;
}

/** What the exact bridge shows at the end of a direction. */
export function exactValues(
  direction: Direction,
  bridge: GaussianBridge,
): { mean: number; var: number; cov: number } {
  return { mean: direction === "f" ? bridge.a : -bridge.a, var: 1, cov: exactCovariance(bridge) };
}

/** Step indices of the 21 grid times 0, 0.05, …, 1 (the nearest that `steps` steps meet, each once). */
function gridSteps(steps: number): number[] {
  return [...new Set(Array.from({ length: 21 }, (_, i) => Math.round((i * steps) / 20)))];
}

/** Simulates `direction` from its test points with `steps` steps and measures. */
export function evaluate({
  sampler,
  method,
  bridge,
  start,
  direction,
  steps,
  seed,
  half,
}: {
  sampler: Sampler;
  method: Method;
  bridge: GaussianBridge;
  start: Tensor;
  direction: Direction;
  steps: number;
  seed: number;
  half: number;
}): Evaluation {
  const flow = method.predicts === "velocity";
  return noGrad(() =>
    tidy(() => {
      const grid = uniformGrid(steps);
      const at = gridSteps(steps);
      const generator = stream(seed, `evaluate/${half}/${direction}/${steps}`, start.device);
      const path = sampler.path(direction, start, { grid, generator, at });
      const order = ordered(direction, grid);
      const perfect = discretised(direction, bridge, steps, { flow });
      const [n, d] = start.shape as [number, number];
      const sums = { kl_diag: 0, kl_full: 0, floor_diag: 0, floor_full: 0 };
      for (const [i, step] of at.entries()) {
        const t = step === 0 ? (direction === "f" ? 0 : 1) : (order[step - 1]?.next as number);
        const kl = tidy(() => gaussianKL(path.select(0, i), bridge, t));
        const floor = expectedKL(perfect[step] as { mean: number; var: number }, bridge, t, n, d);
        sums.kl_diag += kl.diag / at.length;
        sums.kl_full += kl.full / at.length;
        sums.floor_diag += floor.diag / at.length;
        sums.floor_full += floor.full / at.length;
      }
      const end = moments(path.select(0, at.length - 1), start);
      return { mean: end.mean, var: end.var, cov: flow ? null : end.cov, ...sums };
    }),
  );
}
