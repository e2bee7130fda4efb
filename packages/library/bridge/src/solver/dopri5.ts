// Dormand–Prince with adaptive steps, the reference's ODE sampler.
import { allFinite, stack, type Tensor, tidy } from "@dsbm/torch";
import { argumentError, notFiniteError } from "../core/errors.js";
import { dormandPrince } from "./dormand-prince.js";
import {
  countEvaluations,
  type Flow,
  type FlowOptions,
  type FlowSolver,
  timeSign,
} from "./flow.js";
import { errorRatio, initialStep, nextStep } from "./step-control.js";

const mostBroken = 12;
/** Refused steps included. */
const mostSteps = 10_000;

/**
 * Adaptive, fifth order; evaluates as often as torchdiffeq's `dopri5`. States are [T, B, …].
 * @throws {BridgeError} if the field is NaN or infinite, if steps shrink to nothing, or after 10,000 steps
 */
export const dopri5: FlowSolver = (field, x, times, options): Flow => {
  const { rtol, atol, overshoot } = options;
  const last = times[times.length - 1];
  const v = countEvaluations(field);
  const sign = timeSign(times);
  const states = tidy(() => {
    const seen: Tensor[] = [x];
    let time = times[0];
    let y = x;
    // A copy, since the field may return a tensor that it keeps.
    let slope = tidy(() => v.at(x, time).clone());
    if (!allFinite(slope)) throw notFinite(time);
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
