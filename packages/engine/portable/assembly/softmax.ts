// Exponentials of rows with their sums, for softmax and the logarithm of sums.
import { limitedExponential } from "./elements";
import { storeLanes } from "./vector";

/** The first `count` lanes; others are `filler`. */
function restOf(x: usize, count: i32, filler: f32): v128 {
  const isThere = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
  return v128.bitselect(v128.load(x), f32x4.splat(filler), isThere);
}

/** The largest of n numbers without NaN, −∞ if there is none: one instruction, where `f32x4.max` is several. */
export function largestElement(x: usize, n: i32): f32 {
  let top = f32x4.splat(-Infinity);
  let i = 0;
  for (; i + 4 <= n; i += 4) top = f32x4.pmax(top, v128.load(x + <usize>(i << 2)));
  top = f32x4.pmax(top, restOf(x + <usize>(i << 2), n - i, -Infinity));
  top = f32x4.pmax(top, v128.shuffle<f32>(top, top, 2, 3, 0, 1));
  return max(f32x4.extract_lane(top, 0), f32x4.extract_lane(top, 1));
}

/** Y ← exp(x − shift), unless y is 0, of n numbers; their sum in float64. */
export function sumExponentials(x: usize, y: usize, n: i32, shift: f32): f64 {
  const top = f32x4.splat(shift);
  let first = f64x2.splat(0);
  let second = first;
  for (let i = 0; i < n; i += 4) {
    const at = <usize>(i << 2);
    const v = n - i < 4 ? restOf(x + at, n - i, -Infinity) : v128.load(x + at);
    const e = limitedExponential(f32x4.sub(v, top));
    first = f64x2.add(first, f64x2.promote_low_f32x4(e));
    second = f64x2.add(second, f64x2.promote_low_f32x4(v128.shuffle<f32>(e, e, 2, 3, 0, 1)));
    if (y !== 0) storeLanes(y + at, e, n - i);
  }
  const both = f64x2.add(first, second);
  return f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
}
