// Products of matrices in plain TypeScript: the reference for the kernel in WebAssembly.
import type { TensorImpl } from "../tensor.js";
import { multiplyInDoubles } from "./doubles.js";
import { vectorisedProduct } from "./vectorised.js";

/** out[i, j] = Σₖ a[i, k] b[k, j] + beta out[i, j], of strided matrices; sums run in the order of k. */
export function multiplyInto(
  out: TensorImpl,
  a: TensorImpl,
  b: TensorImpl,
  alpha = 1,
  beta = 0,
): void {
  const [rows, inner] = a.shape;
  const columns = b.shape[1];
  if (rows === 0 || columns === 0) return;
  if (alpha === 1 && vectorisedProduct(out, a, b, beta)) return;
  if (multiplyInDoubles(out, a, b, { alpha, beta })) return;
  const x = a.array;
  const y = b.array;
  const z = out.array;
  const [p, q] = a.strides;
  const [r, s] = b.strides;
  const [u, v] = out.strides;
  const sums = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    sums.fill(0);
    for (let k = 0; k < inner; k++) {
      const value = x[a.offset + i * p + k * q];
      const start = b.offset + k * r;
      for (let j = 0; j < columns; j++) sums[j] += value * y[start + j * s];
    }
    const start = out.offset + i * u;
    for (let j = 0; j < columns; j++) {
      const at = start + j * v;
      z[at] = alpha * sums[j] + (beta === 0 ? 0 : beta * z[at]);
    }
  }
}
