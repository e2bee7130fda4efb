// Operations of each element.
import { multiplyAdd, storeLanes } from "./vector";

/**
 * eˣ, by 2ⁿ times a polynomial on [−½ log 2, ½ log 2] (Cephes). NaN stays. Constants come from the start of the memory, which
 * wasm.ts fills: a constant of the code would be put together again for each vector.
 */
function exponential(value: v128): v128 {
  const x = f32x4.pmax(f32x4.pmin(value, constant(1)), constant(2));
  // Next to 1.5 · 2²³, the last bits of a number are its whole part.
  const round = constant(3);
  const bits = multiplyAdd(x, constant(4), round);
  const n = f32x4.sub(bits, round);
  const high = multiplyAdd(n, constant(5), x);
  const r = multiplyAdd(n, constant(6), high);
  let p = constant(7);
  p = multiplyAdd(p, r, constant(8));
  p = multiplyAdd(p, r, constant(9));
  p = multiplyAdd(p, r, constant(10));
  p = multiplyAdd(p, r, constant(11));
  p = multiplyAdd(p, r, constant(12));
  const one = constant(0);
  p = multiplyAdd(f32x4.mul(p, r), r, f32x4.add(r, one));
  // The bits of 1 with n added to the exponent.
  return f32x4.mul(p, i32x4.add(i32x4.shl(bits, 23), one));
}

/** A number of `constants` in wasm.ts in all lanes. */
function constant(index: usize): v128 {
  return v128.load32_splat(index << 2);
}

/** eˣ with 0 and ∞ beyond its bounds. */
export function limitedExponential(z: v128): v128 {
  const isLarge = f32x4.gt(z, f32x4.splat(88.722839));
  const isSmall = f32x4.lt(z, f32x4.splat(-87.33654));
  const limited = v128.bitselect(f32x4.splat(Infinity), exponential(z), isLarge);
  return v128.andnot(limited, isSmall);
}

/** 0 if e⁻ᶻ is beyond float32: z σ(z) of −∞ is NaN, as in libtorch. */
function sigmoid(z: v128): v128 {
  const one = constant(0);
  const logistic = f32x4.div(one, f32x4.add(one, exponential(f32x4.neg(z))));
  return v128.andnot(logistic, f32x4.lt(z, f32x4.splat(-88.722839)));
}

/** Y[m, n] ← SiLU(Y) and its slope in S, unless S is 0; n elements in all. */
export function activateRows(y: usize, s: usize, n: i32): void {
  for (let i = 0; i < n; i += 4) {
    const at = <usize>(i << 2);
    const z = v128.load(y + at);
    const logistic = sigmoid(z);
    const h = f32x4.mul(z, logistic);
    storeLanes(y + at, h, n - i);
    if (s === 0) continue;
    const slope = multiplyAdd(logistic, f32x4.sub(z, h), logistic);
    storeLanes(s + at, slope, n - i);
  }
}

/** f(x) by code: 0 eˣ, 1 1/(1 + e⁻ˣ), 2 SiLU, 3 x², 4 −x, 5 √x, 6 |x|, 7 1/x. */
function functionOf(code: i32, z: v128): v128 {
  if (code === 3) return f32x4.mul(z, z);
  if (code === 4) return f32x4.neg(z);
  if (code === 5) return f32x4.sqrt(z);
  if (code === 6) return f32x4.abs(z);
  if (code === 7) return f32x4.div(f32x4.splat(1), z);
  if (code === 0) return limitedExponential(z);
  const logistic = sigmoid(z);
  return code === 1 ? logistic : f32x4.mul(z, logistic);
}

/** y ← f(x) by the code of `functionOf`. */
export function mapElements(code: i32, x: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i += 4) {
    const at = <usize>(i << 2);
    storeLanes(y + at, functionOf(code, v128.load(x + at)), n - i);
  }
}

/** out ← x ∘ y by code: 0 x + factor y, 1 x y, 2 x / y, 3 the larger, 4 the smaller; `step` is 0 for one number y, else 16. */
export function combineElements(
  code: i32,
  x: usize,
  y: usize,
  out: usize,
  n: i32,
  factor: f32,
  step: usize,
): void {
  const by = f32x4.splat(factor);
  const single = v128.load32_splat(y);
  for (let i = 0; i < n; i += 4) {
    const at = <usize>(i << 2);
    const a = v128.load(x + at);
    const b = step === 0 ? single : v128.load(y);
    y += step;
    let z = a;
    if (code === 0) z = multiplyAdd(by, b, a);
    else if (code === 1) z = f32x4.mul(a, b);
    else if (code === 2) z = f32x4.div(a, b);
    else if (code === 3) z = f32x4.max(a, b);
    else z = f32x4.min(a, b);
    storeLanes(out + at, z, n - i);
  }
}

/** out ← factor x y; `step` is 0 for one number x, else 16. */
export function multiplyPair(
  x: usize,
  y: usize,
  out: usize,
  n: i32,
  factor: f32,
  step: usize,
): void {
  const by = f32x4.splat(factor);
  const single = v128.load32_splat(x);
  for (let i = 0; i < n; i += 4) {
    const at = <usize>(i << 2);
    const a = step === 0 ? single : v128.load(x);
    x += step;
    storeLanes(out + at, f32x4.mul(by, f32x4.mul(a, v128.load(y + at))), n - i);
  }
}

/** y ← x s, x + s or s − x by code 0, 1 and 2. */
export function scaleElements(code: i32, x: usize, y: usize, n: i32, s: f32): void {
  const number = f32x4.splat(s);
  for (let i = 0; i < n; i += 4) {
    const at = <usize>(i << 2);
    const a = v128.load(x + at);
    const z =
      code === 0 ? f32x4.mul(a, number) : code === 1 ? f32x4.add(a, number) : f32x4.sub(number, a);
    storeLanes(y + at, z, n - i);
  }
}
