import { kindOf } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { type Tensor, Tensor as TensorClass, tensor, tidy } from "@dsbm/torch";
import type { Cells } from "./cells.js";

/** Numbers in row-major order, and their shape [n, …]. */
export interface ShapedNumbers {
  /** Bytes are image values from 0 to 255. */
  data: Float32Array | Float64Array | Uint8Array;
  /** [n, d] or [n, C, H, W]; the product is the length of `data`. */
  shape: readonly number[];
}

/** Samples [n, …]: a tensor, a typed array with its shape, or rows of numbers (vectors), with texts for categories. */
export type Rows = Tensor | ShapedNumbers | readonly (readonly number[])[] | readonly Cells[];

/** Samples of the input's type. */
export type SameKind<R extends Rows> = R extends Tensor
  ? Tensor
  : R extends ShapedNumbers
    ? ShapedNumbers
    : R extends readonly (readonly number[])[]
      ? number[][]
      : (number | string)[][];

const expectedRows =
  "expected a tensor [n, …], { data: Float32Array, shape: [n, …] } or an array of rows of numbers";

/**
 * A new tensor on the processor: float32, float64 or bytes; the caller owns it. It has the shape of the rows.
 * @throws {ConfigError} for no rows, other types and unequal rows.
 */
export function toTensor(rows: Rows, what: string): Tensor {
  const refuse = (problem: string): never => {
    throw new ConfigError(`${what} is ${problem}; ${expectedRows}`, "shape");
  };
  if (rows instanceof TensorClass) {
    if (!["float32", "float64", "uint8"].includes(rows.dtype)) refuse(`a tensor of ${rows.dtype}`);
    return tidy(() => rows.detach().to({ device: "cpu" }).clone().keep());
  }
  if (Array.isArray(rows)) {
    const [first] = rows as readonly (readonly number[])[];
    if (!Array.isArray(first)) refuse("an array without rows");
    const d = (first as readonly number[]).length;
    const odd = rows.findIndex(
      (row) => !Array.isArray(row) || row.length !== d || !row.every((x) => typeof x === "number"),
    );
    if (odd >= 0) refuse(`an array whose row ${odd} is not ${d} numbers, as row 0 is`);
    const data = Float64Array.from(rows.flat());
    return tidy(() => tensor(data, { shape: [rows.length, d] }).keep());
  }
  const { data, shape } = Object(rows) as Partial<ShapedNumbers>;
  const isTyped = [Float32Array, Float64Array, Uint8Array].some((kind) => data instanceof kind);
  if (!data || !isTyped) return refuse(kindOf(rows));
  const count = shape?.reduce((a, b) => a * b, 1);
  if (shape === undefined || shape.length < 2 || count !== data.length)
    return refuse(`${data.length} numbers of shape [${shape ?? ""}]`);
  return tidy(() => tensor(data, { shape }).keep());
}

/** A tensor [n, …] as the type of `like`. A tensor is handed over, else it is disposed. */
export function sameKind<R extends Rows>(x: Tensor, like: R): SameKind<R> {
  if (like instanceof TensorClass) return x as SameKind<R>;
  const { shape } = x;
  const data = x.contiguous().toArray() as ShapedNumbers["data"];
  x.dispose();
  if (!Array.isArray(like)) return { data, shape: [...shape] } as ShapedNumbers as SameKind<R>;
  const [n, d] = shape as [number, number];
  const row = (_: unknown, i: number) => Array.from(data.subarray(i * d, (i + 1) * d));
  return Array.from({ length: n }, row) as SameKind<R>;
}
