// Leading eigenpairs of a covariance; a large covariance is never formed.
import { stream } from "@dsbm/bridge";
import { cat, randn, type Tensor, tidy } from "@dsbm/torch";

/** Up to so many columns all eigenpairs take seconds; up to so many rows they need no iteration. */
export const fewColumns = 2048;
const fewRows = 1024;

/** Directions beyond the k wanted ones: a gap between eigenvalues makes the iteration fast. */
const oversampling = 8;
/** Powers of the covariance in a Krylov space. */
const krylovDepth = 3;
/** Restarts, and the residual of an eigenvector relative to the largest eigenvalue, for coordinates and for axes of a figure. */
const accuracies = {
  coordinates: { restarts: 30, tolerance: 1e-7 },
  // Noise has no leading directions to find.
  figure: { restarts: 3, tolerance: 1e-2 },
} as const;

/** What eigenpairs are for: a figure needs no digits. */
export type EigenpairsUse = keyof typeof accuracies;

/** Leading eigenpairs of a covariance. */
export interface Eigenpairs {
  /** By decreasing size, [k]. */
  values: Tensor;
  /** Orthonormal, [D, k]. */
  vectors: Tensor;
  /** The trace of the covariance, []. */
  total: Tensor;
}

/**
 * The k largest eigenvalues of the covariance XᵀX / (n − 1) of centred rows X [n, D] float64, and their
 * eigenvectors. Up to 2,048 columns by all eigenpairs of the covariance, up to 1,024 rows by all of the
 * Gram matrix XXᵀ; else by a block Krylov space (Musco and Musco 2015) that restarts from its best
 * vectors until their residuals are below 1e-7 of the largest eigenvalue, for figures 1e-2.
 */
export function covarianceEigenpairs(
  rows: Tensor,
  k: number,
  use: EigenpairsUse = "coordinates",
): Eigenpairs {
  const [n, d] = rows.shape;
  const smaller = Math.min(n, d);
  if (d <= fewColumns || k >= n) return byCovariance(rows, k);
  if (smaller > fewRows && k + oversampling < smaller / 4) return byKrylov(rows, k, use);
  return cheaperEigenpairs(rows, k);
}

/** As `covarianceEigenpairs`, of centred rows X [n, D] float64, by the smaller one of Gram matrix and covariance. */
export const cheaperEigenpairs = (rows: Tensor, k: number): Eigenpairs =>
  rows.size(0) < rows.size(1) ? byGram(rows, k) : byCovariance(rows, k);

const byCovariance = (rows: Tensor, k: number): Eigenpairs =>
  eigenpairsOf(
    rows
      .t()
      .mm(rows)
      .div(rows.size(0) - 1),
    k,
  );

/** The k largest eigenvalues of a covariance [D, D] float64, and their eigenvectors. */
export function eigenpairsOf(covariance: Tensor, k: number): Eigenpairs {
  const [ascending, vectors] = covariance.linalgEigh();
  return {
    values: ascending.flip([0]).narrow(0, 0, k).clamp({ min: 0 }),
    vectors: vectors.flip([1]).narrow(1, 0, k),
    total: covariance.trace(),
  };
}

/** The eigenvectors u of XXᵀ give Xᵀu, the eigenvectors of XᵀX; orthonormal also where eigenvalues are 0. */
function byGram(rows: Tensor, k: number): Eigenpairs {
  const gram = rows.mm(rows.t()).div(rows.size(0) - 1);
  const [ascending, u] = gram.linalgEigh();
  const [vectors] = rows
    .t()
    .mm(u.flip([1]).narrow(1, 0, k))
    .linalgQr();
  return {
    values: ascending.flip([0]).narrow(0, 0, k).clamp({ min: 0 }),
    vectors,
    total: gram.trace(),
  };
}

function byKrylov(rows: Tensor, k: number, use: EigenpairsUse): Eigenpairs {
  const { restarts, tolerance } = accuracies[use];
  const [n, d] = rows.shape;
  const covarianceTimes = (v: Tensor) =>
    rows
      .t()
      .mm(rows.mm(v))
      .div(n - 1);
  const generator = stream(0, "principal components");
  let block = randn([d, k + oversampling], { generator, dtype: "float64" }).linalgQr()[0];
  let values = block;
  for (let restart = 0; restart < restarts; restart++) {
    const ritz = tidy(() => ritzPairs(block, covarianceTimes));
    block.dispose();
    block = ritz.vectors;
    values = ritz.values;
    const residual = tidy(() => {
      const leading = block.narrow(1, 0, k);
      const error = covarianceTimes(leading).sub(leading.mul(values.narrow(0, 0, k)));
      return error.square().sum(0).sqrt().max().item();
    });
    if (residual <= tolerance * values.max().item()) break;
  }
  return {
    values: values.narrow(0, 0, k).clamp({ min: 0 }),
    vectors: block.narrow(1, 0, k),
    total: rows
      .square()
      .sum()
      .div(n - 1),
  };
}

/** The best approximations of eigenpairs in the Krylov space of a block [d, b]: [b] and [d, b]. */
function ritzPairs(
  block: Tensor,
  covarianceTimes: (v: Tensor) => Tensor,
): { values: Tensor; vectors: Tensor } {
  const powers = [block];
  for (let power = 1; power <= krylovDepth; power++)
    powers.push(covarianceTimes(powers[power - 1]).linalgQr()[0]);
  const [basis] = cat(powers, { dim: 1 }).linalgQr();
  const [ascending, u] = basis.t().mm(covarianceTimes(basis)).linalgEigh();
  const b = block.size(1);
  return {
    values: ascending.flip([0]).narrow(0, 0, b),
    vectors: basis.mm(u.flip([1]).narrow(1, 0, b)),
  };
}
