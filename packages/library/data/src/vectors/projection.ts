// Principal components: images as points of a small Euclidean space, with one common scale, so that
// Brownian bridges and transport costs keep their meaning.

import { BridgeError } from "@dsbm/bridge";
import { noGrad, type Tensor, tidy } from "@dsbm/torch";
import { covarianceEigenpairs } from "./eigenpairs.js";

/** z = (x − mean)·basis / scale, for samples [n, D] and coordinates [n, k]. */
export class Projection {
  constructor(
    /** Of the samples, [D]. */
    readonly mean: Tensor,
    /** Orthonormal [D, k], by decreasing variance. */
    readonly basis: Tensor,
    /** Length in the samples of one unit of the coordinates. */
    readonly scale: number,
    /** Each column's share of the variance, [k]. */
    readonly explained: readonly number[],
  ) {
    mean.keep();
    basis.keep();
  }

  /** Coordinates [n, k] of samples [n, …]. */
  project(x: Tensor): Tensor {
    return tidy(() => x.flatten({ startDim: 1 }).sub(this.mean).mm(this.basis).div(this.scale));
  }

  /** Samples [n, D] of coordinates [n, k]. */
  reconstruct(z: Tensor): Tensor {
    return tidy(() => z.mul(this.scale).mm(this.basis.t()).add(this.mean));
  }

  /** Tensors for a file: `mean` and `basis`. */
  stateDict(): Map<string, Tensor> {
    return new Map([
      ["mean", this.mean],
      ["basis", this.basis],
    ]);
  }

  /** Frees mean and basis. */
  dispose(): void {
    this.mean.dispose();
    this.basis.dispose();
  }
}

/**
 * The k principal components of samples [n, …], from the leading eigenvectors of their covariance in
 * float64 (Pearson 1901; see `covarianceEigenpairs`). The scale makes the variance of a coordinate 1
 * on average; each direction's largest entry is positive. Throws a BridgeError unless 1 ≤ k ≤ D,
 * n ≥ 2, and the samples vary.
 */
export function principalComponents(x: Tensor, { k }: { k: number }): Projection {
  return noGrad(() =>
    tidy(() => {
      const rows = x.flatten({ startDim: 1 }).to("float64");
      const [n, d] = rows.shape;
      if (!Number.isInteger(k) || k < 1 || k > d || n < 2)
        throw new BridgeError(
          "argument",
          `${k} principal components of ${n} samples of ${d} numbers; expected between 1 and ${d} components and at least 2 samples`,
        );
      const mean = rows.mean(0);
      const { values, vectors, total } = covarianceEigenpairs(rows.sub(mean), k);
      const variance = values.mean().item();
      if (!(variance > 0))
        throw new BridgeError(
          "data",
          `the samples have a variance of ${variance} along their principal components; expected samples that differ, all finite`,
        );
      const largest = vectors.abs().argmax({ dim: 0, keepdim: true });
      const basis = vectors.mul(vectors.gather(0, largest).sign());
      const explained = Array.from(values.div(total).toNumbers());
      const dtype = x.dtype;
      return new Projection(
        mean.to({ dtype, copy: true }),
        basis.to({ dtype, copy: true }).contiguous(),
        Math.sqrt(variance),
        explained,
      );
    }),
  );
}
