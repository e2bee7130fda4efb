// Sinkhorn's iteration with one pass over the matrix for both products, in float64 and without gradients.
import { invoke, Op } from "../binding/dispatch.js";
import type { Tensor } from "./tensor.js";

const product = new Op("dsbm::exp_product", "");
const iterate = new Op("dsbm::sinkhorn_", "");

/**
 * The matrix exp(rows columnsᵀ) [n, m] of factors [n, k] and [m, k].
 * @throws {TorchError}
 */
export const expProduct = (rows: Tensor, columns: Tensor): Tensor => invoke(product, rows, columns);

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
 * Iterates u ← a/(K v)^tau, v ← b/(Kᵀ u)^tau for a kernel K [n, m] in place on the processor, accelerated (Anderson's
 * method in log v; Walker and Ni 2011), until the column sums deviate by at most `tolerance`. The matrix becomes the
 * plan u K v. Returns the total deviation of the plan's row sums (NaN for scalings out of range) and the iterations.
 * The same bits on any number of threads.
 * @throws {TorchError}
 */
export function sinkhornIterate(
  matrix: Tensor,
  { a, b, u, v }: Scalings,
  { tau, tolerance, most }: SinkhornSteps,
): { error: number; count: number } {
  const [error, count] = invoke(iterate, matrix, a, b, u, v, tau, tolerance, most).toNumbers();
  return { error, count };
}
