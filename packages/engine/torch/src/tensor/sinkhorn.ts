// Sinkhorn's iteration in one pass over the matrix, in float64 and without gradients.
import { invoke, Op } from "../binding/dispatch.js";
import type { Tensor } from "./tensor.js";

const iterate = new Op("dsbm::sinkhorn_", "");

/** Weights of the rows [n] and columns [m] of a kernel, and the scalings of both. */
export interface Scalings {
  /** Weights of rows, [n]. */
  a: Tensor;
  /** Weights of columns, [m]. */
  b: Tensor;
  /** Scalings of rows, [n], changed in place. */
  u: Tensor;
  /** Scalings of columns, [m], changed in place. */
  v: Tensor;
}

/** The penalty of the sums and the end of Sinkhorn's iterations. */
export interface SinkhornSteps {
  /** The scalings are weight/sum^tau: 1 for exact sums, less for penalised sums. */
  tau: number;
  /** Total deviation at which iterations end. */
  tolerance: number;
  /** Maximum number of iterations. */
  most: number;
}

/**
 * Iterates u ← a/(K v)^tau, v ← b/(Kᵀ u)^tau in place on the processor, accelerated (Anderson's method in log v; Walker
 * and Ni 2011). Returns the total deviation of the column sums (NaN for scalings out of range) and the iterations. The
 * same bits on any number of threads. Throws a TorchError.
 */
export function sinkhornIterate(
  matrix: Tensor,
  { a, b, u, v }: Scalings,
  { tau, tolerance, most }: SinkhornSteps,
): { deviation: number; count: number } {
  const result: Tensor = invoke(iterate, matrix, a, b, u, v, tau, tolerance, most);
  const [deviation, count] = result.toNumbers();
  result.dispose();
  return { deviation, count };
}
