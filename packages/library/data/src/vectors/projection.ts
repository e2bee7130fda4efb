// Principal components: images as points of a small Euclidean space, with one common scale, so that
// Brownian bridges and transport costs keep their meaning.

import { BridgeError } from "@dsbm/bridge";
import { cat, type DType, noGrad, type Tensor, tidy, zeros } from "@dsbm/torch";
import {
  covarianceEigenpairs,
  type Eigenpairs,
  type EigenpairsUse,
  eigenpairsOf,
  fewColumns,
} from "./eigenpairs.js";

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

  /** Tensors for a file: `mean` [d] and `basis` [d, k]. */
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

/** Samples that are read in blocks, and need not fit into memory. */
export interface RowBlocks {
  /** Samples in all blocks. */
  n: number;
  /** The numbers D of a sample. */
  d: number;
  /** New tensors [count, D], from the first samples on; may be called again. */
  blocks(): Iterable<Tensor>;
}

/**
 * The k principal components of samples [n, …], or of blocks of samples, from the leading eigenvectors of their
 * covariance in float64 (Pearson 1901; see `covarianceEigenpairs`). The scale makes the variance of a coordinate 1 on
 * average; each direction's largest entry is positive. `use: "figure"` stops early: noise has no leading directions to
 * find.
 * @throws {BridgeError} unless 1 ≤ k ≤ D, n ≥ 2, and the samples vary.
 */
export function principalComponents(
  samples: Tensor | RowBlocks,
  { k, use = "coordinates" }: { k: number; use?: EigenpairsUse },
): Projection {
  return noGrad(() =>
    tidy(() => {
      const { n, d } = "blocks" in samples ? samples : sizeOf(samples);
      if (!Number.isInteger(k) || k < 1 || k > d || n < 2)
        throw new BridgeError(
          "argument",
          `${k} principal components of ${n} samples of ${d} numbers; expected between 1 and ${d} components and at least 2 samples`,
        );
      const { mean, pairs, dtype } =
        "blocks" in samples ? pairsOfBlocks(samples, k) : pairsOf(samples, k, use);
      const { values, vectors, total } = pairs;
      const variance = values.mean().item();
      if (!(variance > 0))
        throw new BridgeError(
          "data",
          `the samples have a variance of ${variance} along their principal components; expected samples that differ, all finite`,
        );
      const largest = vectors.abs().argmax({ dim: 0, keepdim: true });
      const signed = vectors.mul(vectors.gather(0, largest).sign());
      // Constant columns come back exactly.
      const basis = signed.mul(signed.abs().gt(roundingOfEntries));
      const explained = Array.from(values.div(total).toNumbers());
      return new Projection(
        mean.to({ dtype, copy: true }),
        basis.to({ dtype, copy: true }).contiguous(),
        Math.sqrt(variance),
        explained,
      );
    }),
  );
}

/** Entries of unit vectors that are rounding errors. */
const roundingOfEntries = 1e-13;

function sizeOf(x: Tensor): Pick<RowBlocks, "n" | "d"> {
  const [n, d] = x.flatten({ startDim: 1 }).shape;
  return { n, d };
}

/** The mean and the leading eigenpairs of the covariance, and the type of the samples. */
interface SamplePairs {
  /** [D] float64. */
  mean: Tensor;
  pairs: Eigenpairs;
  dtype: DType;
}

function pairsOf(x: Tensor, k: number, use: EigenpairsUse = "coordinates"): SamplePairs {
  // A copy of its own is centred in place: the rows may take most of the memory.
  const rows = x.flatten({ startDim: 1 }).to({ dtype: "float64", copy: true });
  const mean = rows.mean(0);
  return { mean, pairs: covarianceEigenpairs(rows.sub_(mean), k, use), dtype: x.dtype };
}

/** Several blocks of few columns are read twice, for their mean and their covariance; others at once. */
function pairsOfBlocks(samples: RowBlocks, k: number): SamplePairs {
  const { n, d, blocks } = samples;
  const [first] = blocks();
  if (first.size(0) === n) return pairsOf(first, k);
  return d > fewColumns ? pairsOf(cat([...blocks()]), k) : streamedPairs(samples, k);
}

function streamedPairs({ n, d, blocks }: RowBlocks, k: number): SamplePairs {
  const sum = zeros([d], { dtype: "float64" });
  const squares = zeros([d, d], { dtype: "float64" });
  let dtype: DType = "float32";
  for (const block of blocks()) {
    dtype = block.dtype;
    tidy(() => sum.add_(block.to("float64").sum(0)));
    block.dispose();
  }
  const mean = sum.div(n);
  for (const block of blocks()) {
    tidy(() => {
      const rows = block.to("float64").sub(mean);
      squares.add_(rows.t().mm(rows));
    });
    block.dispose();
  }
  return { mean, pairs: eigenpairsOf(squares.div(n - 1), k), dtype };
}
