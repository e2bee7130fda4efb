// Gives simulated endpoints the data's moments: with little noise, small errors of a drift's moments hardly fade
// between half-iterations.
import { noGrad, stack, type Tensor, tidy } from "@dsbm/torch";
import { rowsWhere } from "../core/conditions.js";
import { fewestMomentRows } from "../facts/index.js";
import { onCells, type ReferenceProcess } from "../process/process.js";

type CellsOfProcess = Pick<ReferenceProcess, "cells">;

/** Images are averaged one by one, so that threads do not change the result. */
function momentsOfRows(x: Tensor, process: CellsOfProcess): Tensor {
  const averaged = (y: Tensor) =>
    (y.ndim > 2 ? imageMeans(y, process) : y)
      .mean(0)
      .reshape([-1, ...x.shape.slice(2).map(() => 1)]);
  const mean = averaged(x);
  return stack([mean, averaged(x.sub(mean).square()).sqrt()]);
}

/** Means [n, C] of images [n, C, H, W] over their moving cells. */
function imageMeans(y: Tensor, process: CellsOfProcess): Tensor {
  const { cells } = process;
  const means = onCells(process, y).flatten({ startDim: 2 }).mean(2);
  return cells
    ? means.div(cells.mask.flatten({ startDim: 2 }).mean(2).clamp({ min: 1e-12 }))
    : means;
}

/**
 * Mean and deviation of rows x [n, …], for each of K intervals if rows have one (int64 [n]): [2, K, d], or [2, K, C, 1, 1]
 * of images, over the moving cells of a process (default: all). The caller disposes them.
 */
export function endpointMoments(
  x: Tensor,
  {
    interval,
    intervals = 1,
    cells,
  }: CellsOfProcess & { interval?: Tensor | undefined; intervals?: number } = {},
): Tensor {
  return noGrad(() =>
    tidy(() => {
      const each = Array.from({ length: intervals }, (_, k) =>
        momentsOfRows(interval ? rowsWhere(x, interval, k) : x, { cells }),
      );
      return stack(each, { dim: 1 });
    }),
  );
}

/**
 * Moves and scales the moving cells of rows x [n, …] to these moments, each interval (int64 [n]) by itself. Fewer than 64 rows stay as
 * they are.
 */
export function withMoments(
  x: Tensor,
  moments: Tensor,
  { interval, cells }: CellsOfProcess & { interval?: Tensor | undefined } = {},
): Tensor {
  return tidy(() => {
    const scaled = (rows: Tensor, k: number) => {
      if (rows.size(0) < fewestMomentRows) return rows;
      const [mean, std] = momentsOfRows(rows, { cells }).unbind();
      const [target, deviation] = moments.select(1, k).unbind();
      const factor = deviation.div(std.maximum(deviation.mul(1e-3)).add(1e-12));
      return onCells({ cells }, rows.sub(mean).mul(factor).add(target));
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
