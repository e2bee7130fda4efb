// Riemannian metrics that are small where data are, so that short paths stay close to data (OT-MFM, NeurIPS 2024).
import type { Generator, Tensor } from "@dsbm/torch";
import { squaredDistances, squaredNorms } from "../ot/cost.js";
import { inCells, kMeans } from "../ot/k-means.js";

/** LAND (Arvanitidis et al. 2016) looks at all rows, in every coordinate; RBF has a kernel for each of some centres. */
export type MetricName = "land" | "rbf";

const leastDensity = 1e-3;
/** LAND: the kernel's width, in deviations of the data. */
const landWidth = 0.125;
/** RBF: most kernels, and their widths in deviations of their cells. */
const mostCentres = 150;
const kernelWidth = 1.5;
const updates = 2000;

/** The squared length of a velocity [B, d] at x [B, d]: [B]. */
export type SquaredLength = (x: Tensor, velocity: Tensor) => Tensor;

/** A Riemannian metric fitted to rows [n, d]. */
export function dataMetric(rows: Tensor, name: MetricName, generator: Generator): SquaredLength {
  return name === "land" ? landMetric(rows) : radialMetric(rows, generator);
}

/** exp(−λ|x − c|²/2) of x [B, d] and c [K, d]: [B, K]. */
const kernels = (x: Tensor, centres: Tensor, precisions: Tensor): Tensor =>
  squaredNorms(x)
    .add(squaredNorms(centres).t())
    .sub(x.mm(centres.t()), { alpha: 2 })
    .mul(precisions)
    .mul(-0.5)
    .exp();

/** M_d = (Σ_n e^{−|x − x_n|²/2γ²} (x_nd − x_d)² + ρ)^−2, in units of the data's variance. */
function landMetric(rows: Tensor): SquaredLength {
  const variance = rows.var({ dim: 0 }).mean();
  const precision = variance.mul(landWidth ** 2).reciprocal();
  const squares = rows.square();
  return (x, velocity) => {
    const near = kernels(x, rows, precision);
    const around = near
      .mm(squares)
      .sub(near.mm(rows).mul(x), { alpha: 2 })
      .add(x.square().mul(near.sum(1, { keepdim: true })));
    const density = around.div(variance).clamp({ min: 0 }).add(leastDensity);
    return velocity.div(density).square().sum(1);
  };
}

/** M = 1/(h + ρ), h = Σ_k W_k e^{−λ_k|x − c_k|²/2}, with W ≥ 0 that fits h = 1 on the rows. */
function radialMetric(rows: Tensor, generator: Generator): SquaredLength {
  const as = (t: Tensor) => t.to({ dtype: rows.dtype, device: rows.device });
  const centres = as(kMeans(rows, mostCentres, generator));
  const isIn = as(inCells(rows, centres)).t();
  const squares = as(squaredDistances(rows, centres)).amin({ dim: 1, keepdim: true });
  const variances = isIn.mm(squares).div(isIn.sum(1, { keepdim: true }).mul(rows.size(1)));
  const wide = variances.nanToNum().t();
  // A cell of one row has no deviation.
  const precisions = wide
    .maximum(wide.mean().mul(0.01))
    .mul(2 * kernelWidth ** 2)
    .reciprocal();
  const near = kernels(rows, centres, precisions);
  const gram = near.t().mm(near);
  const sums = near.sum(0).unsqueeze(1);
  let weights = sums.onesLike();
  // Least squares with W ≥ 0 by multiplicative updates (Lee & Seung 2001).
  for (let k = 0; k < updates; k++) weights = weights.mul(sums).div(gram.mm(weights));
  return (x, velocity) => {
    const density = kernels(x, centres, precisions).mm(weights).squeeze(1).add(leastDensity);
    return velocity.square().sum(1).div(density);
  };
}
