import { cat, type Tensor, tidy } from "@dsbm/torch";
import { inBatches } from "../core/batches.js";
import { argumentError, dataError, notFiniteError } from "../core/errors.js";

/** A matrix of costs, row by row. */
export type Cost = Float64Array | Float32Array;

/** Costs [n, m] whose rows are read one after the other, most of them in order. */
export interface CostRows {
  /** The m costs of row i, valid until the next call. */
  row(i: number): Cost;
}

/** The rows of a matrix of costs [n, m]. */
export const matrixRows = (cost: Cost, m: number): CostRows => ({
  row: (i) => cost.subarray(i * m, (i + 1) * m),
});

/** Costs that are held at once, if they are computed from points. */
const blockCosts = 2 ** 22;

/** @throws {BridgeError} unless the matrix has n·m finite entries. */
export function checkCost(cost: Cost, n: number, m: number): void {
  if (cost.length !== n * m)
    throw argumentError(
      `cost has ${cost.length} entries: expected n × m = ${n} × ${m} = ${n * m}, row by row`,
    );
  let zero = 0;
  for (let k = 0; k < cost.length; k++) zero += cost[k] * 0;
  if (zero === 0) return;
  const k = cost.findIndex((c) => !Number.isFinite(c));
  throw notFiniteError(
    `cost[${Math.floor(k / m)}, ${k % m}] is ${cost[k]}: expected finite numbers only; look for NaN in the points`,
  );
}

/** |x0_i − x1_j|² for x0 [n, …], x1 [m, …]: float64 [n, m], from inner products. */
export function squaredDistances(x0: Tensor, x1: Tensor): Tensor {
  return tidy(() => {
    const a = asVectors(x0);
    const b = asVectors(x1);
    // One product [−2a, |a|², 1] [b, 1, |b|²]ᵀ writes a large matrix once.
    const left = squaredNorms(a);
    const right = squaredNorms(b);
    const rows = cat([a.mul(-2), left, left.onesLike()], { dim: 1 });
    return rows.mm(cat([b, right.onesLike(), right], { dim: 1 }).t()).clamp_({ min: 0 });
  });
}

/** |x_i|² of samples [n, …]: [n], float64. */
export const squaredLengths = (x: Tensor): Tensor => asVectors(x).square().sum(1);

/** |x_i|² of vectors [n, d]: [n, 1]. */
export const squaredNorms = (x: Tensor): Tensor => x.square().sum(1, { keepdim: true });

/**
 * Samples [n, …] as vectors [n, d], float64 on the CPU.
 * @throws {BridgeError} without samples
 */
export function asVectors(x: Tensor): Tensor {
  if (x.ndim < 2 || x.numel === 0)
    throw dataError(`samples of shape [${x.shape}]; expected [n, …] with n at least 1`);
  return x.flatten({ startDim: 1 }).to({ dtype: "float64", device: "cpu" });
}

const byDifferences = 2;

/**
 * Calls `fn` with the distances of a block of rows of x [n, d] to y [m, d], float64 [rows, m], and the first row's
 * number.
 */
export function distanceBlocks<T>(
  x: Tensor,
  y: Tensor,
  fn: (distances: Tensor, start: number) => T,
): T[] {
  const rows = Math.max(1, Math.floor(2 ** 18 / y.size(0)));
  return inBatches(x, rows, (part, start) =>
    fn(part.cdist(y, { computeMode: byDifferences }), start),
  );
}

/** The extent of points x [n, d], y [m, d], as the unit of their distances. */
function extentOf(x: Tensor, y: Tensor): number {
  return tidy(() => {
    const all = cat([x, y]);
    const extents = all.amax({ dim: 0 }).sub(all.amin({ dim: 0 }));
    return extents.amax().item() || 1;
  });
}

/** Costs [rows, m] in float32 of distances in float64. */
function costsOf(distances: Tensor, { unit, p }: { unit: number; p: 1 | 2 }): Float32Array {
  const scaled = distances.div(unit);
  return (p === 2 ? scaled.square() : scaled).to("float32").toArray() as Float32Array;
}

/** |x_i − y_j|^p of points x [n, d], y [m, d] in float32, in units of `unit`^p (their extent), to a relative 2⁻²³. */
export function pointCosts(x: Tensor, y: Tensor, p: 1 | 2): { cost: Float32Array; unit: number } {
  const m = y.size(0);
  const cost = new Float32Array(x.size(0) * m);
  const unit = extentOf(x, y);
  distanceBlocks(x, y, (distances, start) => cost.set(costsOf(distances, { unit, p }), start * m));
  return { cost, unit };
}

/**
 * The costs of `pointCosts` of points x [n, d], y [m, d] to the last bit, a block of rows at a time, computed when they are read (lazy costs of the
 * network simplex, Flamary et al. 2021). `held` costs are in memory (default 2²²).
 */
export function pointCostRows(
  x: Tensor,
  y: Tensor,
  p: 1 | 2,
  { held = blockCosts }: { held?: number } = {},
): { cost: CostRows; unit: number } {
  const n = x.size(0);
  const m = y.size(0);
  const unit = extentOf(x, y);
  const rows = Math.max(1, Math.floor(held / m));
  const block = new Float32Array(Math.min(rows, n) * m);
  let first = -1;
  return {
    unit,
    cost: {
      row(i) {
        if (first < 0 || i < first || i >= first + rows) {
          first = i - (i % rows);
          const part = x.narrow(0, first, Math.min(rows, n - first));
          distanceBlocks(part, y, (distances, start) =>
            block.set(costsOf(distances, { unit, p }), start * m),
          );
          part.dispose();
        }
        return block.subarray((i - first) * m, (i - first + 1) * m);
      },
    },
  };
}
