// Standard normal numbers by counter.

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
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: a boundary near the root of two, not a result.
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
