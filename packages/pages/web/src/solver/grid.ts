// Times of steps, as in packages/library/bridge/src/core/time-grid.ts.

/** `f`: forward, time 0 to 1; `b`: backward, 1 to 0. */
export type Direction = "f" | "b";

export const equalTimes = (n: number): number[] => Array.from({ length: n + 1 }, (_, k) => k / n);

interface Step {
  k: number;
  time: number;
  next: number;
  dt: number;
  /** Whether it ends the leg. */
  isLast: boolean;
}

/** The steps of a direction in an interval between two datasets, from `from` to `to` in time. */
export interface Leg {
  index: number;
  from: number;
  to: number;
  steps: readonly Step[];
}

const close = 1e-9;

/** Increasing times 0 … 1 of another number of steps: the schedule, interpolated linearly. */
export function resample(times: readonly number[], n: number): number[] {
  const old = times.length - 1;
  if (n === old) return [...times];
  return Array.from({ length: n + 1 }, (_, k) => {
    const at = (k * old) / n;
    const i = Math.min(Math.floor(at), old - 1);
    const a = times[i] as number;
    const b = times[i + 1] as number;
    return a + (at - i) * (b - a);
  });
}

/** The times of a grid from `low` to `high`, both included. */
export function partOf(times: readonly number[], low: number, high: number): number[] {
  return [low, ...times.filter((t) => t > low + close && t < high - close), high];
}

/** Times at distances of 1/n from `start` on; the last one is `end`. */
export function towards(start: number, end: number, n: number): number[] {
  const way = Math.abs(end - start) * n;
  const steps = Math.max(1, Math.ceil(way - close * Math.max(1, way)));
  const sign = Math.sign(end - start);
  return Array.from({ length: steps + 1 }, (_, k) => (k < steps ? start + (sign * k) / n : end));
}

/**
 * The legs of a journey from time `start` to `end` past datasets at the times `stops`. `within`
 * gives the times of an interval's own clock 0 … 1, between the journey's entry and exit.
 */
export function legsOf(
  { stops, start, end }: { stops: readonly number[]; start: number; end: number },
  within: (enter: number, leave: number) => number[],
): Leg[] {
  const isForward = end > start;
  const inside = (t: number) => Math.min(Math.max(t, Math.min(start, end)), Math.max(start, end));
  const intervals = stops
    .slice(1)
    .map((to, index) => ({ index, from: stops[index] as number, to }));
  let k = 0;
  return (isForward ? intervals : intervals.toReversed()).flatMap(({ index, from, to }) => {
    const [enter, leave] = (isForward ? [from, to] : [to, from]).map(inside) as [number, number];
    if (Math.abs(leave - enter) < close) return [];
    const clock = (t: number) => (t - from) / (to - from);
    const times = within(clock(enter), clock(leave)).map((t) => from + t * (to - from));
    const steps = times.slice(1).map((next, i) => {
      const time = times[i] as number;
      return { k: k++, time, next, dt: Math.abs(next - time), isLast: i === times.length - 2 };
    });
    return [{ index, from, to, steps }];
  });
}

/**
 * The field at rows x [n · size] and one process time for all: [n · size], which the caller may
 * overwrite.
 */
export type Field = (x: Float32Array, time: number) => Promise<Float32Array> | Float32Array;

/** One step from x, which stays unchanged. */
export type Take = (x: Float32Array, step: Step) => Promise<Float32Array>;

export function plus(x: Float32Array, a: number, y: Float32Array): Float32Array {
  return x.map((value, i) => value + a * (y[i] as number));
}
