// Steps of an optimiser.
import { multiplyAdd, storeLanes } from "./vector";

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
  const kept = f32x4.splat(keep);
  const rate = f32x4.splat(towards);
  const pull = f32x4.splat(decay);
  const whole = f32x4.splat(1 / root);
  const least = f32x4.splat(eps);
  const scale = f32x4.splat(shrink);
  const length = f32x4.splat(step);
  for (let i = 0; i < n; i += 4) {
    const at = <usize>(i << 2);
    const x = v128.load(p + at);
    const slope = multiplyAdd(x, pull, v128.load(g + at));
    const old = v128.load(m + at);
    const first = multiplyAdd(rate, f32x4.sub(slope, old), old);
    const second = multiplyAdd(v128.load(v + at), kept, f32x4.mul(f32x4.mul(slope, slope), add));
    storeLanes(m + at, first, n - i);
    storeLanes(v + at, second, n - i);
    const size = multiplyAdd(f32x4.sqrt(second), whole, least);
    const change = f32x4.div(f32x4.mul(length, first), size);
    storeLanes(p + at, multiplyAdd(x, scale, change), n - i);
  }
}

/** average ← average + weight (x − average), as libtorch's lerp. */
export function averageElements(average: usize, x: usize, n: i32, weight: f32): void {
  const isNear = abs(weight) < 0.5;
  const by = f32x4.splat(isNear ? weight : 1 - weight);
  for (let i = 0; i < n; i += 4) {
    const at = <usize>(i << 2);
    const old = v128.load(average + at);
    const value = v128.load(x + at);
    const change = f32x4.mul(by, f32x4.sub(value, old));
    storeLanes(average + at, isNear ? f32x4.add(old, change) : f32x4.sub(value, change), n - i);
  }
}
