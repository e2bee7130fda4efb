// Elementwise kernels in plain TypeScript, the reference of the kernels in WebAssembly.
import { elementType } from "../dtype.js";
import type { TensorImpl } from "../tensor.js";
import { forRuns } from "./loop.js";

/** out = f(a), element by element. */
export function map1(out: TensorImpl, a: TensorImpl, f: (x: number) => number): void {
  const o = out.array;
  const x = a.array;
  forRuns(out.shape, [out, a], ([i, j], [p, q], n) => {
    for (let k = 0; k < n; k++) o[i + k * p] = f(x[j + k * q]);
  });
}

/** out = f(a, b) of broadcast operands. */
export function map2(
  out: TensorImpl,
  a: TensorImpl,
  b: TensorImpl,
  f: (x: number, y: number) => number,
): void {
  const o = out.array;
  const x = a.array;
  const y = b.array;
  forRuns(out.shape, [out, a, b], ([i, j, l], [p, q, r], n) => {
    for (let k = 0; k < n; k++) o[i + k * p] = f(x[j + k * q], y[l + k * r]);
  });
}

/** out = f(a, b, c) of broadcast operands. */
export function map3(
  out: TensorImpl,
  [a, b, c]: readonly [TensorImpl, TensorImpl, TensorImpl],
  f: (x: number, y: number, z: number) => number,
): void {
  const o = out.array;
  const x = a.array;
  const y = b.array;
  const z = c.array;
  forRuns(out.shape, [out, a, b, c], ([i, j, l, m], [p, q, r, s], n) => {
    for (let k = 0; k < n; k++) o[i + k * p] = f(x[j + k * q], y[l + k * r], z[m + k * s]);
  });
}

const halfWord = new Uint16Array(1);

/** float16 as its 16 bits, rounded to nearest, ties to even. */
export function halfBits(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const a = Math.abs(x);
  if (Number.isNaN(x)) return 0x7e00;
  if (a >= 65520) return sign | 0x7c00;
  const e = a < 2 ** -14 ? -14 : Math.floor(Math.log2(a));
  const unit = 2 ** (e - 10);
  const q = a / unit;
  const down = Math.floor(q);
  const rest = q - down;
  const n = rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
  // A mantissa that overflows carries into the exponent, as it should.
  return sign | (e === -14 ? n : n + ((e + 14) << 10));
}

/** The number of 16 bits of float16. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const e = (bits >> 10) & 31;
  const m = bits & 1023;
  if (e === 31) return m ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (e === 0 ? m * 2 ** -24 : (1024 + m) * 2 ** (e - 25));
}

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** bfloat16 as its 16 bits: the upper half of a float32, rounded to nearest, ties to even. */
export function brainBits(x: number): number {
  float[0] = x;
  if (Number.isNaN(x)) return 0x7fc0;
  halfWord[0] = (word[0] + 0x7fff + ((word[0] >>> 16) & 1)) >>> 16;
  return halfWord[0];
}

/** The number of 16 bits of bfloat16. */
export function brainValue(bits: number): number {
  word[0] = bits << 16;
  return float[0];
}

const conversions: Readonly<Record<string, (x: number) => number>> = {
  bool: (x) => (x === 0 ? 0 : 1),
  // Beyond int64 libtorch gives the smallest one, as processors do.
  int64: (x) => (Math.abs(x) < 2 ** 63 ? Math.trunc(x) + 0 : -(2 ** 63)),
  float16: (x) => halfValue(halfBits(x)),
  bfloat16: (x) => brainValue(brainBits(x)),
};

/** Copies elements without a conversion; whole runs at once if both lie side by side. */
function copyElements(out: TensorImpl, from: TensorImpl): void {
  const o = out.array;
  const x = from.array;
  const isSameKind = o.constructor === x.constructor;
  forRuns(out.shape, [out, from], ([i, j], [p, q], n) => {
    if (isSameKind && p === 1 && q === 1 && n > 8) o.set(x.subarray(j, j + n), i);
    else for (let k = 0; k < n; k++) o[i + k * p] = x[j + k * q];
  });
}

/** Copies into another type, with its rounding. */
export function convert(out: TensorImpl, from: TensorImpl): void {
  if (out.dtype === from.dtype && out.isDense && from.isDense && out.count === from.count) {
    const { array, offset } = from;
    out.array.set(array.subarray(offset, offset + from.count), out.offset);
    return;
  }
  const isWider = elementType(out.dtype).category > elementType(from.dtype).category;
  const isPlain = out.dtype === from.dtype || (isWider && !/16$/.test(out.dtype));
  const conversion = isPlain ? undefined : conversions[out.dtype];
  if (conversion) map1(out, from, conversion);
  else copyElements(out, from);
}
