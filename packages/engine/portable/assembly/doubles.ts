// Products of matrices in float64, of packed factors.

/** x y + z: rounded once with relaxed SIMD, twice without it. */
function multiplyAddDoubles(x: v128, y: v128, z: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f64x2.relaxed_madd(x, y, z) : f64x2.add(f64x2.mul(x, y), z);
}

/** C[4 m, 4 n] ← A B, of A in strips [m][k][4] and B in panels [n][k][4]; rows of C have no gaps. */
export function multiplyDoubles(
  strips: usize,
  panels: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
): void {
  const size = <usize>(k << 5);
  const rowOfC = <usize>(n << 5);
  for (let i = 0; i < m; i++) {
    const strip = strips + <usize>i * size;
    const row = c + <usize>(4 * i) * rowOfC;
    for (let j = 0; j < n; j++)
      multiplyDoublesTile(strip, panels + <usize>j * size, row + <usize>(j << 5), rowOfC, k);
  }
}

/** Four rows and four columns of C. */
function multiplyDoublesTile(strip: usize, panel: usize, to: usize, rowOfC: usize, k: i32): void {
  let c00 = f64x2.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  const end = panel + <usize>(k << 5);
  for (; panel < end; panel += 32) {
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    const x0 = v128.load64_splat(strip);
    c00 = multiplyAddDoubles(x0, b0, c00);
    c01 = multiplyAddDoubles(x0, b1, c01);
    const x1 = v128.load64_splat(strip, 8);
    c10 = multiplyAddDoubles(x1, b0, c10);
    c11 = multiplyAddDoubles(x1, b1, c11);
    const x2 = v128.load64_splat(strip, 16);
    c20 = multiplyAddDoubles(x2, b0, c20);
    c21 = multiplyAddDoubles(x2, b1, c21);
    const x3 = v128.load64_splat(strip, 24);
    c30 = multiplyAddDoubles(x3, b0, c30);
    c31 = multiplyAddDoubles(x3, b1, c31);
    strip += 32;
  }
  v128.store(to, c00);
  v128.store(to, c01, 16);
  v128.store(to + rowOfC, c10);
  v128.store(to + rowOfC, c11, 16);
  v128.store(to + 2 * rowOfC, c20);
  v128.store(to + 2 * rowOfC, c21, 16);
  v128.store(to + 3 * rowOfC, c30);
  v128.store(to + 3 * rowOfC, c31, 16);
}
