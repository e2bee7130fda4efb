// Batches of matrices, as ml-matrix takes and gives them.
import { Matrix } from "ml-matrix";
import { elementType, isFloating } from "../dtype.js";
import { check } from "../errors.js";
import { run } from "../operation.js";
import { countOf } from "../shape.js";
import { allocate, refuseHalf, type TensorImpl } from "../tensor.js";

/** @throws {TorchError} `ERR_TORCH` unless `t` is [.., n, m] of floating point numbers, with n = m for square ones. */
export function checkBatch(name: string, t: TensorImpl, isSquare = true): void {
  check(t.ndim >= 2, () => `linalg.${name}: The input tensor A must have at least 2 dimensions.`);
  const [rows, columns] = t.shape.slice(-2);
  check(
    !isSquare || rows === columns,
    () =>
      `linalg.${name}: A must be batches of square matrices, but they are ${rows} by ${columns} matrices`,
  );
  check(
    isFloating(t.dtype),
    () =>
      `linalg.${name}: Expected a floating point or complex tensor as input. Got ${elementType(t.dtype).title}`,
  );
  refuseHalf(t.dtype, `linalg.${name}`);
}

/** The matrices of a batch. */
export function matricesOf(t: TensorImpl): Matrix[] {
  const dense = run("contiguous", t);
  const [rows, columns] = t.shape.slice(-2);
  return Array.from({ length: countOf(t.shape.slice(0, -2)) }, (_, k) => {
    const start = dense.offset + k * rows * columns;
    const matrix = new Matrix(rows, columns);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) matrix.set(i, j, dense.array[start + i * columns + j]);
    return matrix;
  });
}

/** A batch of numbers in row-major order. */
export function stackMatrices(
  like: TensorImpl,
  tail: readonly number[],
  parts: readonly ArrayLike<number>[],
): TensorImpl {
  const out = allocate([...like.shape.slice(0, -2), ...tail], like.dtype);
  const n = countOf(tail);
  parts.forEach((part, k) => {
    for (let i = 0; i < n; i++) out.array[k * n + i] = part[i];
  });
  return out;
}
/** The elements of a matrix, row by row. */
export const rowsOf = (matrix: Matrix) => matrix.to1DArray();

/** [.., n, m] → [.., m, n]. */
export const transposeMatrix = (t: TensorImpl) => run("transpose.int", t, -2, -1);
/** The product of matrices [.., n, m], from the left. */
export const product = (...parts: TensorImpl[]) => parts.reduce((a, b) => run("matmul", a, b));

/** The symmetric matrix of one triangle. */
export function symmetric(matrix: Matrix, isUpper: boolean): Matrix {
  for (let i = 0; i < matrix.rows; i++)
    for (let j = 0; j < i; j++)
      if (isUpper) matrix.set(i, j, matrix.get(j, i));
      else matrix.set(j, i, matrix.get(i, j));
  return matrix;
}
