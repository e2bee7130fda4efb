// Standard normal numbers by counter: Philox4x32-10 (Salmon et al. 2011) and Box-Muller, as the native engine has them.
import { vectorisedNormals } from "./vectorised.js";

const lanes = 64;
/** Numbers of one block. */
const blockSize = 4 * lanes;

/** Upper 32 bits of a product of 32 bits each. */
function upper(a: number, b: number): number {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const middle = ah * bl + ((al * bl) >>> 16);
  return (ah * bh + Math.floor((al * bh + middle) / 65536)) >>> 0;
}

const output = new Uint32Array(4);
/** Four random numbers of 32 bits for a counter. */
function philox(counter: readonly [number, number, number], k0: number, k1: number): void {
  let [a, b, c] = counter;
  let d = 0;
  for (let round = 0; round < 10; round++) {
    const p = upper(0xd2511f53, a);
    const q = upper(0xcd9e8d57, c);
    const low = Math.imul(0xd2511f53, a);
    a = (q ^ b ^ k0) >>> 0;
    b = Math.imul(0xcd9e8d57, c) >>> 0;
    c = (p ^ d ^ k1) >>> 0;
    d = low >>> 0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  output.set([a, b, c, d]);
}

const float = new Float32Array(1);
const pattern = new Int32Array(float.buffer);

/** √(−2 log u) for u in (0, 1] of 31 bits: log(m/√2) is twice the area tangent of t. */
function radius(x: number): number {
  float[0] = (Math.fround(x >>> 1) + 0.5) * 2 ** -31;
  const e = (pattern[0] >> 23) - 127;
  pattern[0] = (pattern[0] & 0x7fffff) | 0x3f800000;
  const t = (float[0] - Math.SQRT2) / (float[0] + Math.SQRT2);
  const s = t * t;
  const series = 1 + s * (1 / 3 + s * (1 / 5 + s * (1 / 7 + s / 9)));
  const log = e * Math.LN2 + Math.LN2 / 2 + 2 * t * series;
  return Math.sqrt(log < 0 ? -2 * log : 0);
}

const block = new Float32Array(blockSize);
const bits = new Uint32Array(blockSize);

/** The numbers of a block. */
export type BlockSource = (k0: number, k1: number, index: number) => Float32Array;

/** Block `index` of the stream of two keys: the reference of the kernel. */
export function referenceNormals(k0: number, k1: number, index: number): Float32Array {
  const counter: [number, number, number] = [index >>> 0, Math.floor(index / 2 ** 32), 0];
  for (let i = 0; i < lanes; i++) {
    counter[2] = i;
    philox(counter, k0, k1);
    for (let k = 0; k < 4; k++) bits[i + k * lanes] = output[k];
  }
  for (let i = 0; i < blockSize / 2; i++) {
    const y = bits[i + blockSize / 2];
    const r = radius(bits[i]);
    // An angle within 45 degrees of an axis; three other bits say which axis and which way.
    const w = ((y | 0) >> 8) * ((Math.PI / 4) * 2 ** -23);
    const v = w * w;
    const sin = w * (1 + v * (-1 / 6 + v * (1 / 120 - v / 5040)));
    const cos = 1 + v * (-0.5 + v * (1 / 24 + v * (-1 / 720 + v / 40320)));
    const [first, second] = y & 1 ? [sin, cos] : [cos, sin];
    block[i] = y & 2 ? r * first : -r * first;
    block[i + blockSize / 2] = y & 4 ? r * second : -r * second;
  }
  return block;
}

/** Fills `out` with the numbers from `offset` on of a stream of two keys of 32 bits. */
export function fillNormals(
  out: Float32Array,
  [k0, k1]: readonly [number, number],
  offset: number,
  source: BlockSource = vectorisedNormals,
): void {
  for (let done = 0; done < out.length; ) {
    const at = offset + done;
    const skip = at % blockSize;
    const part = source(k0, k1, Math.floor(at / blockSize)).subarray(
      skip,
      Math.min(blockSize, skip + out.length - done),
    );
    out.set(part, done);
    done += part.length;
  }
}
