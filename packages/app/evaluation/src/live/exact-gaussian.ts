// Between Gaussians the exact bridge is known: moments at the end, and the divergence of every marginal from it, beside
// the floor, what a perfect sampler with as many samples and steps would show.
import {
  discretised,
  exactCovariance,
  expectedKL,
  gaussianKL,
  moments,
  ordered,
  uniformGrid,
} from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Ends } from "@dsbm/problem";
import { bridgeProcess } from "@dsbm/problem";
import { tidy } from "@dsbm/torch";
import type { Evaluator } from "./evaluator.js";

/** Step indices of the 21 grid times 0, 0.05, …, 1: the nearest of `steps` steps, each once. */
const gridSteps = (steps: number): number[] => [
  ...new Set(Array.from({ length: 21 }, (_, i) => Math.round((i * steps) / 20))),
];

export async function openExactGaussian(
  { exact }: Ends,
  config: CompleteTrainConfig,
): Promise<Evaluator | null> {
  if (!exact) return null;
  const flow = bridgeProcess(config).method.predicts === "velocity";
  return {
    statesAt: gridSteps,
    measure({ at: { direction }, steps, start, end, states }) {
      const at = gridSteps(steps);
      const order = ordered(direction, uniformGrid(steps));
      const perfect = discretised(direction, exact, steps, { flow });
      const [n, d] = start.shape as [number, number];
      const sums = { kl_diag: 0, floor_diag: 0, kl_full: 0, floor_full: 0 };
      for (const [i, step] of states ? at.entries() : []) {
        const t = step === 0 ? (direction === "f" ? 0 : 1) : (order[step - 1]?.next as number);
        const kl = tidy(() => gaussianKL(states!.select(0, i), exact, t));
        const floor = expectedKL(perfect[step] as { mean: number; var: number }, exact, t, n, d);
        sums.kl_diag += kl.diag / at.length;
        sums.kl_full += kl.full / at.length;
        sums.floor_diag += floor.diag / at.length;
        sums.floor_full += floor.full / at.length;
      }
      const found = moments(end, start);
      return {
        mean: found.mean,
        exact_mean: direction === "f" ? exact.a : -exact.a,
        var: found.var,
        exact_var: 1,
        // The ends of a flow are a function of their starts.
        cov: flow ? null : found.cov,
        exact_cov: flow ? null : exactCovariance(exact),
        ...(states ? sums : { kl_diag: null, floor_diag: null, kl_full: null, floor_full: null }),
      };
    },
  };
}
