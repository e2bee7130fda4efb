// Eigenvalues and singular values.

import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from "ml-matrix";
import { check } from "../errors.js";
import { define, run } from "../operation.js";
import type { Gradient, TensorImpl } from "../tensor.js";
import {
  checkBatch,
  matricesOf,
  product,
  rowsOf,
  stackMatrices,
  symmetric,
  transposeMatrix,
} from "./matrices.js";

/** @throws {TorchError} `ERR_TORCH` for NaN and infinities: the iterations of the library would not end. */
function checkFinite(name: string, matrix: Matrix): void {
  check(
    matrix.to1DArray().every(Number.isFinite),
    `linalg.${name}: The algorithm failed to converge because the input matrix contained non-finite values.`,
  );
}

function eigen(t: TensorImpl, triangle: string): EigenvalueDecomposition[] {
  checkBatch("eigh", t);
  check(/^[LU]$/i.test(triangle), `Expected UPLO argument to be 'L' or 'U', but got ${triangle}`);
  return matricesOf(t).map((matrix) => {
    checkFinite("eigh", matrix);
    const options = { assumeSymmetric: true };
    return new EigenvalueDecomposition(symmetric(matrix, /u/i.test(triangle)), options);
  });
}
define(
  'aten::linalg_eigh(Tensor self, str UPLO="L") -> (Tensor eigenvalues, Tensor eigenvectors)',
  (t: TensorImpl, triangle: string) => {
    const decompositions = eigen(t, triangle);
    const n = t.shape.at(-1)!;
    return [
      stackMatrices(
        t,
        [n],
        decompositions.map(({ realEigenvalues }) => realEigenvalues),
      ),
      stackMatrices(
        t,
        [n, n],
        decompositions.map(({ eigenvectorMatrix }) => rowsOf(eigenvectorMatrix)),
      ),
    ];
  },
  {
    derivative: ({ saveResult }) => {
      const values = saveResult(0);
      const vectors = saveResult(1);
      return (ofValues: Gradient, ofVectors: Gradient) => {
        const w = values();
        const v = vectors();
        let inner = ofValues ? run("diag_embed", ofValues) : run("zeros_like", v);
        if (ofVectors) {
          const gaps = run("sub.Tensor", run("unsqueeze", w, -2), run("unsqueeze", w, -1));
          const turn = product(transposeMatrix(v), ofVectors);
          // The diagonal belongs to the eigenvalues.
          const off = run(
            "masked_fill.Scalar",
            run("div.Tensor", turn, gaps),
            run("eq.Scalar", gaps, 0),
            0,
          );
          inner = run("add.Tensor", inner, off);
        }
        return [product(v, inner, transposeMatrix(v))];
      };
    },
  },
);
define(
  'aten::linalg_eigvalsh(Tensor self, str UPLO="L") -> Tensor',
  (t: TensorImpl, triangle: string) =>
    stackMatrices(
      t,
      [t.shape.at(-1) ?? 0],
      eigen(t, triangle).map(({ realEigenvalues }) => realEigenvalues),
    ),
);

interface SingularVectors {
  left: Matrix;
  right: Matrix;
  values: number[];
}

function singular(name: string, t: TensorImpl): SingularVectors[] {
  checkBatch("svd", t, false);
  return matricesOf(t).map((m) => {
    checkFinite(name, m);
    // Squares of large and small numbers would leave the range of float64.
    const numbers = m.to1DArray();
    const scale = numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
    const scaled = Matrix.from1DArray(
      m.rows,
      m.columns,
      numbers.map((x) => x / scale),
    );
    const svd = new SingularValueDecomposition(scaled, { autoTranspose: true });
    return {
      left: svd.leftSingularVectors,
      right: svd.rightSingularVectors,
      values: svd.diagonal.map((value) => value * scale),
    };
  });
}
define("aten::linalg_svdvals(Tensor A, *, str? driver=None) -> Tensor", (t: TensorImpl) =>
  stackMatrices(
    t,
    [Math.min(...t.shape.slice(-2))],
    singular("svdvals", t).map(({ values }) => values),
  ),
);
/** Orthonormal columns, as many as asked for: unit vectors complete the matrix. */
function completeColumns(m: Matrix, count: number): Matrix {
  const columns = Array.from({ length: Math.min(m.columns, count) }, (_, j) => m.getColumn(j));
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, x, i) => sum + x * b[i], 0);
  for (let k = 0; columns.length < count; k++) {
    let column = Array.from({ length: m.rows }, (_, i) => Number(i === k));
    for (const other of [...columns, ...columns]) {
      const along = dot(column, other);
      column = column.map((x, i) => x - along * other[i]);
    }
    const length = Math.sqrt(dot(column, column));
    if (length > 0.5 / m.rows) columns.push(column.map((x) => x / length));
  }
  return new Matrix(columns).transpose();
}
define(
  "aten::linalg_svd(Tensor A, bool full_matrices=True, *, str? driver=None) -> (Tensor U, Tensor S, Tensor Vh)",
  (t: TensorImpl, isFull: boolean) => {
    const decompositions = singular("svd", t);
    const rows = t.shape.at(-2)!;
    const columns = t.shape.at(-1)!;
    const n = Math.min(rows, columns);
    const left = isFull ? rows : n;
    const right = isFull ? columns : n;
    return [
      stackMatrices(
        t,
        [rows, left],
        decompositions.map((svd) => rowsOf(completeColumns(svd.left, left))),
      ),
      stackMatrices(
        t,
        [n],
        decompositions.map(({ values }) => values),
      ),
      stackMatrices(
        t,
        [right, columns],
        decompositions.map((svd) => rowsOf(completeColumns(svd.right, right).transpose())),
      ),
    ];
  },
);
