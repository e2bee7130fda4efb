import { fixedNumber } from "@dsbm/files/numbers";
import type {
  Bridge,
  BridgeInfo,
  Conditions,
  CourseTimes,
  Samples,
  State,
} from "../bridge/bridge.js";
import type { Direction } from "../solver/grid.js";
import { createClock, type TimeTick } from "./controls/clock.js";
import type { PlayerSettings } from "./controls/settings.js";
import type { ViewContext } from "./view.js";

/** The states of sampled rows so far. */
export interface SampledPaths {
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

/** What a playback tells its view. */
interface PlaybackEvents {
  /** Draws the states around a place, at every frame. */
  draw(paths: SampledPaths, place: Place): void;
  /** A further state exists. */
  arrived(paths: SampledPaths): void;
}

/** Samples, and shows the states by a clock. */
export function createPlayback(
  bridge: Bridge,
  view: ViewContext,
  { draw, arrived }: PlaybackEvents,
) {
  const { settings, failed } = view;
  let paths: SampledPaths | null = null;
  let current: AbortController | null = null;
  const show = (share: number) => {
    if (paths && paths.states.length > 0) draw(paths, placeAt(paths, share));
  };
  const { times } = bridge.info;
  const clock = createClock({
    draw: show,
    timeText: (share) => timeText(bridge.info, timeAt(paths, share, settings.direction)),
    ticks: times && times.labels.length > 2 ? ticksOf(times) : [],
  });
  const receive = (next: SampledPaths, { x, weights, time }: State) => {
    next.states.push(x as Samples);
    next.weights.push(weights);
    next.times.push(time);
    paths = next;
    const k = next.states.length - 1;
    arrived(next);
    clock.limit(k / next.steps);
    if (k === 0) show(0);
  };
  return {
    clock,
    redraw: () => show(clock.share),
    /** Starts sampling with the conditions of the samples at `indices`, and ends earlier sampling. */
    sample(x0: Samples, indices: readonly number[]) {
      paths = null;
      clock.restart(settings.direction);
      current?.abort();
      failed(null);
      current = new AbortController();
      const { signal } = current;
      const options = sampleOptions(bridge, view, indices);
      const intervals = Math.max(1, (bridge.info.times?.process.length ?? 2) - 1);
      const steps = options.steps * intervals;
      const next: SampledPaths = { states: [], weights: [], times: [], steps };
      const onStep = (step: State) => {
        if (!signal.aborted) receive(next, step);
      };
      bridge.sample(x0, { ...options, path: false, signal, onStep }).catch((error: Error) => {
        if (!signal.aborted) failed(error);
      });
    },
    stop() {
      current?.abort();
      clock.stop();
    },
  };
}

function placeAt({ states, steps }: SampledPaths, share: number): Place {
  const at = Math.min(share * steps, states.length - 1);
  const k = Math.min(Math.floor(at), Math.max(0, states.length - 2));
  return { k, part: at - k };
}

/** The datasets of a course on the slider: each interval takes as many steps. */
const ticksOf = (times: CourseTimes): TimeTick[] =>
  times.labels.map((label, i) => ({
    position: i / (times.labels.length - 1),
    label,
    title: timeTitle(times, label),
  }));

/** "day 3": a time with the name of its column; a time that is no number is its own name. */
export const timeTitle = ({ name }: CourseTimes, label: string): string =>
  name && label.trim() !== "" && Number.isFinite(Number(label)) ? `${name} ${label}` : label;

/** "day 3.40", or "t = 0.45" without names. */
const timeText = ({ times }: BridgeInfo, time: number): string =>
  times?.name && times.scale
    ? `${times.name} ${fixedNumber(time, 2)}`
    : `t = ${fixedNumber(time, 2)}`;

/** The process time at a share of the way; at the start before the first state. */
function timeAt(paths: SampledPaths | null, share: number, direction: Direction): number {
  const { times = [], steps = 1 } = paths ?? {};
  const k = Math.max(0, Math.min(Math.floor(share * steps), times.length - 2));
  const [from = direction === "f" ? 0 : 1, to = from] = times.slice(k);
  return from + Math.min(1, share * steps - k) * (to - from);
}

/** The options of sampling by the settings, with the conditions of the samples at `indices`. */
function sampleOptions(
  bridge: Bridge,
  { settings, dataConditions }: ViewContext,
  indices: readonly number[],
) {
  const { direction, solver, seed } = settings;
  const conditions = conditionsOf(settings, dataConditions[direction], indices);
  return { direction, solver, seed, conditions, steps: stepsOf(bridge, settings) };
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
  solver === "sde" && info.stepChoices?.includes(steps) === false ? info.steps : steps;

/** Frees a state's memory; its index stays. */
export function forget({ states }: SampledPaths, k: number): void {
  const state = states[k];
  if (state) states[k] = { data: new Float32Array(0), shape: state.shape };
}

/** The samples at `indices`, [n, …shape] of [N, …shape]. */
export function rowsOf({ data, shape }: Samples, indices: readonly number[]): Samples {
  const size = data.length / shape[0];
  const out = new Float64Array(indices.length * size);
  for (const [i, index] of indices.entries())
    out.set(data.subarray(index * size, (index + 1) * size), i * size);
  return { data: out, shape: [indices.length, ...shape.slice(1)] };
}
