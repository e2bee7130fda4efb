import { type Direction, type Field, type Leg, plus, type Take } from "./grid.js";

/**
 * `process`: σ²Δt; `bridge`: σ²Δt·s/(s + Δt) with s the time left after the step (Liu et al. 2023, I²SB, eq. 4);
 * `analytic`: σ²Δt·(s + ρΔt)/(s + Δt) with a share ρ measured in training.
 */
export type StepVariance = "process" | "bridge" | "analytic";

export interface EulerMaruyamaOptions {
  direction: Direction;
  sigma: number;
  stepVariance: StepVariance;
  /** ρ at equally spaced times of the direction's own clock (default 1). */
  shares?: readonly number[] | undefined;
  /** Whether the step to the end has its noise. */
  lastNoise: boolean;
  /** The predicted endpoint, which replaces a last step without noise. */
  end: Field | null;
  leg: Leg;
  noise: () => Float32Array;
}

/** x ← x + drift(x, t)·Δt + σ√Δt z. */
export function eulerMaruyama(drift: Field, options: EulerMaruyamaOptions): Take {
  const { direction, sigma, stepVariance, shares, lastNoise, end, leg, noise } = options;
  return async (x, { isLast: isEnd, time, next, dt }) => {
    const isLast = isEnd && !lastNoise;
    if (isLast && end) return end(x, time);
    const to = plus(x, dt, await drift(x, time));
    const left = direction === "f" ? leg.to - next : next - leg.from;
    const spent = 1 - (left + dt) / (leg.to - leg.from);
    const share = { process: 1, bridge: 0, analytic: shareAt(shares, spent) }[stepVariance];
    const spread = sigma * Math.sqrt((dt * (left + share * dt)) / (left + dt));
    return spread > 0 && !isLast ? plus(to, spread, noise()) : to;
  };
}

/** Linear interpolation at u in [0, 1]; 1 without shares. */
function shareAt(shares: readonly number[] | undefined, u: number): number {
  if (!shares || shares.length < 2) return 1;
  const place = Math.max(0, u) * (shares.length - 1);
  const at = Math.min(shares.length - 2, Math.floor(place + 1e-9));
  const before = shares[at];
  const after = shares[at + 1];
  return before + (place - at) * (after - before);
}
