import { cat, type Tensor, tidy } from "@dsbm/torch";
import { inBatches } from "../core/batches.js";
import { argumentError, dataError, notFiniteError } from "../core/errors.js";

/** A matrix of costs, row by row. */
export type Cost = Float64Array | Float32Array;

/** Throws a BridgeError unless the matrix has n·m finite entries. */
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

/** |x_i − y_j|^p of points x [n, d], y [m, d] in float32, in units of `unit`^p (their extent), to a relative 2⁻²³. */
export function pointCosts(x: Tensor, y: Tensor, p: 1 | 2): { cost: Float32Array; unit: number } {
  const n = x.size(0);
  const m = y.size(0);
  const cost = new Float32Array(n * m);
  const unit = tidy(() => {
    const all = cat([x, y]);
    const extents = all.amax({ dim: 0 }).sub(all.amin({ dim: 0 }));
    return extents.amax().item() || 1;
  });
  distanceBlocks(x, y, (distances, start) => {
    const scaled = distances.div(unit);
    const block = (p === 2 ? scaled.square() : scaled).to("float32");
    cost.set(block.toArray() as Float32Array, start * m);
  });
  return { cost, unit };
}
