import {
  enableGrad,
  type Generator,
  grad,
  noGrad,
  randint,
  type Tensor,
  tidy,
  zeros,
} from "@dsbm/torch";
import { oneTime } from "../core/one-time.js";
import type { Field } from "../solver/solver.js";

/** Options of `logLikelihood`. */
export interface LikelihoodOptions {
  /** log density [B] of points [B, …] at the known endpoint. */
  logDensity: (x: Tensor) => Tensor;
  /** Time of the samples (default 1). */
  from?: number;
  /** Time of the known density (default 0). */
  to?: number;
  /** Runge–Kutta steps (default 50). */
  steps?: number;
  /**
   * Random signs of Hutchinson's estimate of the divergence; null takes the exact trace, a backward pass a
   * dimension (default: exact up to 64 dimensions, else 1).
   */
  probes?: number | null;
  /** Draws the signs. */
  generator?: Generator | undefined;
}

/** v [B, …] and ∇·v [B]; `signs` [P, B, …] are Hutchinson's. */
function divergence(field: Field, x: Tensor, time: number, signs: Tensor | null) {
  return enableGrad(() => {
    const at = x.detach().requiresGrad_();
    const v = field(at, oneTime(at, time));
    const n = x.size(0);
    const flat = v.flatten({ startDim: 1 });
    const count = signs ? signs.size(0) : flat.size(1);
    let total = zeros([n], { device: x.device, dtype: x.dtype });
    for (let i = 0; i < count; i++) {
      const z = signs?.select(0, i);
      const part = z ? v.mul(z).sum() : flat.select(1, i).sum();
      const [slope] = grad(part, [at], { retainGraph: i < count - 1, allowUnused: true });
      if (!slope) continue;
      const quadratic = z
        ? slope.mul(z).flatten({ startDim: 1 }).sum(1)
        : slope.flatten({ startDim: 1 }).select(1, i);
      total = total.add(quadratic);
    }
    return { v: v.detach(), rate: signs ? total.div(count) : total };
  });
}

/**
 * log p(x) in nats [B] of samples x [B, …] at time `from`, if `velocity` moves the density at `to` to theirs and
 * acts row by row. Fourth order in the step.
 */
export function logLikelihood(
  velocity: Field,
  x: Tensor,
  { logDensity, from = 1, to = 0, steps = 50, probes, generator }: LikelihoodOptions,
): Tensor {
  const dimensions = x.numel / x.size(0);
  const drawn = probes === undefined ? (dimensions > 64 ? 1 : null) : probes;
  return noGrad(() =>
    tidy(() => {
      const drawSigns = (count: number) =>
        randint(0, 2, [count, ...x.shape], { generator, device: x.device }).to(x.dtype);
      const signs = drawn === null ? null : drawSigns(drawn).mul(2).sub(1);
      const h = (to - from) / steps;
      let y = x;
      let log = zeros([x.size(0)], { device: x.device, dtype: x.dtype });
      for (let k = 0; k < steps; k++) {
        const time = from + k * h;
        const next = tidy(() => {
          const at = (point: Tensor, when: number) => divergence(velocity, point, when, signs);
          const a = at(y, time);
          const b = at(y.add(a.v, { alpha: h / 2 }), time + h / 2);
          const c = at(y.add(b.v, { alpha: h / 2 }), time + h / 2);
          const d = at(y.add(c.v, { alpha: h }), time + h);
          const sum = (key: "v" | "rate") =>
            a[key].add(b[key].add(c[key]), { alpha: 2 }).add(d[key]);
          return { y: y.add(sum("v").mul(h / 6)), log: log.add(sum("rate").mul(h / 6)) };
        });
        if (y !== x) y.dispose();
        log.dispose();
        ({ y, log } = next);
      }
      return logDensity(y).add(log);
    }),
  );
}
