// Brownian bridges and Sinkhorn's iterations.
import * as T from "../../src/index.js";
import { callKernel, resultOf } from "./call.js";
import type { KernelRecord } from "./record.js";

export function brownian(forward: boolean): KernelRecord {
  const sigma = 0.7;
  return {
    title: `points of Brownian bridges and their drifts ${forward ? "forward" : "backward"}`,
    operations: ["brownian_bridge"],
    sizes: [
      [1, 1],
      [5, 3],
      [700, 2, 17, 3],
      [0, 4],
      [40_000, 2],
    ],
    within: 2e-6,
    gradientWithin: null,
    dtypes: { float64: /float32/, bfloat16: /float32/, int64: /float32/ },
    make: ([rows, ...more]) => ({
      inputs: [
        T.randn([rows, ...more]),
        T.randn([rows, ...more]),
        T.rand([rows]).mul(0.96).add(0.02),
        T.randn([rows, ...more]),
      ],
      own: ([x0, x1, t, z]) =>
        callKernel("brownian_bridge", x0, x1, t, z, sigma, forward) as T.Tensor[],
      exact([x0, x1, t, z]) {
        const s = t.view([rows, ...more.map(() => 1)]);
        const [left, way] = [s.rsub(1), x1.sub(x0)];
        const x = x0.add(way.mul(s)).add(z.mul(s.mul(left).sqrt()).mul(sigma));
        const slope = z.mul((forward ? s.div(left) : left.div(s)).sqrt()).mul(sigma);
        return [x, (forward ? way : way.neg()).sub(slope)];
      },
    }),
  };
}

export const expProduct: KernelRecord = {
  title: "the exponential of a product",
  operations: ["exp_product"],
  sizes: [
    [1, 1, 1],
    [33, 70, 4],
    [300, 101, 3],
    [16, 5, 2],
  ],
  within: 1e-12,
  gradientWithin: null,
  dtypes: { float32: 1e-5, int64: /./ },
  make: ([n, m, k]) => ({
    inputs: [T.randn([n, k], { dtype: "float64" }), T.randn([m, k], { dtype: "float64" })],
    own: ([rows, columns]) => resultOf("exp_product", rows, columns),
    exact: ([rows, columns]) => [rows.mm(columns.t()).exp()],
  }),
};

export function sinkhorn(tau: number): KernelRecord {
  const double = { dtype: "float64" } as const;
  return {
    title: `an iteration of Sinkhorn, tau ${tau}`,
    operations: ["sinkhorn_"],
    /** Less than four rows or eight columns, no multiples of them, and several blocks of rows. */
    sizes: [
      [1, 1],
      [33, 70],
      [300, 101],
    ],
    within: 1e-12,
    gradientWithin: null,
    dtypes: { float32: /float64 kernel/, int64: /float64 kernel/ },
    make([n, m]) {
      const positive = (k: number) => T.rand([k], double).add(0.5);
      const potentials = T.randn([n], double)
        .unsqueeze(-1)
        .add(T.randn([m], double));
      const kernel = potentials
        .sub(T.rand([n, m], double))
        .div(0.3)
        .exp();
      return {
        inputs: [kernel, positive(n).div(n), positive(m).div(m), positive(n), positive(m)],
        own([k, a, b, u, v]) {
          const [plan, rows, columns] = [k.clone(), u.clone(), v.clone()];
          const ended = callKernel("sinkhorn_", plan, a, b, rows, columns, tau, 0, 1) as T.Tensor;
          return [plan, rows, columns, ended];
        },
        exact([k, a, b, , v]) {
          const x = a.div(k.mv(v).pow(tau));
          const y = b.div(k.t().mv(x).pow(tau));
          const plan = k.mul(x.unsqueeze(-1)).mul(y);
          const target = a.mul(k.mv(y).pow(1 - tau));
          const error = target.sub(plan.sum(1)).abs().sum();
          return [plan, x, y, T.stack([error, error.onesLike()])];
        },
      };
    },
  };
}
