// Fast kernels for float32 in row-major order. Each returns false for operands that it is not for.
import { isSameShape } from "../shape.js";
import type { TensorImpl } from "../tensor.js";
import { forRuns, type RunVisitor } from "./loop.js";
import {
  copyMatrix,
  copyOut,
  copyVector,
  numbersAt,
  openScratch,
  roundUp,
  takeScratch,
  wasm,
} from "./wasm.js";

const isPlain = (t: TensorImpl) => t.dtype === "float32" && t.isDense;

const mapCodes: Readonly<Record<string, number>> = { exp: 0, sigmoid: 1, silu: 2 };

function mapByKernel(code: number, out: TensorImpl, x: TensorImpl): void {
  const n = roundUp(x.count, 4);
  openScratch(2 * n);
  const from = takeScratch(n);
  const to = takeScratch(n);
  copyVector(x, from);
  wasm.mapElements(code, from, to, n);
  out.array.set(numbersAt(to, x.count), out.offset);
}

type DenseLoop = (o: Float32Array, x: Float32Array, y: Float32Array) => void;
type StridedLoop = (arrays: readonly Float32Array[], ...run: Parameters<RunVisitor>) => void;
/** Loops that the compiler sees whole: over operands of one shape, and over a run of broadcast ones. */
const loops: Readonly<Record<string, { dense: DenseLoop; strided: StridedLoop }>> = {
  add: {
    dense: (o, x, y) => {
      for (let i = 0; i < o.length; i++) o[i] = x[i] + y[i];
    },
    strided: ([o, x, y], [i, j, l], [p, q, r], n) => {
      for (; n > 0; n--, i += p, j += q, l += r) o[i] = x[j] + y[l];
    },
  },
  sub: {
    dense: (o, x, y) => {
      for (let i = 0; i < o.length; i++) o[i] = x[i] - y[i];
    },
    strided: ([o, x, y], [i, j, l], [p, q, r], n) => {
      for (; n > 0; n--, i += p, j += q, l += r) o[i] = x[j] - y[l];
    },
  },
  mul: {
    dense: (o, x, y) => {
      for (let i = 0; i < o.length; i++) o[i] = x[i] * y[i];
    },
    strided: ([o, x, y], [i, j, l], [p, q, r], n) => {
      for (; n > 0; n--, i += p, j += q, l += r) o[i] = x[j] * y[l];
    },
  },
  div: {
    dense: (o, x, y) => {
      for (let i = 0; i < o.length; i++) o[i] = x[i] / y[i];
    },
    strided: ([o, x, y], [i, j, l], [p, q, r], n) => {
      for (; n > 0; n--, i += p, j += q, l += r) o[i] = x[j] / y[l];
    },
  },
};
const numbersOf = ({ array, offset, count }: TensorImpl) =>
  array.subarray(offset, offset + count) as Float32Array;

/** Computes an elementwise operation on broadcast operands. Returns false if there is no kernel for them. */
export function computeVectorised(
  name: string,
  out: TensorImpl,
  operands: readonly TensorImpl[],
): boolean {
  const code = mapCodes[name];
  const loop = loops[name];
  const all = [out, ...operands];
  if (all.some((t) => t.dtype !== "float32")) return false;
  const isOneRun = all.every((t) => t.isDense && isSameShape(t.shape, out.shape));
  if (code !== undefined && isOneRun) mapByKernel(code, out, operands[0]);
  else if (!loop) return false;
  else if (isOneRun) loop.dense(numbersOf(out), numbersOf(operands[0]), numbersOf(operands[1]));
  else {
    const arrays = all.map((t) => t.array as Float32Array);
    forRuns(out.shape, all, (at, step, n) => loop.strided(arrays, at, step, n));
  }
  return true;
}

/** Numbers of a second factor [k, n] in panels of eight columns. */
export const panelNumbers = (k: number, n: number): number => k * roundUp(n, 8);
/** Numbers of the packed rows of a first factor [m, k]. */
export const stripNumbers = (k: number): number => k * wasm.rowsAtOnce(k);

/** Where a product begins: with nothing, with a row for all rows, or with its result. */
type SumStart = { code: 0 } | { code: 1; bias: TensorImpl } | { code: 2; result: TensorImpl };

/** The address of a b in rows without gaps, of matrices [m, k] and [k, n]. */
function multiplyByKernel(a: TensorImpl, b: TensorImpl, start: SumStart): number {
  const m = a.shape[0];
  const k = a.shape[1];
  const n = b.shape[1];
  openScratch(m * k + k * n + panelNumbers(k, n) + stripNumbers(k) + 2 * m * n + n + 64);
  const x = copyMatrix(a);
  const y = copyMatrix(b);
  const panels = takeScratch(panelNumbers(k, n));
  const strips = takeScratch(stripNumbers(k));
  wasm.packPanels(y.address, y.row, y.column, panels, k, n);
  const address = start.code === 2 ? copyMatrix(start.result).address : takeScratch(m * n);
  const bias = start.code === 1 ? takeScratch(n) : 0;
  if (start.code === 1) copyVector(start.bias, bias);
  const sizes = [m, n, k, start.code, bias];
  wasm.multiplyPanels(x.address, x.row, x.column, panels, strips, address, 4 * n, ...sizes);
  return address;
}

const isFor = (a: TensorImpl, b: TensorImpl) =>
  a.dtype === "float32" && a.shape[0] * a.shape[1] * b.shape[1] > 0;

/** out = a b + beta out of matrices [m, k] and [k, n], beta 0 or 1. Returns false if there is no kernel for them. */
export function vectorisedProduct(
  out: TensorImpl,
  a: TensorImpl,
  b: TensorImpl,
  beta: number,
): boolean {
  if (!isFor(a, b) || out.dtype !== "float32" || (beta !== 0 && beta !== 1)) return false;
  const isTurned = !out.isDense && isSameShape(out.strides, [1, out.shape[0]]);
  if (beta === 1 && isTurned) return false;
  const address = multiplyByKernel(a, b, beta === 0 ? { code: 0 } : { code: 2, result: out });
  copyOut(address, out.shape[1], out);
  return true;
}

/** y = SiLU(x Wᵀ + bias) and its slope [m, n] of x [m, k], Wᵀ [k, n]. Returns false if there is no kernel for them. */
export function vectorisedLayer(
  y: TensorImpl,
  slope: TensorImpl | null,
  [x, weight, bias]: readonly [TensorImpl, TensorImpl, TensorImpl],
): boolean {
  if (!isFor(x, weight) || !bias.isDense) return false;
  const address = multiplyByKernel(x, weight, { code: 1, bias });
  const to = takeScratch(y.count);
  wasm.activateRows(address, slope ? to : 0, y.count);
  copyOut(address, y.shape[1], y);
  if (slope) copyOut(to, y.shape[1], slope);
  return true;
}

/** Sums [n] over the rows of a matrix [m, n]. Returns false if there is no kernel for it. */
export function vectorisedRowSums(out: TensorImpl, t: TensorImpl): boolean {
  if (t.ndim !== 2 || !isPlain(t)) return false;
  openScratch(t.count + t.shape[1] + 8);
  const from = takeScratch(t.count);
  const to = takeScratch(t.shape[1]);
  copyVector(t, from);
  wasm.sumRows(from, to, t.shape[0], t.shape[1]);
  out.array.set(numbersAt(to, t.shape[1]), out.offset);
  return true;
}

/** The sum of all elements; null if there is no kernel for the tensor. */
export function vectorisedSum(t: TensorImpl): number | null {
  if (!isPlain(t)) return null;
  openScratch(t.count + 4);
  const from = takeScratch(t.count);
  copyVector(t, from);
  return wasm.sumElements(from, t.count);
}

/** Numbers of the rows that are copied at once: they stay in the cache of a processor. */
const numbersOfBlock = 4096;
/** Shorter rows are as quick without a copy. */
const shortestRow = 16;

/** Visits rows along the last dimension by their address, and copies them into `result`. Returns false if there is no kernel for them. */
function forRows(
  t: TensorImpl,
  visit: (address: number, n: number, row: number) => void,
  result?: TensorImpl,
): boolean {
  const n = t.shape.at(-1) ?? 1;
  if (!isPlain(t) || n < shortestRow) return false;
  const most = Math.max(1, Math.floor(numbersOfBlock / n));
  for (let first = 0; first < t.count / n; first += most) {
    const at = first * n;
    const count = Math.min(most * n, t.count - at);
    openScratch(count + 4);
    const from = takeScratch(count);
    const numbers = numbersAt(from, count);
    numbers.set(numbersOf(t).subarray(at, at + count));
    for (let i = 0; i * n < count; i++) visit(from + 4 * i * n, n, first + i);
    result?.array.set(numbers, result.offset + at);
  }
  return true;
}

/** The logarithm of the sum of exponentials of each row. Returns false if there is no kernel for them. */
export function vectorisedLogSumExp(out: TensorImpl, t: TensorImpl): boolean {
  return forRows(t, (x, n, row) => {
    const top = wasm.largestElement(x, n);
    const shift = Number.isFinite(top) ? top : 0;
    out.array[out.offset + row] = shift + Math.log(wasm.sumExponentials(x, 0, n, shift));
  });
}

/** Softmax of each row. Returns false if there is no kernel for them. */
export function vectorisedSoftmax(out: TensorImpl, t: TensorImpl): boolean {
  const visit = (x: number, n: number) => {
    const sum = wasm.sumExponentials(x, x, n, wasm.largestElement(x, n));
    wasm.scaleElements(0, x, x, n, 1 / sum);
  };
  return forRows(t, visit, out);
}

/** A step of Adam by its rates in the order of the kernel. Returns false if there is no kernel for the tensors. */
export function vectorisedAdam(tensors: readonly TensorImpl[], rates: readonly number[]): boolean {
  const [p, g, m, v] = tensors;
  if (!tensors.every(isPlain)) return false;
  const n = roundUp(p.count, 4);
  openScratch(4 * n);
  const addresses = tensors.map((t) => {
    const address = takeScratch(n);
    copyVector(t, address);
    return address;
  });
  wasm.adamStep(addresses[0], addresses[1], addresses[2], addresses[3], n, ...rates);
  for (const [i, t] of [p, g, m, v].entries())
    if (t !== g) t.array.set(numbersAt(addresses[i], t.count), t.offset);
  return true;
}

/** Block `index` of 256 normal numbers of a stream of two keys. */
export function vectorisedNormals(k0: number, k1: number, index: number): Float32Array {
  openScratch(256);
  const address = takeScratch(256);
  wasm.normalBlock(address, k0 | 0, k1 | 0, index | 0, Math.floor(index / 2 ** 32) | 0);
  return numbersAt(address, 256);
}
