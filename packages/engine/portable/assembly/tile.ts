// Tiles of a product: a strip of rows times a panel of eight columns, summed in registers.
import { multiplyAdd, storeLanes } from "./vector";

/**
 * Rows of a strip. Twelve sums, two vectors of a panel and a number of a strip fill the fifteen registers of x64; a product without
 * relaxed SIMD takes one more.
 */
export function rowsOfStrip(): i32 {
  return ASC_FEATURE_RELAXED_SIMD ? 6 : 4;
}

/**
 * C ← start + a strip times a panel: the first `height` rows and `width` columns of a tile. Rows of `from`, where sums begin, are `step`
 * apart.
 */
export function multiplyStrip(
  strip: usize,
  panel: usize,
  to: usize,
  rowOfC: usize,
  height: i32,
  width: i32,
  k: i32,
  from: usize,
  step: usize,
): void {
  if (rowsOfStrip() === 6 && height >= 6) {
    multiplySixRows(strip, panel, to, rowOfC, width, k, from, step);
    return;
  }
  for (let r = 0; r < min(rowsOfStrip(), height); r += 4) {
    const first = to + <usize>r * rowOfC;
    const start = from + <usize>r * step;
    multiplyFourRows(
      strip + <usize>(r << 2),
      panel,
      first,
      rowOfC,
      height - r,
      width,
      k,
      start,
      step,
    );
  }
}

/** `multiplyStrip` for at most four rows. */
function multiplyFourRows(
  strip: usize,
  panel: usize,
  to: usize,
  rowOfC: usize,
  height: i32,
  width: i32,
  k: i32,
  from: usize,
  step: usize,
): void {
  const from1 = height > 1 ? from + step : from;
  const from2 = height > 2 ? from1 + step : from;
  const from3 = height > 3 ? from2 + step : from;
  let c00 = v128.load(from);
  let c01 = v128.load(from, 16);
  let c10 = v128.load(from1);
  let c11 = v128.load(from1, 16);
  let c20 = v128.load(from2);
  let c21 = v128.load(from2, 16);
  let c30 = v128.load(from3);
  let c31 = v128.load(from3, 16);
  const end = panel + <usize>(k << 5);
  for (; panel < end; panel += 32) {
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    const x0 = v128.load32_splat(strip);
    c00 = multiplyAdd(x0, b0, c00);
    c01 = multiplyAdd(x0, b1, c01);
    const x1 = v128.load32_splat(strip, 4);
    c10 = multiplyAdd(x1, b0, c10);
    c11 = multiplyAdd(x1, b1, c11);
    const x2 = v128.load32_splat(strip, 8);
    c20 = multiplyAdd(x2, b0, c20);
    c21 = multiplyAdd(x2, b1, c21);
    const x3 = v128.load32_splat(strip, 12);
    c30 = multiplyAdd(x3, b0, c30);
    c31 = multiplyAdd(x3, b1, c31);
    strip += <usize>(rowsOfStrip() << 2);
  }
  storePair(to, c00, c01, width);
  if (height > 1) storePair(to + rowOfC, c10, c11, width);
  if (height > 2) storePair(to + 2 * rowOfC, c20, c21, width);
  if (height > 3) storePair(to + 3 * rowOfC, c30, c31, width);
}

/** `multiplyStrip` for six rows. */
function multiplySixRows(
  strip: usize,
  panel: usize,
  to: usize,
  rowOfC: usize,
  width: i32,
  k: i32,
  from: usize,
  step: usize,
): void {
  let c00 = v128.load(from);
  let c01 = v128.load(from, 16);
  let c10 = v128.load(from + step);
  let c11 = v128.load(from + step, 16);
  let c20 = v128.load(from + 2 * step);
  let c21 = v128.load(from + 2 * step, 16);
  let c30 = v128.load(from + 3 * step);
  let c31 = v128.load(from + 3 * step, 16);
  let c40 = v128.load(from + 4 * step);
  let c41 = v128.load(from + 4 * step, 16);
  let c50 = v128.load(from + 5 * step);
  let c51 = v128.load(from + 5 * step, 16);
  const end = panel + <usize>(k << 5);
  for (; panel < end; panel += 32) {
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    c00 = multiplyAdd(v128.load32_splat(strip), b0, c00);
    c01 = multiplyAdd(v128.load32_splat(strip), b1, c01);
    c10 = multiplyAdd(v128.load32_splat(strip, 4), b0, c10);
    c11 = multiplyAdd(v128.load32_splat(strip, 4), b1, c11);
    c20 = multiplyAdd(v128.load32_splat(strip, 8), b0, c20);
    c21 = multiplyAdd(v128.load32_splat(strip, 8), b1, c21);
    c30 = multiplyAdd(v128.load32_splat(strip, 12), b0, c30);
    c31 = multiplyAdd(v128.load32_splat(strip, 12), b1, c31);
    c40 = multiplyAdd(v128.load32_splat(strip, 16), b0, c40);
    c41 = multiplyAdd(v128.load32_splat(strip, 16), b1, c41);
    c50 = multiplyAdd(v128.load32_splat(strip, 20), b0, c50);
    c51 = multiplyAdd(v128.load32_splat(strip, 20), b1, c51);
    strip += 24;
  }
  storePair(to, c00, c01, width);
  storePair(to + rowOfC, c10, c11, width);
  storePair(to + 2 * rowOfC, c20, c21, width);
  storePair(to + 3 * rowOfC, c30, c31, width);
  storePair(to + 4 * rowOfC, c40, c41, width);
  storePair(to + 5 * rowOfC, c50, c51, width);
}

/** Stores the first `width` of eight numbers. */
function storePair(to: usize, first: v128, second: v128, width: i32): void {
  if (width >= 8) {
    v128.store(to, first);
    v128.store(to, second, 16);
  } else {
    storeLanes(to, first, width);
    if (width > 4) storeLanes(to + 16, second, width - 4);
  }
}
