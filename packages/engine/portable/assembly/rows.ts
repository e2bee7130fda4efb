// Rows of matrices, and sums.
import { storeLanes } from "./vector";

/** Copies m rows of n numbers; rows are `rowOfX` and `rowOfY` apart. */
export function copyRows(x: usize, rowOfX: usize, y: usize, rowOfY: usize, m: i32, n: i32): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j += 4)
      storeLanes(y + <usize>(j << 2), v128.load(x + <usize>(j << 2)), n - j);
    x += rowOfX;
    y += rowOfY;
  }
}

/** Y[m, n] ← X + factor row [n]; dense. */
export function addRows(x: usize, row: usize, y: usize, m: i32, n: i32, factor: f32): void {
  const by = f32x4.splat(factor);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j += 4) {
      const at = <usize>(j << 2);
      const sum = f32x4.add(v128.load(x + at), f32x4.mul(by, v128.load(row + at)));
      storeLanes(y + at, sum, n - j);
    }
    x += <usize>(n << 2);
    y += <usize>(n << 2);
  }
}

/** Sums over the rows of G[m, n]. */
export function sumRows(g: usize, sums: usize, m: i32, n: i32): void {
  const row = <usize>(n << 2);
  for (let j = 0; j < n; j += 4) {
    let sum = f32x4.splat(0);
    let at = g + <usize>(j << 2);
    for (let i = 0; i < m; i++) {
      sum = f32x4.add(sum, v128.load(at));
      at += row;
    }
    storeLanes(sums + <usize>(j << 2), sum, n - j);
  }
}

/** The sum of n elements, in float64. */
export function sumElements(x: usize, n: i32): f64 {
  let first = f64x2.splat(0);
  let second = first;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const v = v128.load(x + <usize>(i << 2));
    first = f64x2.add(first, f64x2.promote_low_f32x4(v));
    second = f64x2.add(second, f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 0, 1)));
  }
  const both = f64x2.add(first, second);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; i < n; i++) sum += <f64>load<f32>(x + <usize>(i << 2));
  return sum;
}
