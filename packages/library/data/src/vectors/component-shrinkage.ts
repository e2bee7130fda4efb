// The spread of training rows along their principal components, compared with other rows of the same data.
import { stream } from "@dsbm/bridge";
import { noGrad, randperm, type Tensor, tidy, zeros } from "@dsbm/torch";
import { cheaperEigenpairs } from "./eigenpairs.js";

/** Number of parts of the rows. */
const folds = 5;

/**
 * The factor of each of the k principal components, [k] float64, at most 1, by which the coordinates of rows x [n, …] get
 * the spread of rows that the components were not fitted to: components of few rows in many columns fit the noise of
 * their own rows (Lee, Zou and Wright 2010). Measured by components without a fifth of the rows, along which that fifth
 * spreads less than the others, for each fifth.
 */
export function componentShrinkage(x: Tensor, k: number): Tensor {
  return noGrad(() =>
    tidy(() => {
      const rows = x.flatten({ startDim: 1 }).to("float64");
      const [n, d] = rows.shape;
      const order = randperm(n, { generator: stream(0, "component shrinkage") });
      const ratios = zeros([k], { dtype: "float64" });
      for (let fold = 0; fold < folds; fold++)
        tidy(() => {
          const first = Math.floor((fold * n) / folds);
          const count = Math.floor(((fold + 1) * n) / folds) - first;
          const shifted = order.roll([-first], { dims: [0] });
          const part = (from: number, length: number) =>
            rows.indexSelect(0, shifted.narrow(0, from, length));
          const others = part(count, n - count);
          const mean = others.mean(0);
          const centred = others.sub(mean);
          const { vectors } = cheaperEigenpairs(centred, k);
          const spread = (y: Tensor) => y.mm(vectors).square().mean(0);
          ratios.add_(spread(part(0, count).sub(mean)).div(spread(centred)));
        });
      // Components of all rows fit their noise less: the logarithm of the ratio of noise is −2 ln(1 + √(d/n)) (Marčenko and
      // Pastur 1967).
      const logarithm = (rowCount: number) => Math.log1p(Math.sqrt(d / rowCount));
      const share = logarithm(n) / logarithm(n * (1 - 1 / folds));
      return ratios
        .div(folds)
        .clamp({ max: 1 })
        .pow(share / 2);
    }),
  );
}
