// Standard normal numbers as libtorch's processor generator draws them in float32 (ATen, DistributionTemplates.h).
import { mt19937 } from "./mt19937.js";

/** 16 uniform numbers become 16 normal ones: the first eight give radii, the others angles (Box–Muller). */
function boxMuller(x: Float32Array, at: number): void {
  for (let j = at; j < at + 8; j++) {
    const radius = Math.sqrt(-2 * Math.log(1 - (x[j] as number)));
    const angle = 2 * Math.PI * (x[j + 8] as number);
    x[j] = radius * Math.cos(angle);
    x[j + 8] = radius * Math.sin(angle);
  }
}

/** The stream of a seed: a function whose calls give what successive torch.randn(n, generator) give, [n] float32. */
export function normalStream(seed: number): (n: number) => Float32Array {
  const next = mt19937(seed);
  const single = () => (next() & 0xffffff) / 0x1000000;
  const double = () => ((next() & 0x1fffff) * 2 ** 32 + next()) / 2 ** 53;
  let kept: number | null = null;
  /** Fewer than 16 numbers are drawn one by one; of two that belong together the second waits for the next call. */
  const one = () => {
    if (kept !== null) {
      const z = kept;
      kept = null;
      return z;
    }
    const angle = 2 * Math.PI * double();
    const radius = Math.sqrt(-2 * Math.log1p(-double()));
    kept = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return (n) => {
    const x = new Float32Array(n);
    if (n < 16) return x.map(one);
    for (let i = 0; i < n; i++) x[i] = single();
    for (let i = 0; i + 16 <= n; i += 16) boxMuller(x, i);
    if (n % 16 > 0) {
      // The last 16 are drawn again.
      for (let i = n - 16; i < n; i++) x[i] = single();
      boxMuller(x, n - 16);
    }
    return x;
  };
}
