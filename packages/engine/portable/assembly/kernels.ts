// Kernels of float32 in WebAssembly with SIMD, in AssemblyScript (npm run gen). Addresses are bytes; sizes are elements, padded by
// the caller to whole vectors. Sums run in one order.

/** C[m, n] = A[m, k] B[k, n], row-major; m is a multiple of 4 and n of 8. */
export function multiplyMatrices(a: usize, b: usize, c: usize, m: i32, n: i32, k: i32): void {
  const rowOfB = <usize>(n << 2);
  const rowOfA = <usize>(k << 2);
  for (let i = 0; i < m; i += 4) {
    const a0 = a + <usize>i * rowOfA;
    const a1 = a0 + rowOfA;
    const a2 = a1 + rowOfA;
    const a3 = a2 + rowOfA;
    for (let j = 0; j < n; j += 8) {
      let c00 = f32x4.splat(0);
      let c01 = c00;
      let c10 = c00;
      let c11 = c00;
      let c20 = c00;
      let c21 = c00;
      let c30 = c00;
      let c31 = c00;
      let at = b + <usize>(j << 2);
      for (let p: usize = 0; p < rowOfA; p += 4) {
        const b0 = v128.load(at);
        const b1 = v128.load(at, 16);
        const x0 = v128.load32_splat(a0 + p);
        const x1 = v128.load32_splat(a1 + p);
        const x2 = v128.load32_splat(a2 + p);
        const x3 = v128.load32_splat(a3 + p);
        c00 = f32x4.add(f32x4.mul(x0, b0), c00);
        c01 = f32x4.add(f32x4.mul(x0, b1), c01);
        c10 = f32x4.add(f32x4.mul(x1, b0), c10);
        c11 = f32x4.add(f32x4.mul(x1, b1), c11);
        c20 = f32x4.add(f32x4.mul(x2, b0), c20);
        c21 = f32x4.add(f32x4.mul(x2, b1), c21);
        c30 = f32x4.add(f32x4.mul(x3, b0), c30);
        c31 = f32x4.add(f32x4.mul(x3, b1), c31);
        at += rowOfB;
      }
      let to = c + <usize>i * rowOfB + <usize>(j << 2);
      v128.store(to, c00);
      v128.store(to, c01, 16);
      to += rowOfB;
      v128.store(to, c10);
      v128.store(to, c11, 16);
      to += rowOfB;
      v128.store(to, c20);
      v128.store(to, c21, 16);
      to += rowOfB;
      v128.store(to, c30);
      v128.store(to, c31, 16);
    }
  }
}

/** c ← c + factor x, n elements, a multiple of 4. */
export function addScaled(c: usize, x: usize, factor: f32, n: i32): void {
  const by = f32x4.splat(factor);
  for (let i = 0; i < n; i += 4) {
    const at = <usize>(i << 2);
    v128.store(c + at, f32x4.add(v128.load(c + at), f32x4.mul(by, v128.load(x + at))));
  }
}

/** T[n, m] = A[m, n]ᵀ with rows of `width` in T. */
export function transposeMatrix(a: usize, t: usize, m: i32, n: i32, width: i32): void {
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++)
      store<f32>(t + <usize>((j * width + i) << 2), load<f32>(a + <usize>((i * n + j) << 2)));
}

/** eˣ, by 2ⁿ times a polynomial on [−½ log 2, ½ log 2] (Cephes). */
function exponential(value: v128): v128 {
  const x = f32x4.max(f32x4.splat(-87), f32x4.min(f32x4.splat(88), value));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  const high = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  const r = f32x4.sub(high, f32x4.mul(n, f32x4.splat(-2.1219444e-4)));
  let p = f32x4.splat(1.98756915e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), f32x4.splat(1));
  const scale = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(p, scale);
}

/** Y[m, n] ← SiLU(Y + bias) and its slope in S; n is a multiple of 4. */
export function activateRows(y: usize, bias: usize, s: usize, m: i32, n: i32): void {
  const one = f32x4.splat(1);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j += 4) {
      const at = <usize>((i * n + j) << 2);
      const z = f32x4.add(v128.load(y + at), v128.load(bias + <usize>(j << 2)));
      const sigmoid = f32x4.div(one, f32x4.add(one, exponential(f32x4.neg(z))));
      const h = f32x4.mul(z, sigmoid);
      v128.store(y + at, h);
      v128.store(s + at, f32x4.mul(sigmoid, f32x4.add(one, f32x4.sub(z, h))));
    }
}

/** Sums over the rows of G[m, n]; n is a multiple of 4. */
export function sumRows(g: usize, sums: usize, m: i32, n: i32): void {
  for (let j = 0; j < n; j += 4) {
    let sum = f32x4.splat(0);
    for (let i = 0; i < m; i++) sum = f32x4.add(sum, v128.load(g + <usize>((i * n + j) << 2)));
    v128.store(sums + <usize>(j << 2), sum);
  }
}

/** y ← f(x) by code: 0 eˣ, 1 1/(1 + e⁻ˣ), 2 SiLU. */
export function mapElements(code: i32, x: usize, y: usize, n: i32): void {
  const one = f32x4.splat(1);
  for (let i = 0; i < n; i += 4) {
    const at = <usize>(i << 2);
    const z = v128.load(x + at);
    if (code === 0) {
      const isLarge = f32x4.gt(z, f32x4.splat(88.722839));
      const isSmall = f32x4.lt(z, f32x4.splat(-87.33654));
      const limited = v128.bitselect(f32x4.splat(Infinity), exponential(z), isLarge);
      v128.store(y + at, v128.andnot(limited, isSmall));
    } else {
      const sigmoid = f32x4.div(one, f32x4.add(one, exponential(f32x4.neg(z))));
      v128.store(y + at, code === 1 ? sigmoid : f32x4.mul(z, sigmoid));
    }
  }
}

/** A step of Adam: parameters, gradients, both moments. */
export function adamStep(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  n: i32,
  decay: f32,
  shrink: f32,
  towards: f32,
  keep: f32,
  root: f32,
  eps: f32,
  step: f32,
): void {
  const add = f32x4.splat(1 - keep);
  for (let i = 0; i < n; i += 4) {
    const at = <usize>(i << 2);
    const x = v128.load(p + at);
    const slope = f32x4.add(v128.load(g + at), f32x4.mul(x, f32x4.splat(decay)));
    const old = v128.load(m + at);
    const first = f32x4.add(old, f32x4.mul(f32x4.splat(towards), f32x4.sub(slope, old)));
    const squares = f32x4.mul(f32x4.mul(slope, slope), add);
    const second = f32x4.add(f32x4.mul(v128.load(v + at), f32x4.splat(keep)), squares);
    v128.store(m + at, first);
    v128.store(v + at, second);
    const size = f32x4.add(f32x4.div(f32x4.sqrt(second), f32x4.splat(root)), f32x4.splat(eps));
    const change = f32x4.div(f32x4.mul(f32x4.splat(step), first), size);
    v128.store(p + at, f32x4.add(f32x4.mul(x, f32x4.splat(shrink)), change));
  }
}

/** Upper halves of products of 32 bits, in two pairs of lanes. */
function upperHalves(x: v128, factor: i64): v128 {
  const low = i64x2.extmul_low_i32x4_u(x, i32x4.splat(<i32>factor));
  const high = i64x2.extmul_high_i32x4_u(x, i32x4.splat(<i32>factor));
  return v128.shuffle<i32>(low, high, 1, 3, 5, 7);
}

/** Standard normal numbers of one block of 256 (Philox4x32-10, Box-Muller); see philox.ts. */
export function normalBlock(out: usize, key0: i32, key1: i32, index0: i32, index1: i32): void {
  for (let i = 0; i < 64; i += 4) {
    let a = i32x4.splat(index0);
    let b = i32x4.splat(index1);
    let c = i32x4.add(i32x4.splat(i), i32x4(0, 1, 2, 3));
    let d = i32x4.splat(0);
    let k0 = key0;
    let k1 = key1;
    for (let round = 0; round < 10; round++) {
      const p = upperHalves(a, 0xd2511f53);
      const q = upperHalves(c, 0xcd9e8d57);
      const lowP = i32x4.mul(a, i32x4.splat(0xd2511f53));
      const lowQ = i32x4.mul(c, i32x4.splat(0xcd9e8d57));
      a = v128.xor(v128.xor(q, b), i32x4.splat(k0));
      b = lowQ;
      c = v128.xor(v128.xor(p, d), i32x4.splat(k1));
      d = lowP;
      k0 += 0x9e3779b9;
      k1 += 0xbb67ae85;
    }
    const at = out + <usize>(i << 2);
    transformPair(at, a, c);
    transformPair(at + 256, b, d);
  }
}

/** Writes normal numbers from four pairs of random integers at `out` and 128 elements behind. */
function transformPair(out: usize, x: v128, y: v128): void {
  const half = f32x4.convert_i32x4_s(i32x4.shr_u(x, 1));
  const u = f32x4.mul(f32x4.add(half, f32x4.splat(0.5)), f32x4.splat(4.656612873077393e-10));
  const e = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_s(u, 23), i32x4.splat(127)));
  const m = v128.or(v128.and(u, i32x4.splat(0x7fffff)), i32x4.splat(0x3f800000));
  const root = f32x4.splat(1.41421356);
  const t = f32x4.div(f32x4.sub(m, root), f32x4.add(m, root));
  const s = f32x4.mul(t, t);
  let series = f32x4.add(f32x4.splat(<f32>(1.0 / 7)), f32x4.mul(s, f32x4.splat(<f32>(1.0 / 9))));
  series = f32x4.add(f32x4.splat(0.2), f32x4.mul(s, series));
  series = f32x4.add(f32x4.splat(<f32>(1.0 / 3)), f32x4.mul(s, series));
  series = f32x4.add(f32x4.splat(1), f32x4.mul(s, series));
  let log = f32x4.add(f32x4.mul(e, f32x4.splat(0.693147181)), f32x4.splat(0.34657359));
  log = f32x4.add(log, f32x4.mul(f32x4.mul(f32x4.splat(2), t), series));
  const r = f32x4.sqrt(f32x4.max(f32x4.splat(0), f32x4.mul(f32x4.splat(-2), log)));
  const angle = f32x4.convert_i32x4_s(i32x4.shr_s(y, 8));
  const w = f32x4.mul(angle, f32x4.splat(9.362676e-8));
  const v = f32x4.mul(w, w);
  let sin = f32x4.sub(f32x4.splat(<f32>(1.0 / 120)), f32x4.mul(v, f32x4.splat(<f32>(1.0 / 5040))));
  sin = f32x4.add(f32x4.splat(<f32>(-1.0 / 6)), f32x4.mul(v, sin));
  sin = f32x4.mul(w, f32x4.add(f32x4.splat(1), f32x4.mul(v, sin)));
  let cos = f32x4.add(
    f32x4.splat(<f32>(-1.0 / 720)),
    f32x4.mul(v, f32x4.splat(<f32>(1.0 / 40320))),
  );
  cos = f32x4.add(f32x4.splat(<f32>(1.0 / 24)), f32x4.mul(v, cos));
  cos = f32x4.add(f32x4.splat(-0.5), f32x4.mul(v, cos));
  cos = f32x4.add(f32x4.splat(1), f32x4.mul(v, cos));
  const swaps = i32x4.ne(v128.and(y, i32x4.splat(1)), i32x4.splat(0));
  const first = f32x4.mul(r, v128.bitselect(sin, cos, swaps));
  const second = f32x4.mul(r, v128.bitselect(cos, sin, swaps));
  const sign = i32x4.splat(0x80000000);
  const flip1 = v128.andnot(sign, i32x4.shl(y, 30));
  const flip2 = v128.andnot(sign, i32x4.shl(y, 29));
  v128.store(out, v128.xor(first, flip1));
  v128.store(out + 512, v128.xor(second, flip2));
}
