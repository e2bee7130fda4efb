// Products of matrices: factors are packed, the first into strips of four rows, the second into panels of eight columns, and tiles
// of 4 × 8 are summed in registers.
import { multiplyAdd, storeLanes } from "./vector";

/** Packs B[k, n] with strides `row` and `column` into panels [n / 8][k][8]; missing columns are 0. */
export function packPanels(b: usize, row: usize, column: usize, to: usize, k: i32, n: i32): void {
  for (let j = 0; j < n; j += 8) {
    const from = b + <usize>j * column;
    if (j + 8 > n) packPart(from, row, column, to, k, n - j);
    else if (row === 4) packTurned(from, column, to, k);
    else packRows(from, row, column, to, k);
    to += <usize>(k << 5);
  }
}

/** A panel of eight columns, row by row. */
function packRows(from: usize, row: usize, column: usize, to: usize, k: i32): void {
  for (let p = 0; p < k; p++) {
    if (column === 4) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    } else
      for (let i: usize = 0; i < 8; i++) store<f32>(to + (i << 2), load<f32>(from + i * column));
    from += row;
    to += 32;
  }
}

/** A panel of fewer than eight columns. */
function packPart(from: usize, row: usize, column: usize, to: usize, k: i32, n: i32): void {
  for (let p = 0; p < k; p++)
    for (let i = 0; i < 8; i++) {
      const value = i < n ? load<f32>(from + <usize>p * row + <usize>i * column) : <f32>0;
      store<f32>(to + <usize>((p << 5) + (i << 2)), value);
    }
}

/** Four columns [4] from `from` on, `column` apart, as rows at `to`, `width` bytes apart. */
function turnFour(from: usize, column: usize, to: usize, width: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + column);
  const c = v128.load(from + 2 * column);
  const d = v128.load(from + 3 * column);
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const high = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const last = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
  v128.store(to + width, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
  v128.store(to + 2 * width, v128.shuffle<f32>(high, last, 0, 1, 4, 5));
  v128.store(to + 3 * width, v128.shuffle<f32>(high, last, 2, 3, 6, 7));
}

/** A panel of eight columns that are each without gaps. */
function packTurned(from: usize, column: usize, to: usize, k: i32): void {
  let p = 0;
  for (; p + 4 <= k; p += 4) {
    const at = from + <usize>(p << 2);
    const target = to + <usize>(p << 5);
    turnFour(at, column, target, 32);
    turnFour(at + 4 * column, column, target + 16, 32);
  }
  for (; p < k; p++)
    for (let i: usize = 0; i < 8; i++)
      store<f32>(to + <usize>(p << 5) + (i << 2), load<f32>(from + <usize>(p << 2) + i * column));
}

/** Packs rows of A[m, k] with strides `row` and `column` into strips [m / 4][k][4]; missing rows are 0. */
function packStrips(a: usize, row: usize, column: usize, to: usize, m: i32, k: i32): void {
  for (let i = 0; i < m; i += 4) {
    const from = a + <usize>i * row;
    if (i + 4 > m) packStripPart(from, row, column, to, m - i, k);
    else if (row === 4)
      for (let p = 0; p < k; p++)
        v128.store(to + <usize>(p << 4), v128.load(from + <usize>p * column));
    else if (column === 4) {
      let p = 0;
      for (; p + 4 <= k; p += 4) turnFour(from + <usize>(p << 2), row, to + <usize>(p << 4), 16);
      for (; p < k; p++)
        for (let r: usize = 0; r < 4; r++)
          store<f32>(to + <usize>(p << 4) + (r << 2), load<f32>(from + <usize>(p << 2) + r * row));
    } else packStripPart(from, row, column, to, 4, k);
    to += <usize>(k << 4);
  }
}

/** A strip of at most four rows. */
function packStripPart(from: usize, row: usize, column: usize, to: usize, m: i32, k: i32): void {
  for (let p = 0; p < k; p++)
    for (let r = 0; r < 4; r++) {
      const value = r < m ? load<f32>(from + <usize>r * row + <usize>p * column) : <f32>0;
      store<f32>(to + <usize>((p << 4) + (r << 2)), value);
    }
}

/** Rows that are packed at once: their strips stay in the first cache. */
export function rowsAtOnce(k: i32): i32 {
  return max(8, min(64, (5120 / max(k, 1)) & ~3));
}

/**
 * C[m, n] = A B (+ bias [n] or C itself) of A[m, k] with any strides, B[k, n] in panels, and rows of C `rowOfC` apart.
 * `start`: 0 for nothing, 1 for the bias, 2 for C. `strips` is memory for `rowsAtOnce` rows.
 */
export function multiplyPanels(
  a: usize,
  row: usize,
  column: usize,
  panels: usize,
  strips: usize,
  c: usize,
  rowOfC: usize,
  m: i32,
  n: i32,
  k: i32,
  start: i32,
  bias: usize,
): void {
  const rows = rowsAtOnce(k);
  for (let first = 0; first < m; first += rows) {
    const count = min(rows, m - first);
    packStrips(a + <usize>first * row, row, column, strips, count, k);
    let panel = panels;
    for (let j = 0; j < n; j += 8) {
      const to = c + <usize>first * rowOfC + <usize>(j << 2);
      const from = start === 1 ? bias + <usize>(j << 2) : 0;
      for (let i = 0; i < count; i += 4)
        multiplyTile(
          strips + <usize>i * <usize>(k << 2),
          panel,
          to + <usize>i * rowOfC,
          rowOfC,
          count - i,
          n - j,
          k,
          start,
          from,
        );
      panel += <usize>(k << 5);
    }
  }
}

/** A strip times a panel: the first `height` rows and `width` columns of a tile. */
function multiplyTile(
  strip: usize,
  panel: usize,
  to: usize,
  rowOfC: usize,
  height: i32,
  width: i32,
  k: i32,
  start: i32,
  bias: usize,
): void {
  const to1 = to + rowOfC;
  const to2 = to1 + rowOfC;
  const to3 = to2 + rowOfC;
  const zero = f32x4.splat(0);
  const from = start === 1 ? bias : to;
  const isSum = start === 2;
  let c00 = start === 0 ? zero : v128.load(from);
  let c01 = start === 0 ? zero : v128.load(from, 16);
  let c10 = isSum && height > 1 ? v128.load(to1) : c00;
  let c11 = isSum && height > 1 ? v128.load(to1, 16) : c01;
  let c20 = isSum && height > 2 ? v128.load(to2) : c00;
  let c21 = isSum && height > 2 ? v128.load(to2, 16) : c01;
  let c30 = isSum && height > 3 ? v128.load(to3) : c00;
  let c31 = isSum && height > 3 ? v128.load(to3, 16) : c01;
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
    strip += 16;
  }
  storePair(to, c00, c01, width);
  if (height > 1) storePair(to1, c10, c11, width);
  if (height > 2) storePair(to2, c20, c21, width);
  if (height > 3) storePair(to3, c30, c31, width);
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
