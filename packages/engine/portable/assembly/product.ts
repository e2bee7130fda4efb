// Products of matrices: factors are packed, the first into strips of rows, the second into panels of eight columns, and tiles of a strip
// and a panel are summed in registers.
import { multiplyStrip, rowsOfStrip } from "./tile";

/** Where zeros stand: see `constants` in wasm.ts. */
const zeros: usize = 64;

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

/** Packs two columns as `turnFour` packs four. */
function turnTwo(from: usize, column: usize, to: usize, width: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + column);
  const low = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const high = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  v128.store_lane<u64>(to, low, 0);
  v128.store_lane<u64>(to + width, low, 1);
  v128.store_lane<u64>(to + 2 * width, high, 0);
  v128.store_lane<u64>(to + 3 * width, high, 1);
}

/** Packs `height` rows of A with strides `row` and `column` into a strip [k][rowsOfStrip()]; missing rows are 0. */
function packStrip(from: usize, row: usize, column: usize, to: usize, height: i32, k: i32): void {
  const width = <usize>(rowsOfStrip() << 2);
  let p = 0;
  if (height === rowsOfStrip() && row === 4)
    for (; p < k; p++) {
      const at = from + <usize>p * column;
      if (ASC_FEATURE_RELAXED_SIMD) store<u64>(to, load<u64>(at, 16), 16);
      v128.store(to, v128.load(at));
      to += width;
    }
  else if (height === rowsOfStrip() && column === 4)
    for (; p + 4 <= k; p += 4) {
      const at = from + <usize>(p << 2);
      turnFour(at, row, to, width);
      if (ASC_FEATURE_RELAXED_SIMD) turnTwo(at + 4 * row, row, to + 16, width);
      to += width << 2;
    }
  for (; p < k; p++) {
    for (let r = 0; r < rowsOfStrip(); r++) {
      const value = r < height ? load<f32>(from + <usize>r * row + <usize>p * column) : <f32>0;
      store<f32>(to + <usize>(r << 2), value);
    }
    to += width;
  }
}

/** Rows that are packed at once: their strips stay in the first cache. */
export function rowsAtOnce(k: i32): i32 {
  const most = 5120 / max(k, 1);
  return max(12, min(60, most - (most % 12)));
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
  const height = rowsOfStrip();
  const sizeOfStrip = (<usize>(height * k)) << 2;
  const step = start === 2 ? rowOfC : 0;
  for (let first = 0; first < m; first += rows) {
    const last = min(first + rows, m);
    let strip = strips;
    for (let i = first; i < last; i += height) {
      packStrip(a + <usize>i * row, row, column, strip, min(height, last - i), k);
      strip += sizeOfStrip;
    }
    let panel = panels;
    for (let j = 0; j < n; j += 8) {
      let to = c + <usize>first * rowOfC + <usize>(j << 2);
      strip = strips;
      for (let i = first; i < last; i += height) {
        const from = start === 0 ? zeros : start === 1 ? bias + <usize>(j << 2) : to;
        multiplyStrip(strip, panel, to, rowOfC, last - i, n - j, k, from, step);
        strip += sizeOfStrip;
        to += <usize>height * rowOfC;
      }
      panel += <usize>(k << 5);
    }
  }
}
