// The kernels in WebAssembly and their scratch memory: outside of programs, operands are copied into it, results out of it.
import { isSameShape } from "../shape.js";
import type { TensorImpl } from "../tensor.js";
import { kernels, relaxedKernels } from "./kernels.generated.js";

type Numbers = readonly number[];

/** Functions of assembly/*.ts; addresses and strides are bytes, sizes elements. */
export interface Kernels {
  packPanels(b: number, row: number, column: number, to: number, k: number, n: number): void;
  rowsAtOnce(k: number): number;
  multiplyPanels(...addressesAndSizes: Numbers): void;
  multiplyDoubles(strips: number, panels: number, c: number, ...counts: Numbers): void;
  activateRows(y: number, s: number, n: number): void;
  mapElements(code: number, x: number, y: number, n: number): void;
  combineElements(...codeAddressesAndSizes: Numbers): void;
  multiplyPair(x: number, y: number, out: number, n: number, factor: number, step: number): void;
  scaleElements(code: number, x: number, y: number, n: number, s: number): void;
  copyRows(x: number, rowOfX: number, y: number, rowOfY: number, m: number, n: number): void;
  addRows(x: number, row: number, y: number, m: number, n: number, factor: number): void;
  sumRows(g: number, sums: number, m: number, n: number): void;
  sumElements(x: number, n: number): number;
  largestElement(x: number, n: number): number;
  sumExponentials(x: number, y: number, n: number, shift: number): number;
  adamStep(p: number, g: number, m: number, v: number, n: number, ...rates: number[]): void;
  averageElements(average: number, x: number, n: number, weight: number): void;
  normalBlock(out: number, key0: number, key1: number, index0: number, index1: number): void;
}

/** A growing memory. */
export interface KernelMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** What this file needs of the global that Node and browsers have. */
declare const WebAssembly: {
  Memory: new (size: { initial: number }) => KernelMemory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
  validate(bytes: Uint8Array): boolean;
};

const page = 65_536;

const bytesOf = (hexadecimal: string) =>
  Uint8Array.from(hexadecimal.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** The kernels for this processor: with relaxed SIMD where there is relaxed SIMD. */
function compile(): object {
  const relaxed = bytesOf(relaxedKernels);
  return new WebAssembly.Module(WebAssembly.validate(relaxed) ? relaxed : bytesOf(kernels));
}
const module = compile();

/** Bytes at the start of each memory that kernels read: `constants`, and zeros from 64 on. */
export const bytesOfConstants = 128;

/** Numbers of kernels at the start of each memory: 1, bounds of eˣ, 1.5 · 2²³, 1 / log 2, −log 2 in two parts, a polynomial. */
const constants = [
  1,
  88,
  -87,
  12582912,
  Math.LOG2E,
  -0.693359375,
  2.1219444e-4,
  1.98756915e-4,
  1.3981999507e-3,
  8.3334519073e-3,
  4.1665795894e-2,
  1.6666665459e-1,
  0.50000001201,
];

/**
 * A new memory and the kernels that work on it; its first bytes are taken by constants.
 * @throws {RangeError} without memory
 */
export function createKernels(pages: number): { memory: KernelMemory; wasm: Kernels } {
  const memory = new WebAssembly.Memory({ initial: pages });
  new Float32Array(memory.buffer).set(constants);
  const abort = () => {
    throw new RangeError("a kernel was stopped");
  };
  const instance = new WebAssembly.Instance(module, { env: { memory, abort } });
  return { memory, wasm: instance.exports as Kernels };
}

/**
 * Grows a memory to at least so many bytes. Returns whether it grew.
 * @throws {RangeError} without memory.
 */
export function growTo(memory: KernelMemory, bytes: number): boolean {
  const missing = bytes - memory.buffer.byteLength;
  if (missing <= 0) return false;
  memory.grow(Math.ceil(missing / page));
  return true;
}

const scratch = createKernels(16);
const { memory } = scratch;
/** The compiled kernels, on the scratch memory. */
export const wasm: Kernels = scratch.wasm;

let floats = new Float32Array(memory.buffer);
let doubles = new Float64Array(memory.buffer);
let top = 0;

/**
 * Clears the scratch memory, with room for so many numbers.
 * @throws {RangeError} without memory.
 */
export function openScratch(count: number): void {
  top = bytesOfConstants;
  growTo(memory, top + 4 * count + 64);
  if (floats.buffer === memory.buffer) return;
  floats = new Float32Array(memory.buffer);
  doubles = new Float64Array(memory.buffer);
}

/** The address of so many numbers, without defined values. */
export function takeScratch(count: number): number {
  const address = top;
  top += Math.ceil(count / 4) * 16;
  return address;
}

/** Numbers at an address. */
export const numbersAt = (address: number, count: number): Float32Array =>
  floats.subarray(address >> 2, (address >> 2) + count);

/** Float64 numbers at an address. */
export const doublesAt = (address: number, count: number): Float64Array =>
  doubles.subarray(address >> 3, (address >> 3) + count);

/** Up to a multiple. */
export const roundUp = (n: number, unit: number): number => Math.ceil(n / unit) * unit;

const dataOf = ({ array, offset, count }: TensorImpl) => array.subarray(offset, offset + count);

/** Copies all elements of a row-major tensor to an address. */
export function copyVector(t: TensorImpl, address: number): void {
  floats.set(dataOf(t), address >> 2);
}

/** A matrix in the scratch memory. */
export interface ScratchMatrix {
  address: number;
  /** Strides in bytes. */
  row: number;
  column: number;
}

/** Copies a matrix [m, n] of any strides; rows or columns without gaps stay as they are. */
export function copyMatrix(t: TensorImpl): ScratchMatrix {
  const m = t.shape[0];
  const n = t.shape[1];
  const address = takeScratch(m * n);
  const isTurned = isSameShape(t.strides, [1, m]);
  if (t.isDense || isTurned) {
    copyVector(t, address);
    return isTurned ? { address, row: 4, column: 4 * m } : { address, row: 4 * n, column: 4 };
  }
  const start = address >> 2;
  const row = t.strides[0];
  const step = t.strides[1];
  for (let i = 0; i < m; i++) {
    const from = t.offset + i * row;
    const to = start + i * n;
    if (step === 1) floats.set(t.array.subarray(from, from + n), to);
    else for (let j = 0; j < n; j++) floats[to + j] = t.array[from + j * step];
  }
  return { address, row: 4 * n, column: 4 };
}

/** Copies rows of `width` numbers at an address into a matrix [m, n] of any strides. */
export function copyOut(address: number, width: number, out: TensorImpl): void {
  const m = out.shape[0];
  const n = out.shape[1];
  const start = address >> 2;
  if (out.isDense && width === n) {
    out.array.set(floats.subarray(start, start + m * n), out.offset);
    return;
  }
  const row = out.strides[0];
  const step = out.strides[1];
  for (let i = 0; i < m; i++) {
    const to = out.offset + i * row;
    const from = start + i * width;
    if (step === 1) out.array.set(floats.subarray(from, from + n), to);
    else for (let j = 0; j < n; j++) out.array[to + j * step] = floats[from + j];
  }
}
