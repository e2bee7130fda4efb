import type { Bridge, Conditions, Samples } from "../bridge/bridge.js";
import { createClock } from "./controls/clock.js";
import type { PlayerSettings } from "./controls/settings.js";
import type { ViewContext } from "./view.js";

export interface Carried {
  /** In the data's own units, the start first. */
  states: Samples[];
  /** The masses of the states; null: they stay 1. */
  weights: (Float32Array | null)[];
  times: number[];
  steps: number;
}

/** The index of the state before, and the share of the way to the next. */
export interface Place {
  k: number;
  part: number;
}

/** Transports samples, and shows their states by a clock. */
export function createJourney(
  bridge: Bridge,
  { settings, dataConditions, failed }: ViewContext,
  {
    draw,
    arrived,
  }: { draw: (carried: Carried, place: Place) => void; arrived: (carried: Carried) => void },
) {
  let carried: Carried | null = null;
  let current: AbortController | null = null;
  const show = (share: number) => {
    if (!carried || carried.states.length === 0) return;
    const { states, steps } = carried;
    const at = Math.min(share * steps, states.length - 1);
    const k = Math.min(Math.floor(at), Math.max(0, states.length - 2));
    draw(carried, { k, part: at - k });
  };
  const timeAt = (share: number) => {
    const { times = [], steps = 1 } = carried ?? {};
    const k = Math.max(0, Math.min(Math.floor(share * steps), times.length - 2));
    const [from = settings.direction === "f" ? 0 : 1, to = from] = times.slice(k);
    return from + Math.min(1, share * steps - k) * (to - from);
  };
  const clock = createClock(show, timeAt);
  return {
    clock,
    redraw: () => show(clock.share),
    /** With the conditions of the samples at `indices`; ends an earlier transport. */
    carry(x0: Samples, indices: readonly number[]) {
      const { direction, solver, seed } = settings;
      carried = null;
      clock.restart(direction);
      current?.abort();
      failed(null);
      current = new AbortController();
      const { signal } = current;
      const each = stepsOf(bridge, settings);
      const intervals = Math.max(1, (bridge.info.times?.process.length ?? 2) - 1);
      const next: Carried = { states: [], weights: [], times: [], steps: each * intervals };
      bridge
        .sample(x0, {
          direction,
          solver,
          seed,
          conditions: conditionsOf(settings, dataConditions[direction], indices),
          steps: each,
          path: false,
          signal,
          onStep({ x, weights, time }) {
            if (signal.aborted) return;
            next.states.push(x as Samples);
            next.weights.push(weights);
            next.times.push(time);
            carried = next;
            const k = next.states.length - 1;
            arrived(next);
            clock.limit(k / next.steps);
            if (k === 0) show(0);
          },
        })
        .catch((error: Error) => {
          if (!signal.aborted) failed(error);
        });
    },
    stop() {
      current?.abort();
      clock.stop();
    },
  };
}

function conditionsOf(
  { conditions }: PlayerSettings,
  ownConditions: Conditions | null,
  indices: readonly number[],
): Conditions {
  return Object.fromEntries(
    Object.entries(conditions).map(([name, value]) => {
      const all = ownConditions?.[name];
      if (value !== null || all === undefined) return [name, value ?? 0];
      if (typeof all !== "object") return [name, all];
      if ("data" in all) return [name, rowsOf(all, indices)];
      return [name, indices.map((i) => all[i] as number | string)];
    }),
  );
}

const stepsOf = ({ info }: Bridge, { steps, solver }: PlayerSettings) =>
  info.fixedSteps && solver === "sde" ? info.steps : steps;

/** Frees a state's memory; its index stays. */
export function forget({ states }: Carried, k: number): void {
  const state = states[k];
  if (state) states[k] = { data: new Float32Array(0), shape: state.shape };
}

export function rowsOf({ data, shape }: Samples, indices: readonly number[]): Samples {
  const size = data.length / shape[0];
  const out = new Float64Array(indices.length * size);
  for (const [i, index] of indices.entries())
    out.set(data.subarray(index * size, (index + 1) * size), i * size);
  return { data: out, shape: [indices.length, ...shape.slice(1)] };
}
