// Fast kernels for float32 in row-major order. Each returns false for operands that it is not for.
import { isSameShape } from "../shape.js";
import type { TensorImpl } from "../tensor.js";
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

type Loop = (o: Float32Array, x: Float32Array, y: Float32Array) => void;
/** Loops that the compiler sees whole. */
const loops: Readonly<Record<string, Loop>> = {
  add: (o, x, y) => {
    for (let i = 0; i < o.length; i++) o[i] = x[i] + y[i];
  },
  sub: (o, x, y) => {
    for (let i = 0; i < o.length; i++) o[i] = x[i] - y[i];
  },
  mul: (o, x, y) => {
    for (let i = 0; i < o.length; i++) o[i] = x[i] * y[i];
  },
};
const numbersOf = ({ array, offset, count }: TensorImpl) =>
  array.subarray(offset, offset + count) as Float32Array;

/** Computes an elementwise operation on operands of one shape. Returns false if there is no kernel for them. */
export function computeVectorised(
  name: string,
  out: TensorImpl,
  operands: readonly TensorImpl[],
): boolean {
  if (!isPlain(out)) return false;
  for (const t of operands) if (!isPlain(t) || !isSameShape(t.shape, out.shape)) return false;
  const code = mapCodes[name];
  if (code !== undefined) {
    mapByKernel(code, out, operands[0]);
    return true;
  }
  const loop = operands.length === 2 ? loops[name] : undefined;
  loop?.(numbersOf(out), numbersOf(operands[0]), numbersOf(operands[1]));
  return loop !== undefined;
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
