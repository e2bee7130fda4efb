// The kernels in WebAssembly and their memory: operands are copied into it, results out of it.
import { isSameShape } from "../shape.js";
import type { TensorImpl } from "../tensor.js";
import { kernels } from "./kernels.generated.js";

/** Functions of assembly/kernels.ts; addresses are bytes, sizes elements. */
interface Kernels {
  multiplyMatrices(a: number, b: number, c: number, m: number, n: number, k: number): void;
  addScaled(c: number, x: number, factor: number, n: number): void;
  transposeMatrix(a: number, t: number, m: number, n: number, width: number): void;
  activateRows(y: number, bias: number, s: number, m: number, n: number): void;
  sumRows(g: number, sums: number, m: number, n: number): void;
  mapElements(code: number, x: number, y: number, n: number): void;
  adamStep(p: number, g: number, m: number, v: number, n: number, ...rates: number[]): void;
  normalBlock(out: number, key0: number, key1: number, index0: number, index1: number): void;
}

/** What this file needs of the global that Node and browsers have. */
declare const WebAssembly: {
  Memory: new (size: {
    initial: number;
  }) => { readonly buffer: ArrayBuffer; grow(pages: number): number };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

const page = 65_536;
const memory = new WebAssembly.Memory({ initial: 16 });

function instantiate(): Kernels {
  const bytes = Uint8Array.from(atob(kernels), (letter) => letter.charCodeAt(0));
  const abort = () => {
    throw new RangeError("a kernel was stopped");
  };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { memory, abort },
  });
  return instance.exports as Kernels;
}

/** The compiled kernels. */
export const wasm: Kernels = instantiate();

let floats = new Float32Array(memory.buffer);
let top = 0;

/** Clears the scratch memory, with room for so many numbers. Throws a RangeError without memory. */
export function openScratch(count: number): void {
  top = 64;
  const missing = top + 4 * count + 64 - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / page));
  if (floats.buffer !== memory.buffer) floats = new Float32Array(memory.buffer);
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

/** Up to a multiple. */
export const roundUp = (n: number, unit: number): number => Math.ceil(n / unit) * unit;

const dataOf = ({ array, offset, count }: TensorImpl) => array.subarray(offset, offset + count);

/** Copies all elements of a row-major tensor to an address. */
export function copyVector(t: TensorImpl, address: number): void {
  floats.set(dataOf(t), address >> 2);
}

/** Copies a matrix [m, n] to rows of `width` numbers, the rest of a row 0. Any strides. */
export function copyMatrix(t: TensorImpl, width: number): number {
  const m = t.shape[0];
  const n = t.shape[1];
  const address = takeScratch(roundUp(m, 4) * width);
  const start = address >> 2;
  if (width !== n) floats.fill(0, start, start + m * width);
  if (t.isDense && width === n) {
    copyVector(t, address);
    return address;
  }
  const isTurned = m > 1 && n > 1 && isSameShape(t.strides, [1, m]);
  if (isTurned) {
    const source = takeScratch(m * n);
    copyVector(t, source);
    wasm.transposeMatrix(source, address, n, m, width);
    return address;
  }
  const row = t.strides[0];
  const step = t.strides[1];
  for (let i = 0; i < m; i++) {
    const from = t.offset + i * row;
    const to = start + i * width;
    if (step === 1) floats.set(t.array.subarray(from, from + n), to);
    else for (let j = 0; j < n; j++) floats[to + j] = t.array[from + j * step];
  }
  return address;
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
