// Dormand–Prince 5(4) (1980) with adaptive steps, the reference's ODE sampler.
import { type DType, noGrad, stack, type Tensor, tensor, tidy } from "@dsbm/torch";
import { argumentError, notFiniteError } from "../core/errors.js";
import {
  type CountedField,
  counted,
  type Flow,
  type FlowOptions,
  type FlowSolver,
  timeSign,
} from "./flow.js";

const mostBroken = 12;
/** Refused steps included. */
const mostSteps = 10_000;

/** Adaptive, fifth order; evaluates as often as torchdiffeq's `dopri5`. */
export const dopri5: FlowSolver = (field, x, times, options): Flow => {
  const { rtol, atol, overshoot } = options;
  const last = times[times.length - 1];
  const v = counted(field);
  const sign = timeSign(times);
  const states = tidy(() => {
    const seen: Tensor[] = [x];
    let time = times[0];
    let y = x;
    // A copy, since the field may return a tensor that it keeps.
    let slope = tidy(() => v.at(x, time).clone());
    if (!tidy(() => slope.isfinite().all().item())) throw notFinite(time);
    let h = initialStep(v, { x, slope, time, sign }, options);
    let broken = 0;
    for (let tries = 0; seen.length < times.length; tries++) {
      if (tries >= mostSteps) throw tooMany(time, last, options);
      const next = !overshoot && sign * (time + sign * h - last) >= 0 ? last : time + sign * h;
      const dt = next - time;
      if (dt === 0) throw broken > 0 ? notFinite(time) : tooSmall(time, h, options);
      const tried = tidy(() => {
        const step = dormandPrince(v, { x: y, slope, time, dt });
        const ratio = errorRatio({ error: step.error, from: y, to: step.end }, { rtol, atol });
        if (!(ratio <= 1)) return { ratio, done: null };
        const passed = times.slice(seen.length).filter((at) => sign * (next - at) >= 0);
        const between = passed.map((at) => step.between((at - time) / dt));
        return { ratio, done: { end: step.end, slope: step.slope.clone(), between } };
      });
      const ratio = Number.isFinite(tried.ratio) ? tried.ratio : Infinity;
      broken = ratio < Infinity ? 0 : broken + 1;
      if (broken > mostBroken) throw notFinite(time);
      // From h if it is shorter: time + h may be rounded up repeatedly.
      h = nextStep(Math.min(h, Math.abs(dt)), ratio);
      if (!tried.done) continue;
      if (y !== x) y.dispose();
      slope.dispose();
      ({ end: y, slope } = tried.done);
      seen.push(...tried.done.between);
      time = next;
    }
    return stack(seen);
  });
  return { states, nfe: v.nfe };
};

function notFinite(time: number) {
  return notFiniteError(
    `the field is NaN or infinite at time ${time} and just after; check the network's weights and the requested times`,
  );
}

function tooMany(time: number, last: number, { rtol, atol }: Required<FlowOptions>) {
  return argumentError(
    `dopri5 is at time ${time} on its way to ${last} after ${mostSteps} steps; loosen rtol ${rtol} and atol ${atol}`,
  );
}

function tooSmall(time: number, h: number, { rtol, atol }: Required<FlowOptions>) {
  return argumentError(
    `dopri5's step shrank to ${h} at time ${time}: the field is singular there; stay away from that time, or loosen rtol ${rtol} and atol ${atol}`,
  );
}

const nodes = [1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1];
const stages = [
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
/** The last stage's weights, so that its slope costs nothing. */
const solution = [...stages[5], 0];
/** Solution less Shampine's fourth-order companion, as in torchdiffeq. */
const companion = [
  35 / 384 - 1951 / 21600,
  0,
  500 / 1113 - 22642 / 50085,
  125 / 192 - 451 / 720,
  -2187 / 6784 + 12231 / 42400,
  11 / 84 - 649 / 6300,
  -1 / 60,
];
/** The middle of the step, to fourth order (Shampine 1986). */
const middle = [
  6025192743 / 30085553152 / 2,
  0,
  51252292925 / 65400821598 / 2,
  -2691868925 / 45128329728 / 2,
  187940372067 / 1594534317056 / 2,
  -1776094331 / 19743644256 / 2,
  11237099 / 235043384 / 2,
];

interface Step {
  end: Tensor;
  slope: Tensor;
  error: Tensor;
  /** The state at a share [0, 1] of the step. */
  between(share: number): Tensor;
}

/** The step from x at `time` with known slope over dt of either sign; six evaluations. */
export function dormandPrince(
  field: CountedField,
  { x, slope, time, dt }: { x: Tensor; slope: Tensor; time: number; dt: number },
): Step {
  const k = [slope];
  // One number early, as in torchdiffeq: in float32 it can change the next step.
  const before = neighbour(time + dt, dt > 0 ? -1 : 1, x.dtype);
  let end = x;
  for (const [i, weights] of stages.entries()) {
    end = moved(x, dt, weights, k);
    const node = nodes[i];
    k.push(field.at(end, node === 1 ? before : time + node * dt));
  }
  return {
    end,
    slope: k[6],
    error: difference(dt, k),
    between: (share) => moved(x, dt, quartic(share), k),
  };
}

/** Summed before it is added to the state, whose rounding would hide small terms. */
function moved(
  x: Tensor,
  dt: number,
  [w1, ...weights]: readonly number[],
  k: readonly Tensor[],
): Tensor {
  return tidy(() => {
    let sum = k[0].mul(w1 * dt);
    for (const [j, w] of weights.entries()) if (w !== 0) sum = sum.add(k[j + 1], { alpha: w * dt });
    return x.add(sum);
  });
}

/** One reduction: in another order, rounding would make float32 runs take other steps than the reference's. */
function difference(dt: number, k: readonly Tensor[]): Tensor {
  const { dtype, device } = k[0];
  return stack(k, { dim: -1 }).mul(tensor(companion, { dtype, device }).mul(dt)).sum([-1]);
}

/** The quartic with the step's states, slopes and middle, at θ; summed in float64, so that nothing cancels. */
function quartic(share: number): number[] {
  return solution.map((c, j) => {
    const m = middle[j];
    const f0 = j === 0 ? 1 : 0;
    const f1 = j === 6 ? 1 : 0;
    const fourth = 2 * (f1 - f0) - 8 * c + 16 * m;
    const third = 5 * f0 - 3 * f1 + 14 * c - 32 * m;
    const second = f1 - 4 * f0 - 5 * c + 16 * m;
    return share * (f0 + share * (second + share * (third + share * fourth)));
  });
}

type Tolerance = Pick<Required<FlowOptions>, "rtol" | "atol">;

function rms(x: Tensor, scale: Tensor): number {
  return Math.sqrt(x.div(scale).square().mean().item());
}

/** The estimated error over atol + rtol·max(|from|, |to|); a step is accepted up to 1. */
function errorRatio(
  { error, from, to }: { error: Tensor; from: Tensor; to: Tensor },
  { rtol, atol }: Tolerance,
): number {
  return noGrad(() => tidy(() => rms(error, from.abs().maximum(to.abs()).mul(rtol).add(atol))));
}

/** The next step: safety 0.9, at most 10 times longer and 5 times shorter, never shorter after a good one. */
function nextStep(h: number, ratio: number): number {
  if (ratio === 0) return 10 * h;
  const least = ratio < 1 ? 1 : 0.2;
  return h * Math.min(10, Math.max(0.9 / ratio ** (1 / 5), least));
}

/**
 * A first step of a fifth-order solver from the field's change over explicit Euler (Hairer 1993, §II.4). One
 * evaluation.
 */
function initialStep(
  field: CountedField,
  { x, slope, time, sign }: { x: Tensor; slope: Tensor; time: number; sign: 1 | -1 },
  { rtol, atol }: Tolerance,
): number {
  return noGrad(() =>
    tidy(() => {
      const scale = x.abs().mul(rtol).add(atol);
      const d0 = rms(x, scale);
      const d1 = rms(slope, scale);
      const h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : (0.01 * d0) / d1;
      const ahead = field.at(x.add(slope, { alpha: sign * h0 }), time + sign * h0);
      const d2 = rms(ahead.sub(slope), scale) / h0;
      const h1 =
        d1 <= 1e-15 && d2 <= 1e-15 ? Math.max(1e-6, h0 * 1e-3) : (0.01 / Math.max(d1, d2)) ** 0.2;
      return Math.min(100 * h0, h1);
    }),
  );
}

/** The next number of a dtype in the direction `sign`; other dtypes than float32 and float64 keep their number. */
function neighbour(value: number, sign: 1 | -1, dtype: DType): number {
  if (dtype === "float32") {
    const number = new Float32Array([value]);
    const bits = new Int32Array(number.buffer);
    if (number[0] === 0) return sign * 2 ** -149;
    bits[0] = bits[0] + (number[0] > 0 ? sign : -sign);
    return number[0];
  }
  if (dtype !== "float64") return value;
  if (value === 0) return sign * Number.MIN_VALUE;
  const number = new Float64Array([value]);
  const bits = new BigInt64Array(number.buffer);
  bits[0] = bits[0] + BigInt(value > 0 ? sign : -sign);
  return number[0];
}
