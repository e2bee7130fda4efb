// What kernels share: one rounding for a product and a sum where the processor has it, parts of vectors.

/** x y + z: rounded once with relaxed SIMD, twice without it. */
export function multiplyAdd(x: v128, y: v128, z: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(x, y, z) : f32x4.add(f32x4.mul(x, y), z);
}

/** Stores the first `count` lanes; all four for 4 and more. */
export function storeLanes(at: usize, x: v128, count: i32): void {
  // Small enough that the compiler puts it into loops.
  if (count >= 4) v128.store(at, x);
  else storePart(at, x, count);
}

function storePart(at: usize, x: v128, count: i32): void {
  v128.store_lane<f32>(at, x, 0);
  if (count > 1) v128.store_lane<f32>(at, x, 1, 4);
  if (count > 2) v128.store_lane<f32>(at, x, 2, 8);
}
