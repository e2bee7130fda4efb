// Gives simulated endpoints the data's moments: with little noise, small errors of a drift's moments hardly fade
// between half-iterations.
import { noGrad, stack, type Tensor, tidy } from "@dsbm/torch";
import { rowsWhere } from "../core/conditions.js";

const fewestRows = 64;

/** Images are averaged one by one, so that threads do not change the result. */
function momentsOfRows(x: Tensor): Tensor {
  const averaged = (y: Tensor) =>
    (y.ndim > 2 ? y.flatten({ startDim: 2 }).mean(2) : y)
      .mean(0)
      .reshape([-1, ...x.shape.slice(2).map(() => 1)]);
  const mean = averaged(x);
  return stack([mean, averaged(x.sub(mean).square()).sqrt()]);
}

/**
 * Mean and deviation of rows x [n, …], for each of K intervals if rows have one (int64 [n]): [2, K, d], or [2, K, C, 1, 1]
 * of images. The caller disposes them.
 */
export function endpointMoments(
  x: Tensor,
  { interval, intervals = 1 }: { interval?: Tensor | undefined; intervals?: number } = {},
): Tensor {
  return noGrad(() =>
    tidy(() => {
      const each = Array.from({ length: intervals }, (_, k) =>
        momentsOfRows(interval ? rowsWhere(x, interval, k) : x),
      );
      return stack(each, { dim: 1 });
    }),
  );
}

/**
 * Moves and scales rows x [n, …] to these moments, each interval (int64 [n]) by itself. Fewer than 64 rows stay as
 * they are.
 */
export function withMoments(x: Tensor, moments: Tensor, interval?: Tensor): Tensor {
  return tidy(() => {
    const scaled = (rows: Tensor, k: number) => {
      if (rows.size(0) < fewestRows) return rows;
      const [mean, std] = momentsOfRows(rows).unbind();
      const [target, deviation] = moments.select(1, k).unbind();
      const factor = deviation.div(std.maximum(deviation.mul(1e-3)).add(1e-12));
      return rows.sub(mean).mul(factor).add(target);
    };
    if (!interval) return scaled(x, 0);
    const all = x.clone();
    for (let k = 0; k < moments.size(1); k++) {
      const rows = interval.eq(k).nonzero().squeeze(1);
      all.indexCopy_(0, rows, scaled(x.indexSelect(0, rows), k));
    }
    return all;
  });
}
