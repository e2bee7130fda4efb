// Fully connected layers and SiLU.
import * as T from "../../src/index.js";
import { firstOf, leafOf, resultOf } from "./call.js";
import type { KernelRecord } from "./record.js";

export function denseLayer(silu: boolean): KernelRecord {
  return {
    title: `a fully connected layer${silu ? " with SiLU" : ""}`,
    operations: ["dense", "dense_backward"],
    sizes: [
      [1, 1, 1],
      [3, 6, 5],
      [128, 51, 50],
      [300, 64, 256],
    ],
    within: 1e-6,
    gradientWithin: 3e-6,
    dtypes: { float64: /float32/, bfloat16: /float32/, int64: /float32/ },
    make: ([rows, inputs, outputs]) => ({
      inputs: [
        leafOf(rows, inputs).detach().mul(3).requiresGrad_(),
        leafOf(outputs, inputs).detach().div(Math.sqrt(inputs)).requiresGrad_(),
        leafOf(outputs),
      ],
      own: ([x, weight, bias]) => firstOf("dense", x, weight, bias, silu, true),
      exact([x, weight, bias]) {
        const y = T.linear(x, weight, { bias });
        return [silu ? y.silu() : y];
      },
    }),
  };
}

export const silu: KernelRecord = {
  title: "SiLU in place",
  operations: ["silu_"],
  sizes: [[1], [15], [16], [200, 64], [3, 0]],
  within: 6e-7,
  gradientWithin: null,
  dtypes: { float64: 1e-15, bfloat16: 2 ** -8, float16: 2 ** -10, int64: /./ },
  make: (size) => ({
    inputs: [T.randn(size).mul(10)],
    own: ([x]) => resultOf("silu_", x.clone()),
    exact: ([x]) => [x.silu()],
  }),
};
