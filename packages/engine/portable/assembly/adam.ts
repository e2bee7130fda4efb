// Steps of an optimiser.
import { storeLanes } from "./vector";

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
  for (let i = 0; i < n; i += 4) {
    const at = <usize>(i << 2);
    const x = v128.load(p + at);
    const slope = f32x4.add(v128.load(g + at), f32x4.mul(x, f32x4.splat(decay)));
    const old = v128.load(m + at);
    const first = f32x4.add(old, f32x4.mul(f32x4.splat(towards), f32x4.sub(slope, old)));
    const squares = f32x4.mul(f32x4.mul(slope, slope), add);
    const second = f32x4.add(f32x4.mul(v128.load(v + at), f32x4.splat(keep)), squares);
    storeLanes(m + at, first, n - i);
    storeLanes(v + at, second, n - i);
    const size = f32x4.add(f32x4.div(f32x4.sqrt(second), f32x4.splat(root)), f32x4.splat(eps));
    const change = f32x4.div(f32x4.mul(f32x4.splat(step), first), size);
    storeLanes(p + at, f32x4.add(f32x4.mul(x, f32x4.splat(shrink)), change), n - i);
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
