import { addScaled, type Direction, type Field, type Leg, type Take } from "./grid.js";

/**
 * `process`: σ²Δt; `bridge`: σ²Δt·s/(s + Δt) with s the time left after the step (Liu et al. 2023, I²SB, eq. 4);
 * `analytic`: σ²Δt·(s + ρΔt)/(s + Δt) with a share ρ measured in training.
 */
export type StepVariance = "process" | "bridge" | "analytic";

interface EulerMaruyamaOptions {
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
    const to = addScaled(x, dt, await drift(x, time));
    const left = direction === "f" ? leg.to - next : next - leg.from;
    const spent = 1 - (left + dt) / (leg.to - leg.from);
    const share = { process: 1, bridge: 0, analytic: shareAt(shares, spent) }[stepVariance];
    const spread = sigma * Math.sqrt((dt * (left + share * dt)) / (left + dt));
    return spread > 0 && !isLast ? addScaled(to, spread, noise()) : to;
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

/** A step of Euler's method along a velocity. */
export const euler =
  (velocity: Field): Take =>
  async (x, { time, next }) =>
    addScaled(x, next - time, await velocity(x, time));

/** A step along the mean velocity over it, of a network that takes the length of a step; else Euler's method. */
export const meanEuler =
  (velocity: Field): Take =>
  async (x, { time, next }) =>
    addScaled(x, next - time, await velocity(x, time, { step: next - time }));

/** Second order, two evaluations a step; takes the velocity of the middle. */
export const midpoint =
  (velocity: Field): Take =>
  async (x, { time, next }) => {
    const dt = next - time;
    const half = addScaled(x, dt / 2, await velocity(x, time));
    return addScaled(x, dt, await velocity(half, (time + next) / 2));
  };

/** The explicit trapezoidal rule: second order, two evaluations a step. */
export const heun =
  (velocity: Field): Take =>
  async (x, { time, next }) => {
    const dt = next - time;
    const v = await velocity(x, time);
    const w = await velocity(addScaled(x, dt, v), next);
    return addScaled(addScaled(x, dt / 2, v), dt / 2, w);
  };

/**
 * The flow with the marginals of a diffusion: (drift_f − drift_b)/2, or the only drift (Song 2021, §4.3). Times are
 * clamped to shares [eps, 1 − eps] of the leg, where networks were trained.
 */
export function probabilityFlow(
  { f, b }: { f: Field | null; b: Field | null },
  { eps, leg: { from, to } }: { eps: number; leg: Leg },
): Field {
  const margin = eps * (to - from);
  const clamped = (t: number) => Math.min(Math.max(t, from + margin), to - margin);
  return async (x, time) => {
    const t = clamped(time);
    const forward = f && (await f(x, t));
    const backward = b && (await b(x, t));
    if (forward && backward) return forward.map((value, i) => (value - backward[i]) / 2);
    return forward ?? (backward as Float32Array).map((value) => -value);
  };
}

/**
 * Steps of the bridge to a draw of the endpoint, which a network gives for a state and noise. Each row of `noise` has two states of
 * numbers: for the draw, and for the bridge.
 */
export function bridgeToDraws(
  draw: Field,
  {
    direction,
    sigma,
    leg,
    noise,
    size,
  }: Pick<EulerMaruyamaOptions, "direction" | "sigma" | "leg" | "noise"> & { size: number },
): Take {
  return async (x, step) => {
    const both = noise();
    const half = (first: number) =>
      x.map((_, i) => both[2 * size * Math.floor(i / size) + first + (i % size)]);
    const end = await draw(x, step.time, { noise: half(0) });
    const left = direction === "f" ? leg.to - step.time : step.time - leg.from;
    return eulerMaruyama((state) => state.map((value, i) => (end[i] - value) / left), {
      direction,
      sigma,
      leg,
      stepVariance: "bridge",
      lastNoise: false,
      end: () => end,
      noise: () => half(size),
    })(x, step);
  };
}

/** One number for each step, in the order of time. */
export interface MeanSchedule {
  scales: readonly number[];
  deviations: readonly number[];
  /** Whether the network gives the mean itself, or what is added to the point, over its scale. */
  meanMatch: boolean;
}

/** Steps of a discrete bridge, whose networks give the mean of the next state. */
export function meanSteps(
  mean: Field,
  {
    direction,
    schedule: { scales, deviations, meanMatch },
    lastNoise,
    noise,
  }: {
    direction: Direction;
    schedule: MeanSchedule;
    lastNoise: boolean;
    noise: () => Float32Array;
  },
): Take {
  const steps = deviations.length;
  return async (x, { k, isLast }) => {
    const i = direction === "f" ? k : steps - 1 - k;
    const m = await mean(x, k);
    const to = meanMatch ? m : addScaled(x, scales[i], m);
    return isLast && !lastNoise ? to : addScaled(to, deviations[i], noise());
  };
}
