import { type Field, type Leg, plus, type Take } from "./grid.js";

export const euler =
  (velocity: Field): Take =>
  async (x, { time, next }) =>
    plus(x, next - time, await velocity(x, time));

/** Second order, two evaluations a step; takes the velocity of the middle. */
export const midpoint =
  (velocity: Field): Take =>
  async (x, { time, next }) => {
    const dt = next - time;
    const half = plus(x, dt / 2, await velocity(x, time));
    return plus(x, dt, await velocity(half, (time + next) / 2));
  };

/** The explicit trapezoidal rule: second order, two evaluations a step. */
export const heun =
  (velocity: Field): Take =>
  async (x, { time, next }) => {
    const dt = next - time;
    const v = await velocity(x, time);
    const w = await velocity(plus(x, dt, v), next);
    return plus(plus(x, dt / 2, v), dt / 2, w);
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
