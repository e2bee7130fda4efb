// Shapes, strides and broadcasting, with libtorch's messages.
import { check, fail } from "./errors.js";

/** The number of elements. */
export function countOf(shape: readonly number[]): number {
  let n = 1;
  for (const size of shape) n *= size;
  return n;
}

/** Strides of a row-major tensor. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let n = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = n;
    n *= Math.max(shape[i], 1);
  }
  return strides;
}

/** Whether elements lie in row-major order without gaps. */
export function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let n = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] === 1) continue;
    if (shape[i] === 0) return true;
    if (strides[i] !== n) return false;
    n *= shape[i];
  }
  return true;
}

/** Whether both shapes are the same. */
export function isSameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * The shape that both broadcast to.
 * @throws {TorchError} `ERR_TORCH`
 */
export function broadcastOf(a: readonly number[], b: readonly number[]): readonly number[] {
  if (isSameShape(a, b)) return a;
  const n = Math.max(a.length, b.length);
  const out = new Array<number>(n);
  for (let i = 0; i < n; i++) {
    const x = a[i - n + a.length] ?? 1;
    const y = b[i - n + b.length] ?? 1;
    check(
      x === y || x === 1 || y === 1,
      () =>
        `The size of tensor a (${x}) must match the size of tensor b (${y}) at non-singleton dimension ${i}`,
    );
    out[i] = x === 1 ? y : x;
  }
  return out;
}

/** Strides by which a tensor is read as one of another shape; 0 for repeated elements. */
export function stridesIn(
  shape: readonly number[],
  strides: readonly number[],
  to: readonly number[],
): number[] {
  const skip = to.length - shape.length;
  return to.map((_, i) => (i < skip || shape[i - skip] === 1 ? 0 : strides[i - skip]));
}

/**
 * A dimension counted from the start.
 * @throws {TorchError} `ERR_TORCH_INDEX`
 */
export function wrapDim(dim: number, ndim: number): number {
  const n = Math.max(ndim, 1);
  if (!(dim >= -n && dim < n))
    fail(
      "ERR_TORCH_INDEX",
      `Dimension out of range (expected to be in range of [${-n}, ${n - 1}], but got ${dim})`,
    );
  return dim < 0 ? dim + n : dim;
}

/**
 * Dimensions counted from the start, each once; all of them for none.
 * @throws {TorchError} `ERR_TORCH`
 */
export function wrapDims(dims: readonly number[] | null | undefined, ndim: number): number[] {
  if (!dims || dims.length === 0) return Array.from({ length: ndim }, (_, i) => i);
  const out = dims.map((dim) => wrapDim(dim, ndim));
  const twice = out.find((dim, i) => out.indexOf(dim) !== i);
  check(twice === undefined, `dim ${twice} appears multiple times in the list of dims`);
  return ndim === 0 ? [] : out;
}

/**
 * Sizes with a −1 replaced by the remaining factor.
 * @throws {TorchError} `ERR_TORCH`
 */
export function inferSizes(sizes: readonly number[], count: number): number[] {
  const free = sizes.indexOf(-1);
  check(free < 0 || sizes.indexOf(-1, free + 1) < 0, "only one dimension can be inferred");
  check(
    sizes.every((size, i) => size >= 0 || i === free),
    `invalid shape dimension ${sizes.find((size, i) => size < 0 && i !== free)}`,
  );
  const fixed = countOf(sizes.filter((_, i) => i !== free));
  const isPossible = free < 0 ? fixed === count : fixed > 0 && count % fixed === 0;
  check(
    free < 0 || fixed > 0,
    `cannot reshape tensor of ${count} elements into shape [${sizes.join(", ")}] because the unspecified dimension size -1 can be any value and is ambiguous`,
  );
  check(isPossible, `shape '[${sizes.join(", ")}]' is invalid for input of size ${count}`);
  return sizes.map((size, i) => (i === free ? count / fixed : size));
}

/** Strides of a view of other sizes, or null if the elements do not lie so. */
export function viewStrides(
  shape: readonly number[],
  strides: readonly number[],
  sizes: readonly number[],
): number[] | null {
  if (countOf(shape) === 0) return isSameShape(shape, sizes) ? [...strides] : rowMajor(sizes);
  const out = new Array<number>(sizes.length);
  let dim = sizes.length - 1;
  let base = strides.at(-1) ?? 1;
  let elements = 1;
  let taken = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    elements *= shape[i];
    const isEnd = i === 0 || (shape[i - 1] !== 1 && strides[i - 1] !== elements * base);
    if (!isEnd) continue;
    while (dim >= 0 && (taken < elements || sizes[dim] === 1)) {
      out[dim] = taken * base;
      taken *= sizes[dim];
      dim--;
    }
    if (taken !== elements) return null;
    if (i > 0) {
      base = strides[i - 1];
      elements = 1;
      taken = 1;
    }
  }
  for (; dim >= 0; dim--) {
    if (sizes[dim] !== 1) return null;
    out[dim] = taken * base;
  }
  return out;
}
