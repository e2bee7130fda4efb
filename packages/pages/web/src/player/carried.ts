// The paths of a view: the states so far.
import type { Bridge, Conditions, Samples } from "../bridge/bridge.js";
import type { PlayerSettings } from "./controls/settings.js";
import type { ViewContext } from "./view.js";

export interface Carried {
  /** In the data's own units, the start first. */
  states: Samples[];
  steps: number;
}

export interface Carrier {
  /** Carries samples with the conditions of the samples at `indices`; ends the carrying before. */
  carry(x0: Samples, indices: readonly number[]): void;
  stop(): void;
}

export function createCarrier(
  bridge: Bridge,
  { settings, given, failed }: ViewContext,
  state: (carried: Carried) => void,
): Carrier {
  let current: AbortController | null = null;
  return {
    carry(x0, indices) {
      current?.abort();
      failed(null);
      const controller = new AbortController();
      current = controller;
      const { direction, solver, seed, stepVariance } = settings;
      const conditions = conditionsOf(settings, given[direction], indices);
      const carried: Carried = { states: [], steps: stepsOf(bridge, settings) };
      bridge
        .sample(x0, {
          direction,
          solver,
          seed,
          stepVariance,
          conditions,
          steps: carried.steps,
          path: false,
          signal: controller.signal,
          onStep({ x }) {
            if (controller.signal.aborted) return;
            carried.states.push(x as Samples);
            state(carried);
          },
        })
        .catch((error: Error) => {
          if (!controller.signal.aborted) failed(error);
        });
    },
    stop: () => current?.abort(),
  };
}

function conditionsOf(
  { conditions }: PlayerSettings,
  own: Conditions | null,
  indices: readonly number[],
): Conditions {
  return Object.fromEntries(
    Object.entries(conditions).map(([name, value]) => {
      const all = own?.[name];
      if (value !== null || all === undefined) return [name, value ?? 0];
      if (typeof all !== "object") return [name, all];
      if ("data" in all) return [name, rowsOf(all, indices)];
      return [name, indices.map((i) => all[i] as number | string)];
    }),
  );
}

const stepsOf = ({ info }: Bridge, { steps, solver }: PlayerSettings) =>
  info.fixedSteps && solver === "sde" ? info.steps : steps;

/** Frees the memory of a state; its place stays. */
export function forget({ states }: Carried, k: number): void {
  const state = states[k];
  if (state) states[k] = { data: new Float32Array(0), shape: state.shape };
}

/** Index of the state before a share of the way, and the part of the way to the next state. */
export function stateAt({ states, steps }: Carried, share: number): { k: number; part: number } {
  const at = Math.min(share * steps, states.length - 1);
  const k = Math.min(Math.floor(at), Math.max(0, states.length - 2));
  return { k, part: at - k };
}

export function rowsOf({ data, shape }: Samples, indices: readonly number[]): Samples {
  const size = data.length / (shape[0] as number);
  const out = new Float64Array(indices.length * size);
  for (const [i, index] of indices.entries())
    out.set(data.subarray(index * size, (index + 1) * size), i * size);
  return { data: out, shape: [indices.length, ...shape.slice(1)] };
}
