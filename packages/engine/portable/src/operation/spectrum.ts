// Eigenvalues and singular values.
import { EigenvalueDecomposition, type Matrix, SingularValueDecomposition } from "ml-matrix";
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

function eigen(t: TensorImpl, triangle: string): EigenvalueDecomposition[] {
  checkBatch("eigh", t);
  check(/^[LU]$/i.test(triangle), `Expected UPLO argument to be 'L' or 'U', but got ${triangle}`);
  return matricesOf(t).map((matrix) => {
    check(
      matrix.to1DArray().every(Number.isFinite),
      "linalg.eigh: The algorithm failed to converge because the input matrix contained non-finite values.",
    );
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

function singular(t: TensorImpl): SingularValueDecomposition[] {
  checkBatch("svd", t, false);
  return matricesOf(t).map((m) => new SingularValueDecomposition(m, { autoTranspose: true }));
}
define("aten::linalg_svdvals(Tensor A, *, str? driver=None) -> Tensor", (t: TensorImpl) =>
  stackMatrices(
    t,
    [Math.min(...t.shape.slice(-2))],
    singular(t).map(({ diagonal }) => diagonal),
  ),
);
define(
  "aten::linalg_svd(Tensor A, bool full_matrices=True, *, str? driver=None) -> (Tensor U, Tensor S, Tensor Vh)",
  (t: TensorImpl, isFull: boolean) => {
    const [rows, columns] = t.shape.slice(-2);
    const n = Math.min(rows, columns);
    check(
      !isFull || rows === columns,
      "linalg.svd: full factors of a rectangular matrix need libtorch",
    );
    const decompositions = singular(t);
    const part = (m: Matrix) => rowsOf(m.subMatrix(0, m.rows - 1, 0, n - 1));
    return [
      stackMatrices(
        t,
        [rows, n],
        decompositions.map((svd) => part(svd.leftSingularVectors)),
      ),
      stackMatrices(
        t,
        [n],
        decompositions.map(({ diagonal }) => diagonal),
      ),
      stackMatrices(
        t,
        [n, columns],
        decompositions.map((svd) => {
          const v = svd.rightSingularVectors;
          return rowsOf(v.subMatrix(0, v.rows - 1, 0, n - 1).transpose());
        }),
      ),
    ];
  },
);
