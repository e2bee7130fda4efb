// Leading eigenpairs of a covariance; a large covariance is never formed.
import { stream } from "@dsbm/bridge";
import { engineInfo, randn, type Tensor, tidy } from "@dsbm/torch";

/** Up to so many columns a covariance is formed; up to so many rows the eigenpairs need no iteration. */
export const fewColumns = 2048;
const fewRows = 1024;

/** Up to this size all eigenpairs take seconds. */
const mostForAll = { libtorch: 2048, portable: 384 } as const;

/** Directions beyond the k wanted ones: a gap between eigenvalues makes the iteration fast. */
const blockSize = (k: number): number => k + Math.max(8, k);
/** Degrees of a filter: the first one, whose bounds are guesses, and at most. */
const degreesOf = { first: 4, most: 16 };
/** Digits that the filter may take from the last wanted direction, as a natural logarithm. */
const mostLoss = 23;
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

/** A covariance by what it does to a block [D, b]. */
interface Covariance {
  d: number;
  times(block: Tensor): Tensor;
  /** The trace, []. */
  total: Tensor;
}

/**
 * The k largest eigenvalues of the covariance XᵀX / (n − 1) of centred rows X [n, D] float64, and their
 * eigenvectors. Up to 2,048 columns by the covariance, up to 1,024 rows by all eigenpairs of the Gram matrix XXᵀ; else by an
 * iteration with products by X and Xᵀ.
 */
export function covarianceEigenpairs(
  rows: Tensor,
  k: number,
  use: EigenpairsUse = "coordinates",
): Eigenpairs {
  const [n, d] = rows.shape;
  const smaller = Math.min(n, d);
  if (d <= fewColumns || k >= n) return byCovariance(rows, k);
  if (smaller <= fewRows || blockSize(k) >= smaller / 4) return cheaperEigenpairs(rows, k);
  const times = (block: Tensor) =>
    rows
      .t()
      .mm(rows.mm(block))
      .div(n - 1);
  const total = rows
    .square()
    .sum()
    .div(n - 1);
  return byIteration({ d, times, total }, k, use);
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

/** The k largest eigenvalues of a covariance [D, D] float64, and their eigenvectors: by all eigenpairs, of a large one by iteration. */
export function eigenpairsOf(covariance: Tensor, k: number): Eigenpairs {
  const d = covariance.size(0);
  const total = covariance.trace();
  if (d > mostForAll[engineInfo().engine] && blockSize(k) < d / 4)
    return byIteration({ d, times: (block) => covariance.mm(block), total }, k, "coordinates");
  const [ascending, vectors] = covariance.linalgEigh();
  return {
    values: ascending.flip([0]).narrow(0, 0, k).clamp({ min: 0 }),
    vectors: vectors.flip([1]).narrow(1, 0, k),
    total,
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

/**
 * A subspace iteration with Chebyshev filters (Zhou and Saad 2007), until the residuals of the k vectors are below 1e-7 of the
 * largest eigenvalue, for figures 1e-2.
 */
function byIteration(covariance: Covariance, k: number, use: EigenpairsUse): Eigenpairs {
  const { restarts, tolerance } = accuracies[use];
  const generator = stream(0, "principal components");
  const size = [covariance.d, blockSize(k)];
  let block = randn(size, { generator, dtype: "float64" }).linalgQr()[0];
  for (let restart = 0; ; restart++) {
    const { values, vectors, residual } = tidy(() => bestPairs(block, covariance, k));
    block.dispose();
    const sizes = Array.from(values.toNumbers());
    if (residual.item() <= tolerance * sizes[0] || restart === restarts)
      return {
        values: values.narrow(0, 0, k).clamp({ min: 0 }),
        vectors: vectors.narrow(1, 0, k),
        total: covariance.total,
      };
    block = tidy(() => filterBlock(vectors, covariance, { sizes, k, isFirst: restart === 0 }));
    for (const t of [values, vectors, residual]) t.dispose();
  }
}

/** The best approximations of eigenpairs in the space of an orthonormal block [d, b], and the largest residual of the first k. */
function bestPairs(block: Tensor, { times }: Covariance, k: number) {
  const image = times(block);
  const [ascending, turn] = block.t().mm(image).linalgEigh();
  const values = ascending.flip([0]);
  const u = turn.flip([1]);
  const vectors = block.mm(u);
  const error = image.mm(u).sub(vectors.mul(values)).narrow(1, 0, k);
  return { values, vectors, residual: error.square().sum(0).sqrt().max() };
}

interface FilterBounds {
  /** Estimates of eigenvalues by decreasing size. */
  sizes: readonly number[];
  k: number;
  isFirst: boolean;
}

/**
 * An orthonormal block [d, b] of the vectors after a Chebyshev polynomial of the covariance, which is small from 0 to the least estimate
 * and 1 at the largest.
 */
function filterBlock(vectors: Tensor, { times }: Covariance, { sizes, k, isFirst }: FilterBounds) {
  const [largest] = sizes;
  const half = Math.max(sizes[sizes.length - 1], 1e-6 * largest) / 2;
  const growth = (x: number) => Math.acosh(Math.max(1, x / half - 1));
  // A large first eigenvalue would leave only rounding in the last wanted direction.
  const loss = growth(largest) - growth(sizes[k - 1]);
  const degree = isFirst
    ? degreesOf.first
    : Math.max(2, Math.min(degreesOf.most, Math.floor(mostLoss / loss)));
  const first = half / (largest - half);
  let scale = first;
  let before = vectors;
  let block = times(vectors)
    .sub(vectors.mul(half))
    .mul(first / half);
  for (let i = 2; i <= degree; i++) {
    const next = 1 / (2 / first - scale);
    const image = times(block).sub(block.mul(half));
    [before, block] = [block, image.mul((2 * next) / half).sub(before.mul(scale * next))];
    scale = next;
  }
  return block.linalgQr()[0];
}
