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

/** Fewer elements than these do not pay for a copy. */
const fewestElements = 64;
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
  if (out.count < fewestElements || !isPlain(out)) return false;
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

/** Fewer products than these do not pay for a copy. */
const fewestProducts = 1024;

interface Product {
  /** Address of the result, in rows of `width`. */
  address: number;
  width: number;
}

function multiplyByKernel(
  a: TensorImpl,
  b: TensorImpl,
  start: TensorImpl | null,
  beta: number,
): Product {
  const m = a.shape[0];
  const k = a.shape[1];
  const width = roundUp(b.shape[1], 8);
  const rows = roundUp(m, 4);
  openScratch(2 * (rows * k + k * width + 2 * rows * width) + 8 * width + 256);
  const x = copyMatrix(a, k);
  const y = copyMatrix(b, width);
  const address = takeScratch(rows * width);
  wasm.multiplyMatrices(x, y, address, rows, width, k);
  if (start) wasm.addScaled(address, copyMatrix(start, width), beta, rows * width);
  return { address, width };
}

const isFor = (a: TensorImpl, b: TensorImpl) =>
  a.dtype === "float32" && a.shape[0] * a.shape[1] * b.shape[1] >= fewestProducts;

/** out = a b + beta out of matrices [m, k] and [k, n]. Returns false if there is no kernel for them. */
export function vectorisedProduct(
  out: TensorImpl,
  a: TensorImpl,
  b: TensorImpl,
  beta: number,
): boolean {
  if (!isFor(a, b) || out.dtype !== "float32") return false;
  const { address, width } = multiplyByKernel(a, b, beta === 0 ? null : out, beta);
  copyOut(address, width, out);
  return true;
}

/** y = SiLU(x Wᵀ + bias) and its slope [m, n] of x [m, k], Wᵀ [k, n]. Returns false if there is no kernel for them. */
export function vectorisedLayer(
  y: TensorImpl,
  slope: TensorImpl | null,
  [x, weight, bias]: readonly [TensorImpl, TensorImpl, TensorImpl],
): boolean {
  if (!isFor(x, weight) || !bias.isDense) return false;
  const { address, width } = multiplyByKernel(x, weight, null, 0);
  const rows = y.shape[0];
  const n = y.shape[1];
  const add = takeScratch(width);
  numbersAt(add, width).fill(0);
  copyVector(bias, add);
  const to = takeScratch(rows * width);
  wasm.activateRows(address, add, to, rows, width);
  copyOut(address, width, y);
  if (slope && n > 0) copyOut(to, width, slope);
  return true;
}

/** Sums [n] over the rows of a matrix [m, n]. Returns false if there is no kernel for it. */
export function vectorisedRowSums(out: TensorImpl, t: TensorImpl): boolean {
  if (t.ndim !== 2 || t.count < fewestElements || !isPlain(t) || t.shape[1] % 4 !== 0) return false;
  openScratch(t.count + t.shape[1]);
  const from = takeScratch(t.count);
  const to = takeScratch(t.shape[1]);
  copyVector(t, from);
  wasm.sumRows(from, to, t.shape[0], t.shape[1]);
  out.array.set(numbersAt(to, t.shape[1]), out.offset);
  return true;
}

/** A step of Adam by its rates in the order of the kernel. Returns false if there is no kernel for the tensors. */
export function vectorisedAdam(tensors: readonly TensorImpl[], rates: readonly number[]): boolean {
  const [p, g, m, v] = tensors;
  if (p.count < fewestElements || !tensors.every(isPlain)) return false;
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
