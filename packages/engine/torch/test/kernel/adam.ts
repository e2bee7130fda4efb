// A step of Adam with the average of the weights.
import * as T from "../../src/index.js";
import { callKernel } from "./call.js";
import type { KernelRecord } from "./record.js";

const eps = 1e-8;

interface AdamSetting {
  lr: number;
  betas: readonly [number, number];
  decay: number;
  decoupled: boolean;
  /** Weight of the parameters in their average; null without one. */
  average: number | null;
}

/** What a second step gives, by its formulas. */
function plainStep(
  [p, g, m, v, s]: readonly T.Tensor[],
  { lr, betas: [beta1, beta2], decay, decoupled, average }: AdamSetting,
): T.Tensor[] {
  const step = 2;
  const gradient = decoupled ? g : g.add(p.mul(decay));
  const shrunk = decoupled ? p.mul(1 - lr * decay) : p;
  const mean = m.mul(beta1).add(gradient.mul(1 - beta1));
  const square = v.mul(beta2).add(gradient.square().mul(1 - beta2));
  const root = square.div(1 - beta2 ** step).sqrt();
  const rate = mean.div(1 - beta1 ** step).div(root.add(eps));
  const next = shrunk.sub(rate.mul(lr));
  const state = [next, mean, square];
  return average === null ? state : [...state, s.add(next.sub(s).mul(average))];
}

/** A second step of Adam: moments, weights and averages from before, and new gradients. */
export function adamStep(setting: AdamSetting): KernelRecord {
  const { lr, betas, decay, decoupled, average } = setting;
  return {
    title: `a step of Adam${decoupled ? "W" : ""} at ${lr}, decay ${decay}, average ${average}`,
    operations: ["adam_"],
    /** Elements that fill no vector, one, several blocks, and several threads. */
    sizes: [[], [7], [3, 5, 2], [70_001], [300, 400]],
    within: 1e-5,
    gradientWithin: null,
    dtypes: { float64: 1e-12 },
    make: (size) => ({
      inputs: [
        T.randn(size),
        T.randn(size),
        T.randn(size).mul(0.1),
        T.rand(size).mul(0.1),
        T.randn(size),
      ],
      own([p, g, m, v, s]) {
        const state = [p, m, v, s].map((t) => t.clone());
        const [parameter, mean, square, shadow] = state.map((t) => [t]);
        const [rate, weight] = [lr, average ?? 0].map((x) => T.full([], x, { dtype: "float64" }));
        callKernel(
          "adam_",
          parameter,
          [g],
          mean,
          square,
          [T.ones([])],
          average === null ? [] : shadow,
          rate,
          average === null ? null : weight,
          ...betas,
          decay,
          eps,
          decoupled,
        );
        return average === null ? state.slice(0, 3) : state;
      },
      exact: (inputs) => plainStep(inputs, setting),
    }),
  };
}
