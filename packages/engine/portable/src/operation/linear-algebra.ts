// Decompositions of matrices by ml-matrix, in float64, over any leading dimensions.
import { CholeskyDecomposition, LuDecomposition, Matrix, QrDecomposition } from "ml-matrix";
import { check, fail } from "../errors.js";
import { compose, define, run } from "../operation.js";
import { allocate, type Gradient, type TensorImpl } from "../tensor.js";
import {
  checkBatch,
  matricesOf,
  product,
  rowsOf,
  stackMatrices,
  symmetric,
  transposeMatrix,
} from "./matrices.js";

/** The inverse, or null of a singular matrix. */
function inverseOf(matrix: Matrix): Matrix | null {
  const lu = new LuDecomposition(matrix);
  return lu.isSingular() ? null : lu.solve(Matrix.eye(matrix.rows));
}
const noInverse = (name: string, matrix: Matrix): never => {
  const u = new LuDecomposition(matrix).upperTriangularMatrix;
  const at = u.diagonal().indexOf(0) + 1;
  return fail(
    "ERR_TORCH",
    `linalg.${name}: The diagonal element ${at} is zero, the ${name === "inv" ? "inversion" : "solve"} could not be completed because the input matrix is singular.`,
  );
};
/** −A⁻ᵀ G A⁻ᵀ. */
const inverseSlope = (inverse: TensorImpl, g: TensorImpl) =>
  run("neg", product(transposeMatrix(inverse), g, transposeMatrix(inverse)));
define(
  "aten::linalg_inv(Tensor A) -> Tensor",
  (t: TensorImpl) => {
    checkBatch("inv", t);
    const parts = matricesOf(t).map((m) => rowsOf(inverseOf(m) ?? noInverse("inv", m)));
    return stackMatrices(t, t.shape.slice(-2), parts);
  },
  {
    derivative: ({ saveResult }) => {
      const inverse = saveResult();
      return (g) => [inverseSlope(inverse(), g!)];
    },
  },
);
define(
  "aten::linalg_inv_ex(Tensor A, *, bool check_errors=False) -> (Tensor inverse, Tensor info)",
  (t: TensorImpl, isChecked: boolean) => {
    checkBatch("inv", t);
    const decompositions = matricesOf(t).map((m) => ({ m, inverse: inverseOf(m) }));
    const info = allocate(t.shape.slice(0, -2), "int32");
    const parts = decompositions.map(({ m, inverse }, k) => {
      if (!inverse && isChecked) noInverse("inv", m);
      info.array[k] = inverse ? 0 : 1;
      return inverse
        ? rowsOf(inverse)
        : new Float64Array(m.rows ** 2).fill(Number.POSITIVE_INFINITY);
    });
    return [stackMatrices(t, t.shape.slice(-2), parts), info];
  },
  {
    derivative: ({ saveResult }) => {
      const inverse = saveResult();
      return (g) => [g && inverseSlope(inverse(), g)];
    },
  },
);
define(
  "aten::linalg_solve(Tensor A, Tensor B, *, bool left=True) -> Tensor",
  (a: TensorImpl, b: TensorImpl, isLeft: boolean) => {
    checkBatch("solve", a);
    check(isLeft, "linalg.solve: left=False needs libtorch");
    check(a.dtype === b.dtype, "linalg.solve: Expected A and B to have the same dtype");
    const isVector = b.ndim === a.ndim - 1;
    const right = isVector ? run("unsqueeze", b, -1) : b;
    check(
      `${right.shape.slice(0, -1)}` === `${a.shape.slice(0, -1)}`,
      () =>
        `linalg.solve: Incompatible shapes of A and B for the equation AX = B (${a.shape.slice(-2).join("x")} and ${right.shape.slice(-2).join("x")})`,
    );
    const sides = matricesOf(right);
    const parts = matricesOf(a).map((m, k) => {
      const lu = new LuDecomposition(m);
      return rowsOf(lu.isSingular() ? noInverse("solve", m) : lu.solve(sides[k]));
    });
    const x = stackMatrices(a, right.shape.slice(-2), parts);
    return isVector ? run("squeeze.dim", x, -1) : x;
  },
  {
    derivative: ({ save, saveResult }, a) => {
      const matrix = save(a);
      const x = saveResult();
      return (g) => {
        const isVector = x().ndim === matrix().ndim - 1;
        const side = run("linalg_solve", transposeMatrix(matrix()), g);
        const columns = (t: TensorImpl) => (isVector ? run("unsqueeze", t, -1) : t);
        return [run("neg", product(columns(side), transposeMatrix(columns(x())))), side];
      };
    },
  },
);
define(
  "aten::linalg_cholesky(Tensor self, *, bool upper=False) -> Tensor",
  (t: TensorImpl, isUpper: boolean) => {
    checkBatch("cholesky", t);
    const parts = matricesOf(t).map((m) => {
      const decompositions = new CholeskyDecomposition(symmetric(m, isUpper));
      check(
        decompositions.isPositiveDefinite(),
        "linalg.cholesky: The factorization could not be completed because the input is not positive-definite (the leading minor is not positive-definite).",
      );
      const lower = decompositions.lowerTriangularMatrix;
      return rowsOf(isUpper ? lower.transpose() : lower);
    });
    return stackMatrices(t, t.shape.slice(-2), parts);
  },
  {
    derivative: ({ saveResult }, _, isUpper: boolean) => {
      const result = saveResult();
      return (g) => {
        const [lower, by] = isUpper
          ? [transposeMatrix(result()), transposeMatrix(g!)]
          : [result(), g!];
        const inner = run("tril", product(transposeMatrix(lower), by));
        const inverse = run("linalg_inv", lower);
        const phi = run(
          "mul.Scalar",
          run("add.Tensor", inner, transposeMatrix(run("tril", inner, -1))),
          0.5,
        );
        return [product(transposeMatrix(inverse), phi, inverse)];
      };
    },
  },
);
define(
  "aten::linalg_slogdet(Tensor A) -> (Tensor sign, Tensor logabsdet)",
  (t: TensorImpl) => {
    checkBatch("slogdet", t);
    const sign = allocate(t.shape.slice(0, -2), t.dtype);
    const log = allocate(t.shape.slice(0, -2), t.dtype);
    matricesOf(t).forEach((m, k) => {
      const lu = new LuDecomposition(m);
      const diagonal = lu.upperTriangularMatrix.diagonal();
      log.array[k] = diagonal.reduce((sum, x) => sum + Math.log(Math.abs(x)), 0);
      const hasNone = Number.isNaN(log.array[k]) || log.array[k] === Number.NEGATIVE_INFINITY;
      sign.array[k] = hasNone ? 0 : Math.sign(lu.determinant) || signOf(diagonal, lu);
    });
    return [sign, log];
  },
  {
    derivative: ({ save }, t) => {
      const a = save(t);
      return (_: Gradient, g: Gradient) => {
        if (!g) return [null];
        const by = run("unsqueeze", run("unsqueeze", g, -1), -1);
        return [run("mul.Tensor", transposeMatrix(run("linalg_inv", a())), by)];
      };
    },
  },
);
/** The sign where the determinant itself leaves the range of numbers. */
function signOf(diagonal: readonly number[], lu: LuDecomposition): number {
  const negative = diagonal.filter((x) => x < 0).length;
  const order = [...lu.pivotPermutationVector];
  let swaps = 0;
  for (let i = 0; i < order.length; i++)
    while (order[i] !== i) {
      const j = order[i];
      [order[i], order[j]] = [order[j], order[i]];
      swaps++;
    }
  return (negative + swaps) % 2 === 0 ? 1 : -1;
}

define(
  'aten::linalg_qr(Tensor A, str mode="reduced") -> (Tensor Q, Tensor R)',
  (t: TensorImpl, mode: string) => {
    checkBatch("qr", t, false);
    check(mode === "reduced", () => `linalg.qr: mode ${mode} needs libtorch; expected reduced`);
    const rows = t.shape.at(-2)!;
    const n = Math.min(rows, t.shape.at(-1)!);
    // A wide matrix has the factor Q of its first columns.
    const q = stackMatrices(
      t,
      [rows, n],
      matricesOf(run("narrow", t, -1, 0, n)).map((m) =>
        rowsOf(new QrDecomposition(m).orthogonalMatrix),
      ),
    );
    return [q, run("triu", product(transposeMatrix(q), t))];
  },
);
compose({
  "aten::linalg_det(Tensor A) -> Tensor": (t) => {
    const [sign, log] = run<TensorImpl[]>("linalg_slogdet", t);
    return run("mul.Tensor", sign, run("exp", log));
  },
  "aten::logdet(Tensor self) -> Tensor": (t) => {
    const [sign, log] = run<TensorImpl[]>("linalg_slogdet", t);
    return run("masked_fill.Scalar", log, run("lt.Scalar", sign, 0), Number.NaN);
  },
  "aten::linalg_multi_dot(Tensor[] tensors) -> Tensor": (tensors: TensorImpl[]) => {
    check(
      tensors.length > 1,
      () => `multi_dot(): expected at least 2 tensors but got ${tensors.length}`,
    );
    return product(...tensors);
  },
});
